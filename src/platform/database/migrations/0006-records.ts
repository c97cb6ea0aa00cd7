import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { wallIn } from './tenant-table.js';

/** What leaves for the tenant's own systems, what it takes along, and what it leaves behind when it goes. */
export class Records1700000000006 implements MigrationInterface {
  name = 'Records1700000000006';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('What was promised to tenants is not taken back: restore a backup instead.'),
    );
  }
}

const STATEMENTS = [
  // --- webhooks ---------------------------------------------------------------------------------------------------
  `CREATE TABLE webhook_endpoints (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     url text NOT NULL,
     description text NOT NULL DEFAULT '',
     events text[] NOT NULL,
     state text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
     state_reason text,
     -- Since when nothing arrived any more; NULL while it does.
     failing_since timestamptz,
     secret_ciphertext bytea NOT NULL,
     secret_key_version int NOT NULL,
     -- The secret before the last rotation, which signs as well until then.
     old_secret_ciphertext bytea,
     old_secret_key_version int,
     old_secret_until timestamptz,
     created_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (tenant_id, id)
   )`,
  // The outbox: written in the transaction of the fact itself, so that none is lost.
  `CREATE TABLE webhook_deliveries (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL,
     endpoint_id uuid NOT NULL,
     event text NOT NULL,
     data jsonb NOT NULL,
     -- The contact whom it is about, so that it goes when they are erased.
     contact_id uuid,
     state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
     attempts smallint NOT NULL DEFAULT 0,
     -- Whoever sends it moves this on first: a lease that ends by itself.
     next_attempt_at timestamptz NOT NULL DEFAULT now(),
     created_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (tenant_id, id),
     FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE
   )`,
  `CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_attempt_at) WHERE state = 'waiting'`,
  'CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, id)',
  'CREATE INDEX webhook_deliveries_of_contact ON webhook_deliveries (contact_id) WHERE contact_id IS NOT NULL',
  'CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at)',
  `CREATE TABLE webhook_attempts (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL,
     delivery_id uuid NOT NULL,
     at timestamptz NOT NULL,
     duration_ms int NOT NULL,
     status int,
     failure text,
     answer text,
     FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhook_deliveries (tenant_id, id) ON DELETE CASCADE
   )`,
  'CREATE INDEX webhook_attempts_of_delivery ON webhook_attempts (delivery_id, id)',
  ...wallIn({ name: 'webhook_endpoints', crossedBecause: 'whoever sends looks for those that have work' }),
  ...wallIn({
    name: 'webhook_deliveries',
    crossedBecause:
      'broadcasts end and bots stop in transactions of the dispatcher; whoever sends finds what is due',
  }),
  ...wallIn({ name: 'webhook_attempts', app: 'SELECT, INSERT, DELETE' }),

  // --- exports ----------------------------------------------------------------------------------------------------
  `CREATE TABLE exports (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'building', 'ready', 'failed')),
     requested_by uuid NOT NULL,
     size_bytes bigint NOT NULL DEFAULT 0,
     attempts smallint NOT NULL DEFAULT 0,
     -- Whoever builds it moves this on; a builder that dies is followed by another.
     leased_until timestamptz NOT NULL DEFAULT '-infinity',
     created_at timestamptz NOT NULL DEFAULT now(),
     ready_at timestamptz,
     UNIQUE (tenant_id, id)
   )`,
  `CREATE UNIQUE INDEX exports_unfinished ON exports (tenant_id) WHERE state IN ('waiting', 'building')`,
  `CREATE TABLE export_chunks (
     tenant_id uuid NOT NULL,
     export_id uuid NOT NULL,
     n int NOT NULL,
     bytes bytea NOT NULL,
     PRIMARY KEY (export_id, n),
     FOREIGN KEY (tenant_id, export_id) REFERENCES exports (tenant_id, id) ON DELETE CASCADE
   )`,
  'ALTER TABLE export_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL',
  ...wallIn({
    name: 'exports',
    crossedBecause: 'whoever builds them looks for those that wait; old ones leave',
  }),
  ...wallIn({ name: 'export_chunks' }),

  // --- retention --------------------------------------------------------------------------------------------------
  // Days that broadcasts and their deliveries are kept; NULL for as long as the installation keeps them.
  'ALTER TABLE tenants ADD COLUMN retention_days smallint CHECK (retention_days BETWEEN 1 AND 90)',
  'GRANT UPDATE (retention_days) ON tenants TO arauto_app',

  // --- tenants that leave -------------------------------------------------------------------------------------------
  `CREATE TABLE tenant_deletions (
     tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
     requested_by uuid NOT NULL,
     requested_at timestamptz NOT NULL DEFAULT now(),
     due_at timestamptz NOT NULL,
     -- Whoever deletes moves this on; one that dies is followed by another.
     leased_until timestamptz NOT NULL DEFAULT '-infinity',
     -- Of the secret in the owners' mails that calls it off.
     restore_token_hash bytea NOT NULL UNIQUE
   )`,
  ...wallIn({
    name: 'tenant_deletions',
    app: 'SELECT',
    crossedBecause:
      'a tenant that leaves is suspended: it is called off by a secret alone, and carried out by a schedule',
  }),
];
