import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { wallIn } from './tenant-table.js';

/** Messages that follow an event in a person's life, and schedules that wait for a second pair of eyes. */
export class Sequences1700000000010 implements MigrationInterface {
  name = 'Sequences1700000000010';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('People would lose their place: restore a backup instead.'));
  }
}

const STATEMENTS = [
  // --- sequences --------------------------------------------------------------------------------------------------
  `CREATE TABLE sequences (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     name text NOT NULL,
     bot_ids uuid[] NOT NULL DEFAULT '{}',
     -- Whether pressing Start once more begins it anew.
     again boolean NOT NULL DEFAULT false,
     grace_seconds integer NOT NULL DEFAULT 86400,
     state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
     -- After a change of its steps the ticker times everybody again, from chat to chat; where it stands, else NULL.
     retime_after bigint,
     created_at timestamptz NOT NULL DEFAULT now(),
     updated_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (tenant_id, id),
     UNIQUE (tenant_id, no)
   )`,
  `CREATE TABLE sequence_steps (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL,
     sequence_id uuid NOT NULL,
     -- Where it stands; a step that is put between two others gets a number between theirs.
     position float8 NOT NULL,
     after integer NOT NULL,
     unit text NOT NULL CHECK (unit IN ('second', 'day')),
     at time,
     message_id uuid NOT NULL,
     sent bigint NOT NULL DEFAULT 0,
     missed bigint NOT NULL DEFAULT 0,
     skipped bigint NOT NULL DEFAULT 0,
     UNIQUE (tenant_id, id),
     UNIQUE (sequence_id, position),
     FOREIGN KEY (tenant_id, sequence_id) REFERENCES sequences (tenant_id, id) ON DELETE CASCADE,
     FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
   )`,
  'CREATE INDEX sequence_steps_of_message ON sequence_steps (message_id)',
  // A million of these: narrow, and no id of their own. state: 0 on the way, 1 through it, 2 left.
  `CREATE TABLE enrollments (
     sequence_no bigint NOT NULL,
     chat_no bigint NOT NULL,
     tenant_id uuid NOT NULL,
     -- The position of the last step that is behind this person.
     passed float8 NOT NULL DEFAULT 0,
     enrolled_at timestamptz NOT NULL,
     -- When the next step is due; NULL where there is none.
     due_at timestamptz,
     state smallint NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2),
     PRIMARY KEY (sequence_no, chat_no),
     FOREIGN KEY (tenant_id, sequence_no) REFERENCES sequences (tenant_id, no) ON DELETE CASCADE
   ) WITH (fillfactor = 90)`,
  'CREATE INDEX enrollments_due ON enrollments (sequence_no, due_at) WHERE due_at IS NOT NULL',
  `CREATE TABLE step_runs (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL,
     sequence_id uuid NOT NULL,
     step_id uuid,
     due_at timestamptz NOT NULL,
     chats integer NOT NULL,
     state text NOT NULL CHECK (state IN ('started', 'skipped')),
     reason text,
     broadcast_id uuid,
     created_at timestamptz NOT NULL DEFAULT now(),
     FOREIGN KEY (tenant_id, sequence_id) REFERENCES sequences (tenant_id, id) ON DELETE CASCADE,
     FOREIGN KEY (tenant_id, step_id) REFERENCES sequence_steps (tenant_id, id) ON DELETE SET NULL (step_id)
   )`,
  'CREATE INDEX step_runs_of_sequence ON step_runs (sequence_id, id)',
  'CREATE INDEX step_runs_of_step ON step_runs (step_id) WHERE step_id IS NOT NULL',
  'CREATE INDEX step_runs_by_age ON step_runs (created_at)',
  ...wallIn({ name: 'sequences', crossedBecause: 'the ticker looks for those in which somebody is due' }),
  ...wallIn({ name: 'sequence_steps' }),
  ...wallIn({ name: 'enrollments', crossedBecause: 'the ticker looks for who is due' }),
  ...wallIn({ name: 'step_runs', crossedBecause: 'old ones leave' }),
  `ALTER TABLE broadcasts
     ADD COLUMN sequence_id uuid,
     ADD FOREIGN KEY (tenant_id, sequence_id) REFERENCES sequences (tenant_id, id) ON DELETE SET NULL (sequence_id)`,
  'CREATE INDEX broadcasts_of_sequence ON broadcasts (tenant_id, sequence_id, id) WHERE sequence_id IS NOT NULL',

  // --- approval ---------------------------------------------------------------------------------------------------
  'ALTER TABLE tenants ADD COLUMN are_schedules_approved boolean NOT NULL DEFAULT false',
  'GRANT UPDATE (are_schedules_approved) ON tenants TO arauto_app',
  `ALTER TABLE schedules
     DROP CONSTRAINT schedules_state_check,
     ADD CONSTRAINT schedules_state_check CHECK (state IN ('active', 'paused', 'ended', 'awaiting_approval')),
     -- Why an admin refused it; NULL where nobody did, or it was changed since.
     ADD COLUMN refusal text`,
];
