import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** The audit log's chain grows in one statement, so that two acts of a tenant wait for each other as briefly as can be. */
export class AuditChain1700000000011 implements MigrationInterface {
  name = 'AuditChain1700000000011';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('The program writes its audit log with it: restore a backup instead.'));
  }
}

const STATEMENTS = [
  // Makes the head where there is none, and holds it until the commit. Each entry's hash is over the one before it and the
  // canonical text, which the program reads back when it verifies: src/tenants/audit/audit-chain.rules.ts.
  `CREATE FUNCTION append_audit_entries(tenant uuid, entries jsonb) RETURNS void LANGUAGE plpgsql
   SET search_path = public, pg_temp AS $$
   DECLARE
     chain_of uuid := coalesce(tenant, current_tenant_id());
     head audit_heads;
     first bigint;
     written_at timestamptz;
     instant text;
     canonical text;
     hashes bytea[] := '{}';
   BEGIN
     SELECT * INTO head FROM audit_heads WHERE tenant_id = chain_of FOR NO KEY UPDATE;
     IF NOT FOUND THEN
       INSERT INTO audit_heads AS made (tenant_id) VALUES (chain_of)
         ON CONFLICT (tenant_id) DO UPDATE SET number = made.number RETURNING * INTO head;
     END IF;
     first := head.number + 1;
     written_at := date_trunc('milliseconds', clock_timestamp());
     instant := to_char(written_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
     FOR canonical IN
       SELECT entry.value ->> 'canonical' FROM jsonb_array_elements(entries) WITH ORDINALITY AS entry ORDER BY ordinality
     LOOP
       head.number := head.number + 1;
       head.hash := sha256(head.hash || convert_to('[' || head.number || ',"' || instant || '",' || canonical || ']', 'UTF8'));
       hashes := hashes || head.hash;
     END LOOP;
     INSERT INTO audit_entries
       (tenant_id, number, at, actor_kind, actor_id, action, subject_kind, subject_id, details, hash)
     SELECT chain_of, first + entry.position - 1, written_at, entry."actorKind", entry."actorId", entry.action,
            entry."subjectKind", entry."subjectId", entry.details, hashes[entry.position]
       FROM ROWS FROM (jsonb_to_recordset(entries) AS ("actorKind" text, "actorId" uuid, action text, "subjectKind" text,
                                                      "subjectId" uuid, details jsonb))
            WITH ORDINALITY AS entry ("actorKind", "actorId", action, "subjectKind", "subjectId", details, position);
     UPDATE audit_heads SET number = head.number, hash = head.hash WHERE tenant_id = chain_of;
   END $$`,
  'REVOKE ALL ON FUNCTION append_audit_entries(uuid, jsonb) FROM PUBLIC',
  'GRANT EXECUTE ON FUNCTION append_audit_entries(uuid, jsonb) TO arauto_app, arauto_dispatcher',
  // The table's UNIQUE (tenant_id, id) is the same index.
  'DROP INDEX broadcasts_of_tenant',
];
