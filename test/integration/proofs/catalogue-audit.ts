import { type Client } from 'pg';

/** What may be, although the rule says otherwise; each with its reason. */
const NAMED = {
  /** Tables that hold what belongs to no single tenant; the application's login reaches them by a policy or not at all. */
  withoutTenant: [
    'users', // a person may be in several tenants
  ],
  /** The dispatcher's alone: no policy lets the application's login in. */
  dispatcherOnly: [
    ...['account_tokens', 'pending_sign_ups', 'second_factors', 'recovery_codes'],
    ...['guess_counts', 'request_counts'],
    ...['plans', 'operators', 'operator_sessions', 'operator_acts'],
    'lane_owners',
  ],
  /** Policies of the application's login that don't compare the tenant. */
  otherPolicies: [
    'users_of_tenant', // a person is seen through the tenant's members
  ],
  /** Where the dispatcher's login sees every tenant; a new one is argued for in its migration and named here. */
  crossings: [
    'users',
    ...['tenants', 'members', 'sessions', 'refresh_tokens', 'idempotency_keys', 'tenant_data_keys', 'bots'],
    ...['polling', 'updates', 'chats', 'contacts', 'messages', 'assets', 'asset_chunks', 'asset_files'],
    ...['schedules', 'occurrences', 'broadcasts', 'lanes', 'replies', 'deliveries', 'audit_entries'],
    ...['audit_heads', 'invitations', 'api_keys', 'support_accesses', 'tenant_deletions', 'exports'],
    ...['webhook_endpoints', 'webhook_deliveries', 'calendar_feeds', 'sequences', 'enrollments', 'step_runs'],
    'follow_ups',
  ],
  /** They do one narrow thing in the owner's name. */
  definerFunctions: [
    'analyze_delivery_partition',
    'drop_delivery_partition',
    'ensure_delivery_partition',
    'open_delivery_days',
  ],
  /** What says that something is there, to whoever tries the same: each is the point of the constraint. */
  tellingUniques: [
    'users_email_key', // one account an address; sign-up tells of none by mail, and of few at once
    'bots_connected', // one connection a bot, proven by its newest token
    'bots_webhook_path_key', // 256 random bits
    'refresh_tokens_pkey', // a hash of 256 random bits
    'invitations_token_hash_key', // likewise
    'tenant_deletions_restore_token_hash_key', // likewise
    'calendar_feeds_secret_hash_key', // likewise
  ],
  /** Columns that refer to another table and have no foreign key. */
  looseReferences: [
    // Names a family of sessions, which is no row anywhere.
    'sessions.family_id',
    ...['deliveries.*', 'updates.*', 'occurrences.broadcast_id', 'step_runs.broadcast_id'], // rows of millions, written in one statement
    ...['audit_entries.*', 'support_accesses.operator_id', 'operator_acts.*'], // a record outlives whom it names
    'webhook_deliveries.contact_id', // nothing is looked up by it; who erases the contact finds the row
  ],
  /** What the application's login may do, by table; tables that aren't named: all four. */
  applicationRights: {
    audit_entries: 'INSERT,SELECT',
    deliveries: 'INSERT,SELECT,UPDATE',
    lanes: 'INSERT,SELECT,UPDATE',
    updates: 'INSERT,SELECT,UPDATE',
    api_keys: 'DELETE,INSERT,SELECT',
    audit_heads: 'INSERT,SELECT,UPDATE',
    invitations: 'INSERT,SELECT,UPDATE',
    members: 'DELETE,SELECT,UPDATE(role)',
    refresh_tokens: '',
    sessions: 'SELECT,UPDATE(ended_at,ended_reason)',
    support_accesses: 'SELECT,UPDATE(ended_at,ended_by)',
    tenant_deletions: 'SELECT',
    tenants: 'SELECT,UPDATE(are_schedules_approved,language,name,retention_days,time_zone)',
    users: 'SELECT(created_at,email,email_confirmed_at,id,language,name)',
    webhook_attempts: 'DELETE,INSERT,SELECT',
  } as Record<string, string>,
  /** What the dispatcher's login may do where it crosses; tables that aren't named: all four. */
  dispatcherRights: {
    audit_entries: 'INSERT,SELECT',
    audit_heads: 'INSERT,SELECT,UPDATE',
    operator_acts: 'INSERT,SELECT',
    follow_ups: 'SELECT,UPDATE(look_at)',
  } as Record<string, string>,
};

