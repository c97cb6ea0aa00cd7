-- For whoever looks, as a superuser, whether tenants are kept apart: all tables whose rows belong to somebody, and one
-- row of anybody in any of them. Both functions end with the session.

-- The column says to whom a row belongs. A tenant is itself, and a planted person has the id of its planted tenant.
CREATE FUNCTION pg_temp.owned_tables() RETURNS TABLE (name text, owner_column text) LANGUAGE sql AS $$
  SELECT relname, CASE WHEN relname IN ('tenants', 'users') THEN 'id' ELSE 'tenant_id' END FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    AND (relname IN ('tenants', 'users') OR EXISTS (
      SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id' AND NOT attisdropped))
  ORDER BY relname
$$;

-- Inserts one row with whatever fits into the columns that need a value, or the first that a CHECK names; of two columns
-- of which a CHECK wants one, the first has it. Foreign keys are not heeded: the session must have session_replication_role = replica.
CREATE FUNCTION pg_temp.plant(table_name text, owner_column text, owner uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  names text;
  given text;
BEGIN
  SELECT string_agg(name, ', '), string_agg(value, ', ') INTO names, given FROM (
    SELECT quote_ident(attname) AS name, CASE
      WHEN is_owner THEN quote_literal(owner)
      WHEN allowed IS NOT NULL THEN quote_literal(allowed)
      ELSE CASE format_type(atttypid, NULL)
        WHEN 'uuid' THEN 'gen_random_uuid()'
        WHEN 'text[]' THEN '''{}'''
        WHEN 'text' THEN 'md5(random()::text)'
        WHEN 'bytea' THEN 'decode(md5(random()::text), ''hex'')'
        WHEN 'jsonb' THEN '''{}'''
        WHEN 'date' THEN '''2030-01-01'''
        WHEN 'timestamp with time zone' THEN '''2030-01-01'''
        WHEN 'smallint' THEN '1'
        ELSE '(random() * 1000000)::int'
      END
    END AS value
    FROM pg_attribute
    -- The same id in both tables makes the planted person a member of the planted tenant.
    CROSS JOIN LATERAL (SELECT attname = owner_column OR (table_name = 'members' AND attname = 'user_id') AS is_owner) AS mine
    CROSS JOIN LATERAL (
      SELECT substring(string_agg(pg_get_constraintdef(oid), ' ') FROM 'ARRAY\[''?([\w-]+)') AS allowed
      FROM pg_constraint WHERE conrelid = attrelid AND contype = 'c' AND attnum = ANY (conkey)) AS checked
    WHERE attrelid = table_name::regclass AND attnum > 0 AND NOT attisdropped
      AND (is_owner OR (attnotnull AND NOT atthasdef AND attidentity = '') OR EXISTS (
        SELECT FROM pg_constraint WHERE conrelid = attrelid AND contype = 'c'
          AND pg_get_constraintdef(oid) LIKE '%(' || attname || ' IS NULL) = (% IS NOT NULL)%'))
  ) AS columns;
  EXECUTE format('INSERT INTO %I (%s) VALUES (%s)', table_name, names, given);
END $$;
