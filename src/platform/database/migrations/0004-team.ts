import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { crossing, wallIn } from './tenant-table.js';

/** Invitations, API keys, and the counts behind rate limits. */
export class Team1700000000004 implements MigrationInterface {
  name = 'Team1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Members would lose their keys: restore a backup instead.'));
  }
}

const STATEMENTS = [
  // Roles and farewells need no crossing. Still nobody makes strangers members: that takes the dispatcher's login.
  'GRANT UPDATE (role), DELETE ON members TO arauto_app',
  `CREATE TABLE invitations (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL,
     email text NOT NULL CHECK (email = lower(email)),
     role text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
     invited_by uuid NOT NULL,
     token_hash bytea NOT NULL UNIQUE,
     mails_sent int NOT NULL DEFAULT 1,
     mailed_at timestamptz NOT NULL DEFAULT now(),
     created_at timestamptz NOT NULL DEFAULT now(),
     expires_at timestamptz NOT NULL,
     ended_at timestamptz,
     ended_reason text CHECK (ended_reason IN ('accepted', 'revoked', 'expired')),
     UNIQUE (tenant_id, id),
     -- Who goes takes their open invitations along.
     FOREIGN KEY (tenant_id, invited_by) REFERENCES members ON DELETE CASCADE
   )`,
  'CREATE UNIQUE INDEX invitations_open ON invitations (tenant_id, email) WHERE ended_at IS NULL',
  'CREATE INDEX invitations_of_inviter ON invitations (tenant_id, invited_by)',
  ...wallIn({
    name: 'invitations',
    app: 'SELECT, INSERT, UPDATE',
    crossedBecause: 'a link comes without a tenant, and old ones leave',
  }),
  // Who goes takes their keys along: nobody answers for them any more.
  `CREATE TABLE api_keys (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     name text NOT NULL,
     role text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
     scopes jsonb NOT NULL,
     secret_hash bytea NOT NULL,
     created_by uuid NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now(),
     expires_at timestamptz,
     last_used_at timestamptz,
     UNIQUE (tenant_id, id),
     FOREIGN KEY (tenant_id, created_by) REFERENCES members ON DELETE CASCADE
   )`,
  'CREATE INDEX api_keys_of_maker ON api_keys (created_by, tenant_id)',
  ...wallIn({
    name: 'api_keys',
    app: 'SELECT, INSERT, DELETE',
    crossedBecause: 'a key comes without a tenant',
  }),
  // Of all tenants, and of people without one: the key names whose. Losing them in a crash costs a minute's limits.
  `CREATE UNLOGGED TABLE request_counts (
     key text PRIMARY KEY,
     hits int NOT NULL,
     window_ends_at timestamptz NOT NULL
   ) WITH (fillfactor = 50)`,
  ...crossing('request_counts'),
];