const ALL_RIGHTS = 'DELETE,INSERT,SELECT,UPDATE';

const REST = `relnamespace = 'public'::regnamespace`;
const TABLE = `${REST} AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations'`;
const HAS_TENANT = `EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id'
  AND NOT attisdropped)`;

/** One question to the catalogue; every row of its answer is a finding. */
interface Check {
  readonly name: string;
  readonly sql: string;
  readonly parameters?: unknown[];
}

const CHECKS: readonly Check[] = [
  {
    name: 'a table without row-level security, or not forced on its owner',
    sql: `SELECT relname AS found FROM pg_class WHERE ${TABLE} AND NOT (relrowsecurity AND relforcerowsecurity)`,
  },
  {
    name: 'a table without a tenant that is not named',
    sql: `SELECT relname AS found FROM pg_class
          WHERE ${TABLE} AND NOT ${HAS_TENANT} AND relname <> 'tenants' AND relname <> ALL ($1)`,
    parameters: [[...NAMED.withoutTenant, ...NAMED.dispatcherOnly]],
  },
  {
    name: 'a tenant_id that may be absent',
    sql: `SELECT relname AS found FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
          WHERE ${TABLE} AND attname = 'tenant_id' AND NOT (attnotnull AND atttypid = 'uuid'::regtype)`,
  },
  {
    name: "a table without the application's policy",
    sql: `SELECT relname AS found FROM pg_class WHERE ${TABLE} AND relname <> ALL ($1) AND NOT EXISTS (
            SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND polroles = ARRAY['arauto_app'::regrole::oid])`,
    parameters: [NAMED.dispatcherOnly],
  },
  {
    name: 'a policy of the application that does not compare the tenant, reading and writing',
    sql: `SELECT polname || ': ' || coalesce(pg_get_expr(polqual, polrelid), 'nothing') || ' / '
            || coalesce(pg_get_expr(polwithcheck, polrelid), 'nothing') AS found
          FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid
          CROSS JOIN LATERAL (SELECT '(' || CASE relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END || ' = ' AS compared)
          WHERE 'arauto_app'::regrole = ANY (polroles) AND polname <> ALL ($1)
            AND (polcmd <> '*' OR pg_get_expr(polqual, polrelid) IS DISTINCT FROM compared || 'current_tenant_id())'
                 OR pg_get_expr(polwithcheck, polrelid) IS DISTINCT FROM compared ||
                   '( SELECT current_tenant_id() AS current_tenant_id))')`,
    parameters: [NAMED.otherPolicies],
  },
  {
    name: 'two policies of one login on a table: either one lets in',
    sql: `SELECT polrelid::regclass || ' for ' || role::regrole AS found FROM pg_policy, unnest(polroles) AS role
          WHERE polpermissive GROUP BY polrelid, role HAVING count(*) > 1`,
  },
  {
    name: 'a policy for somebody else',
    sql: `SELECT polname AS found FROM pg_policy WHERE polroles <> ARRAY['arauto_app'::regrole::oid]
            AND polroles <> ARRAY['arauto_dispatcher'::regrole::oid]`,
  },
  {
    name: 'a crossing that is not named',
    sql: `SELECT relname AS found FROM pg_class WHERE ${TABLE} AND relname <> ALL ($1) AND (
            EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND 'arauto_dispatcher'::regrole = ANY (polroles))
            OR has_any_column_privilege('arauto_dispatcher', pg_class.oid, 'SELECT, INSERT, UPDATE')
            OR has_table_privilege('arauto_dispatcher', pg_class.oid, 'DELETE, TRUNCATE'))`,
    parameters: [[...NAMED.crossings, ...NAMED.dispatcherOnly]],
  },
  {
    name: 'the function that tells the tenant tells something else',
    sql: `SELECT pg_get_functiondef(oid) AS found FROM pg_proc WHERE proname = 'current_tenant_id'
            AND pg_get_functiondef(oid) !~ 'NULLIF\\(current_setting\\(''app.tenant_id''::text, true\\), ''''::text\\)'`,
  },
  {
    name: 'a login that row-level security does not bind, or that may become another',
    sql: `SELECT rolname AS found FROM pg_roles
          WHERE rolname IN ('arauto_app', 'arauto_dispatcher', 'arauto_owner')
            AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
              OR EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid OR roleid = pg_roles.oid))`,
  },
  {
    name: 'something that belongs to a login other than the owner',
    sql: `SELECT relname AS found FROM pg_class WHERE ${REST} AND relowner <> 'arauto_owner'::regrole
          UNION ALL SELECT proname FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace AND proowner <> 'arauto_owner'::regrole
          UNION ALL SELECT nspname FROM pg_namespace
            WHERE nspowner IN ('arauto_app'::regrole, 'arauto_dispatcher'::regrole)`,
  },
  {
    name: 'a foreign key between tables of tenants that does not carry the tenant',
    sql: `SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) AS found FROM pg_constraint
          WHERE contype = 'f' AND connamespace = 'public'::regnamespace
            AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = conrelid AND attname = 'tenant_id')
            AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = confrelid AND attname = 'tenant_id')
            AND NOT EXISTS (
              SELECT FROM unnest(conkey, confkey) AS pair (own, other)
                JOIN pg_attribute mine ON mine.attrelid = conrelid AND mine.attnum = own
                JOIN pg_attribute theirs ON theirs.attrelid = confrelid AND theirs.attnum = other
               WHERE mine.attname = 'tenant_id' AND theirs.attname = 'tenant_id')`,
  },
  {
    name: 'a column that names a row elsewhere, without a foreign key',
    sql: `SELECT relname || '.' || attname AS found FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
          WHERE ${TABLE} AND ${HAS_TENANT} AND attnum > 0 AND NOT attisdropped
            AND ((atttypid = 'uuid'::regtype AND attname ~ '_id$') OR attname = 'bot_no')
            AND relname || '.' || attname <> ALL ($1) AND relname || '.*' <> ALL ($1)
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = pg_class.oid AND contype = 'f'
                            AND attnum = ANY (conkey))`,
    parameters: [NAMED.looseReferences],
  },
  {
    name: "a unique key that tells of other tenants' rows",
    sql: `SELECT indexrelid::regclass || ' on ' || indrelid::regclass AS found
          FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
          WHERE ${TABLE} AND indisunique AND indexrelid::regclass::text <> ALL ($1) AND relname <> ALL ($2)
            -- It has the tenant in it,
            AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey)
                            AND attname = 'tenant_id')
            -- or begins with what is of one tenant alone, since it refers to it together with the tenant,
            AND NOT EXISTS (SELECT FROM pg_constraint JOIN pg_attribute tenant
                              ON tenant.attrelid = conrelid AND tenant.attname = 'tenant_id'
                            WHERE contype = 'f' AND conrelid = indrelid AND indkey[0] = ANY (conkey)
                              AND tenant.attnum = ANY (conkey))
            -- or is of numbers that nobody chooses, or that Telegram and we give out.
            AND NOT (SELECT bool_and(atthasdef OR attidentity <> '' OR attname IN ('bot_no', 'update_id', 'planned_on',
                                     'class', 'source_no', 'chat_no'))
                     FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey))`,
    parameters: [NAMED.tellingUniques, NAMED.dispatcherOnly],
  },
  {
    name: 'a view that looks with the eyes of its owner, or keeps what it saw',
    sql: `SELECT relname AS found FROM pg_class WHERE ${REST} AND (relkind IN ('m', 'f')
            OR relkind = 'v' AND NOT coalesce(reloptions, '{}') && '{security_invoker=true,security_invoker=on}')`,
  },
  {
    name: 'a function in the name of a more powerful login that is not named, or has no search path of its own',
    sql: `SELECT proname AS found FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
            AND (proname <> ALL ($1) OR NOT coalesce(proconfig, '{}')::text LIKE '%search_path=public, pg_temp%')`,
    parameters: [NAMED.definerFunctions],
  },
  {
    name: 'a function in the name of a more powerful login that others may call',
    sql: `SELECT proname AS found FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
            AND (has_function_privilege('arauto_app', oid, 'EXECUTE') OR has_function_privilege('public', oid, 'EXECUTE'))`,
  },
  {
    name: "a trigger or a rule that writes beside the application's statements",
    sql: `SELECT tgname AS found FROM pg_trigger WHERE NOT tgisinternal
          UNION ALL SELECT rulename FROM pg_rules WHERE schemaname = 'public'`,
  },
  {
    name: 'a right of everybody',
    sql: `SELECT relname || ' ' || privilege_type AS found FROM pg_class, aclexplode(relacl) WHERE ${REST} AND grantee = 0
          UNION ALL SELECT relname || '.' || attname || ' ' || privilege_type
            FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl) WHERE ${REST} AND grantee = 0
          UNION ALL SELECT nspname || ' ' || privilege_type FROM pg_namespace, aclexplode(nspacl)
            WHERE grantee = 0 AND nspname !~ '^(pg_|information_schema)'
          UNION ALL SELECT 'by default: ' || privilege_type FROM pg_default_acl, aclexplode(defaclacl)`,
  },
  {
    name: 'a right of a login that is not one of the three',
    sql: `SELECT grantee::regrole || ' ' || privilege_type || ' on ' || relname AS found FROM pg_class, aclexplode(relacl)
            WHERE ${REST} AND grantee <> 0 AND grantee <> ALL (ARRAY['arauto_owner', 'arauto_app', 'arauto_dispatcher']::regrole[])
          UNION ALL SELECT grantee::regrole || ' ' || privilege_type || ' on ' || relname || '.' || attname
            FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl)
            WHERE ${REST} AND grantee <> 0 AND grantee <> ALL (ARRAY['arauto_owner', 'arauto_app', 'arauto_dispatcher']::regrole[])`,
  },
  {
    name: 'a constraint that is not enforced, or does not hold for the rows that were there before',
    sql: `SELECT conrelid::regclass || ' ' || conname AS found FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND NOT (convalidated AND conenforced)
          UNION ALL SELECT tgrelid::regclass || ' ' || tgname FROM pg_trigger WHERE tgisinternal AND tgenabled <> 'O'
          UNION ALL SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready)`,
  },
  {
    name: 'a function that may look at rows before their policy does',
    sql: `SELECT proname AS found FROM pg_proc WHERE proleakproof AND pronamespace = 'public'::regnamespace`,
  },
  {
    name: 'a setting that a login or the database brings along and that opens a wall',
    sql: `SELECT coalesce(setrole::regrole::text, '') || ' ' || setting AS found
          FROM pg_db_role_setting, unnest(setconfig) AS setting
          WHERE setting ~ '^(app\\.|role=|row_security=|session_replication_role=|search_path=)'
            AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))`,
  },
  {
    name: 'something that sends rows elsewhere, past their policies',
    sql: `SELECT pubname AS found FROM pg_publication UNION ALL SELECT evtname FROM pg_event_trigger
          UNION ALL SELECT srvname FROM pg_foreign_server`,
  },
  {
    name: 'a right to change what is only ever added to the audit log',
    sql: `SELECT rolname || ' ' || privilege AS found FROM pg_roles,
            unnest('{UPDATE,DELETE,TRUNCATE}'::text[]) AS privilege
          WHERE rolname IN ('arauto_app', 'arauto_dispatcher')
            AND (has_table_privilege(rolname, 'audit_entries', privilege)
              OR (privilege = 'UPDATE' AND has_any_column_privilege(rolname, 'audit_entries', privilege)))`,
  },
  {
    name: "a right on what is not a table of tenants, such as a partition or the queue's",
    sql: `SELECT rolname || ' on ' || relname AS found
          FROM pg_class, pg_roles
          WHERE rolname IN ('arauto_app', 'arauto_dispatcher') AND ${REST}
            AND (relispartition OR relname = 'migrations' OR relkind NOT IN ('r', 'p', 'i', 'I', 'S', 't', 'v'))
            AND relkind NOT IN ('i', 'I')
            AND (has_table_privilege(rolname, pg_class.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
              OR has_any_column_privilege(rolname, pg_class.oid, 'SELECT, INSERT, UPDATE'))
          UNION ALL SELECT 'arauto_app in ' || nspname FROM pg_namespace
            WHERE nspname !~ '^(pg_|information_schema|public)' AND has_schema_privilege('arauto_app', oid, 'USAGE')
          UNION ALL SELECT rolname || ' makes things in public' FROM pg_roles
            WHERE rolname IN ('arauto_app', 'arauto_dispatcher') AND has_schema_privilege(rolname, 'public', 'CREATE')`,
  },
  {
    name: 'a right to empty, to refer to, to watch or to maintain a table',
    sql: `SELECT grantee::regrole || ' ' || privilege_type || ' on ' || relname AS found
          FROM pg_class, aclexplode(relacl) WHERE ${REST} AND grantee <> relowner
            AND privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
          UNION ALL SELECT grantee::regrole || ' may hand on ' || privilege_type || ' on ' || relname
          FROM pg_class, aclexplode(relacl) WHERE ${REST} AND is_grantable AND grantee <> relowner`,
  },
];

