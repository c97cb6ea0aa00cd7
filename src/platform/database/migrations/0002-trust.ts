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
  // Who did what, by ids alone: a person can be erased and the log still holds. Each entry's hash is over the one before
  // it; number 1 follows 32 zero bytes.
  `CREATE TABLE audit_entries (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     number bigint NOT NULL CHECK (number > 0),
     at timestamptz NOT NULL,
     actor_kind text NOT NULL CHECK (actor_kind IN ('member', 'api_key', 'operator', 'schedule', 'system')),
     actor_id uuid,
     action text NOT NULL,
     subject_kind text,
     subject_id uuid,
     details jsonb NOT NULL DEFAULT '{}',
     hash bytea NOT NULL,
     UNIQUE (tenant_id, id),
     UNIQUE (tenant_id, number)
   )`,
  // Where a tenant's chain ends, so that a missing tail is noticed too. Whoever writes an entry holds this row.
  `CREATE TABLE audit_heads (
     tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
     number bigint NOT NULL DEFAULT 0,
     hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
     -- Whoever verifies the chain moves it on; until then nobody else begins.
     verified_until timestamptz NOT NULL DEFAULT '-infinity'
   )`,
  // Written once and by nobody changed: neither login may do more than add.
  ...wallIn({
    name: 'audit_entries',
    app: 'SELECT, INSERT',
    crossedBecause: 'an operator’s acts and sign-ins are written before a tenant is acted in',
    dispatcher: 'SELECT, INSERT',
  }),
  ...wallIn({
    name: 'audit_heads',
    app: 'SELECT, INSERT, UPDATE',
    crossedBecause: 'what writes an entry moves the head',
    dispatcher: 'SELECT, INSERT, UPDATE',
  }),
];
