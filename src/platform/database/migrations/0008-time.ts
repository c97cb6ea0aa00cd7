import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { wallIn } from './tenant-table.js';

/** What bounds a schedule, what it does about lateness, and how long an occurrence waits. */
export class Time1700000000008 implements MigrationInterface {
  name = 'Time1700000000008';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Schedules would lose their ends: restore a backup instead.'));
  }
}

const STATEMENTS = [
  // Null is the usual in all of these: a million waiting schedules don't store it a million times.
  `ALTER TABLE schedules
     ADD COLUMN ends_at timestamptz,
     ADD COLUMN max_runs integer CHECK (max_runs > 0),
     ADD COLUMN runs integer,
     ADD COLUMN except_dates date[],
     ADD COLUMN within jsonb,
     ADD COLUMN missed_policy text CHECK (missed_policy IN ('skip', 'latest', 'all')),
     ADD COLUMN grace_seconds integer CHECK (grace_seconds >= 0),
     ADD COLUMN overlap_policy text CHECK (overlap_policy IN ('wait', 'skip', 'parallel')),
     ADD COLUMN paused_at timestamptz`,
  'DROP INDEX occurrences_waiting',
  // Whoever claims an occurrence starts it at once; the sweep takes up what still waits at this time.
  `ALTER TABLE occurrences ADD COLUMN retry_at timestamptz NOT NULL DEFAULT now() + interval '5 seconds'`,
  `CREATE INDEX occurrences_waiting ON occurrences (retry_at) WHERE state = 'waiting'`,
  `CREATE TABLE calendar_feeds (
     tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
     secret_hash bytea NOT NULL UNIQUE,
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  ...wallIn({ name: 'calendar_feeds', crossedBecause: 'a calendar comes with a secret address alone' }),
  `CREATE TABLE quiet_hours (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     -- Null for the hours of the whole tenant.
     bot_id uuid,
     hours jsonb NOT NULL,
     policy text NOT NULL CHECK (policy IN ('hold', 'skip')),
     UNIQUE NULLS NOT DISTINCT (tenant_id, bot_id),
     FOREIGN KEY (tenant_id, bot_id) REFERENCES bots (tenant_id, id) ON DELETE CASCADE
   )`,
  ...wallIn({ name: 'quiet_hours' }),
  // Where a bot has none, its tenant's holds; where a chat has none, its bot's.
  'ALTER TABLE bots ADD COLUMN time_zone text',
  `ALTER TABLE chats
     ADD COLUMN time_zone text,
     ADD COLUMN time_zone_source text CHECK (time_zone_source IN ('chosen', 'import', 'api')),
     ADD CHECK ((time_zone IS NULL) = (time_zone_source IS NULL))`,
  // The zones of a bot's chats are found by leaping from one to the next.
  'CREATE INDEX chats_of_zone ON chats (tenant_id, bot_id, time_zone) WHERE time_zone IS NOT NULL',
  // In whose local time a schedule runs, and where it stands in each zone; null for one zone, its own.
  `ALTER TABLE schedules
     ADD COLUMN local_time_of text CHECK (local_time_of IN ('bot', 'chat')),
     ADD COLUMN zone_runs jsonb,
     ADD CHECK ((local_time_of IS NULL) = (zone_runs IS NULL))`,
  'CREATE INDEX schedules_of_local_time ON schedules (tenant_id) WHERE local_time_of IS NOT NULL',
  // '' where it is for all chats at once: a schedule has one occurrence and one broadcast a zone and due instant.
  `ALTER TABLE occurrences
     ADD COLUMN time_zone text NOT NULL DEFAULT '',
     DROP CONSTRAINT occurrences_schedule_id_due_at_key,
     ADD UNIQUE (schedule_id, due_at, time_zone)`,
  `ALTER TABLE broadcasts
     ADD COLUMN time_zone text NOT NULL GENERATED ALWAYS AS (coalesce(audience -> 'localTime' ->> 'timeZone', '')) STORED,
     DROP CONSTRAINT broadcasts_schedule_id_due_at_key,
     ADD UNIQUE (schedule_id, due_at, time_zone)`,
];
