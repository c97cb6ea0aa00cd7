import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { wallIn } from './tenant-table.js';

/** What lets strangers trust one installation: an audit log that only grows. */
export class Trust1700000000002 implements MigrationInterface {
  name = 'Trust1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('The audit log is not thrown away: restore a backup instead.'));
  }
}

const STATEMENTS = [
  // Who did what, by ids alone: a person can be erased and the log still holds.
  `CREATE TABLE audit_entries (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     at timestamptz NOT NULL DEFAULT now(),
     actor_kind text NOT NULL CHECK (actor_kind IN ('member', 'api_key', 'operator', 'system')),
     actor_id uuid,
     action text NOT NULL,
     subject_kind text,
     subject_id uuid,
     details jsonb NOT NULL DEFAULT '{}',
     UNIQUE (tenant_id, id)
   )`,
  'CREATE INDEX audit_entries_of_tenant ON audit_entries (tenant_id, id)',
  ...wallIn({
    name: 'audit_entries',
    app: 'SELECT, INSERT',
    crossedBecause: 'an operator’s acts and sign-ins are written before a tenant is acted in',
  }),
];
