import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { crossing, wallIn } from './tenant-table.js';

/** Who runs the installation: plans with quotas, suspension with a reason, operators and their looks into tenants. */
export class Operators1700000000005 implements MigrationInterface {
  name = 'Operators1700000000005';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Plans and operators are not thrown away: restore a backup instead.'));
  }
}

const STATEMENTS = [
  // A limit that is absent, or null, is none.
  `CREATE TABLE plans (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     name text NOT NULL UNIQUE,
     limits jsonb NOT NULL DEFAULT '{}',
     weight int NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 100),
     is_default boolean NOT NULL DEFAULT false,
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  'CREATE UNIQUE INDEX plans_default ON plans (is_default) WHERE is_default',
  // Who runs Arauto for themselves needs no limits; who runs it for strangers makes the other one the default.
  `INSERT INTO plans (name, is_default, weight, limits) VALUES
     ('unlimited', true, 4, '{}'),
     ('free', false, 1, '{"bots": 100, "chats": 100000, "deliveriesPerDay": 200000, "schedules": 1000,
                       "mediaBytes": 1073741824, "members": 50, "apiRequestsPerMinute": 600}')`,
  `CREATE FUNCTION default_plan_id() RETURNS uuid LANGUAGE sql STABLE
     RETURN (SELECT id FROM plans WHERE is_default)`,
  `ALTER TABLE tenants
     ADD COLUMN plan_id uuid NOT NULL DEFAULT default_plan_id() REFERENCES plans,
     ADD COLUMN state_reason text,
     ADD COLUMN state_changed_at timestamptz NOT NULL DEFAULT now()`,
  'CREATE INDEX tenants_of_plan ON tenants (plan_id)',
  ...crossing('plans'),

  // What a quota counted when the broadcast was accepted; 0 where the plan has no limit, and nobody counted.
  'ALTER TABLE broadcasts ADD COLUMN expected bigint NOT NULL DEFAULT 0',
  'CREATE INDEX broadcasts_of_day ON broadcasts (tenant_id, planned_on)',
  // Suspension and resumption look for a tenant's lanes.
  'CREATE INDEX lanes_of_tenant ON lanes (tenant_id)',

  `CREATE TABLE operators (
     user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  ...crossing('operators'),
  `CREATE TABLE operator_sessions (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     user_id uuid NOT NULL REFERENCES operators ON DELETE CASCADE,
     created_at timestamptz NOT NULL DEFAULT now(),
     expires_at timestamptz NOT NULL,
     ended_at timestamptz
   )`,
  ...crossing('operator_sessions'),
  // What they do to the installation itself; outlives their accounts, and neither login may change or take it.
  `CREATE TABLE operator_acts (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     at timestamptz NOT NULL DEFAULT now(),
     operator_id uuid NOT NULL,
     action text NOT NULL,
     subject_kind text NOT NULL,
     subject_id uuid NOT NULL,
     details jsonb NOT NULL DEFAULT '{}'
   )`,
  ...crossing('operator_acts', 'SELECT, INSERT'),
  // The operator by id alone: the tenant's record of who looked in outlives the operator's account.
  `CREATE TABLE support_accesses (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     operator_id uuid NOT NULL,
     reason text NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now(),
     expires_at timestamptz NOT NULL,
     ended_at timestamptz,
     ended_by text CHECK (ended_by IN ('operator', 'member')),
     UNIQUE (tenant_id, id)
   )`,
  'CREATE INDEX support_accesses_of_tenant ON support_accesses (tenant_id, id)',
  ...wallIn({
    name: 'support_accesses',
    app: 'SELECT, UPDATE (ended_at, ended_by)',
    crossedBecause: 'an operator opens one before they may act in the tenant',
  }),
];