/** The rights of a login on every table, columns in brackets. */
const RIGHTS = `
  SELECT relname AS table, coalesce((
    SELECT string_agg(entry, ',' ORDER BY entry) FROM (
      SELECT privilege_type AS entry FROM aclexplode(relacl) WHERE grantee = $1::regrole
      UNION ALL
      SELECT privilege_type || '(' || string_agg(attname, ',' ORDER BY attname) || ')'
      FROM pg_attribute, aclexplode(attacl)
      WHERE attrelid = pg_class.oid AND grantee = $1::regrole GROUP BY privilege_type) AS entries), '') AS rights
  FROM pg_class WHERE ${TABLE} ORDER BY 1`;

const EXPECTED_RIGHTS: Readonly<Record<string, (table: string) => string>> = {
  arauto_app: (table) =>
    NAMED.applicationRights[table] ?? (NAMED.dispatcherOnly.includes(table) ? '' : ALL_RIGHTS),
  arauto_dispatcher: (table) =>
    NAMED.dispatcherRights[table] ??
    ([...NAMED.crossings, ...NAMED.dispatcherOnly].includes(table) ? ALL_RIGHTS : ''),
};

/** Everything in the catalogue that could open a wall, as `check: what`. @param client a superuser's */
export async function auditCatalogue(client: Client): Promise<string[]> {
  const findings: string[] = [];
  for (const { name, sql, parameters = [] } of CHECKS) {
    const { rows } = await client.query<{ found: string }>(sql, parameters);
    findings.push(...rows.map(({ found }) => `${name}: ${found}`));
  }
  for (const [login, expectedOf] of Object.entries(EXPECTED_RIGHTS)) {
    const { rows } = await client.query<{ table: string; rights: string }>(RIGHTS, [login]);
    for (const { table, rights } of rows) {
      if (rights !== expectedOf(table))
        findings.push(
          `a right that is not listed: ${login} on ${table}: ${rights}, and not ${expectedOf(table)}`,
        );
    }
  }
  return findings;
}

/** How much there was to read. */
export async function countCatalogue(client: Client): Promise<Record<string, number>> {
  const { rows } = await client.query<Record<string, number>>(
    `SELECT (SELECT count(*)::int FROM pg_class WHERE ${TABLE}) AS tables,
       (SELECT count(*)::int FROM pg_policy) AS policies,
       (SELECT count(*)::int FROM pg_constraint WHERE connamespace = 'public'::regnamespace) AS constraints,
       (SELECT count(*)::int FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS functions,
       (SELECT count(*)::int FROM pg_class, aclexplode(relacl) WHERE ${REST}) AS grants`,
  );
  return { checks: CHECKS.length + Object.keys(EXPECTED_RIGHTS).length, ...rows[0] };
}
