import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { wallIn } from './tenant-table.js';

/** Stacks of messages, what follows a broadcast, and the queues of posts of chats. */
export class Posts1700000000009 implements MigrationInterface {
  name = 'Posts1700000000009';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Stacks and slots would be lost: restore a backup instead.'));
  }
}

const STATEMENTS = [
  `CREATE TABLE post_queues (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     chat_id uuid NOT NULL,
     time_zone text NOT NULL,
     slots jsonb NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now(),
     updated_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (tenant_id, id),
     UNIQUE (tenant_id, chat_id),
     FOREIGN KEY (tenant_id, chat_id) REFERENCES chats (tenant_id, id) ON DELETE CASCADE
   )`,
  ...wallIn({ name: 'post_queues' }),
  // Null is the usual in all of these, too.
  `ALTER TABLE schedules
     -- Given where the message comes from a stack: whether what was sent goes back to its end.
     ADD COLUMN recycles boolean,
     ALTER COLUMN message_id DROP NOT NULL,
     ADD CHECK ((message_id IS NULL) = (recycles IS NOT NULL)),
     ADD COLUMN pin text CHECK (pin IN ('silent', 'notify')),
     ADD COLUMN delete_previous boolean,
     ADD COLUMN delete_after_seconds integer CHECK (delete_after_seconds > 0),
     -- The queue whose post it is, and the instant that is its own there.
     ADD COLUMN queue_id uuid,
     ADD COLUMN post_at timestamptz,
     ADD CHECK (queue_id IS NULL OR post_at IS NOT NULL),
     ADD FOREIGN KEY (tenant_id, queue_id) REFERENCES post_queues (tenant_id, id) ON DELETE SET NULL (queue_id)`,
  // Nobody gets a slot that somebody else has.
  `CREATE UNIQUE INDEX schedules_of_slot ON schedules (tenant_id, queue_id, post_at)
     WHERE queue_id IS NOT NULL AND state <> 'ended'`,
  'CREATE INDEX schedules_of_queue ON schedules (tenant_id, queue_id) WHERE queue_id IS NOT NULL',
  // The first is the next: what was sent leaves, or goes to the end.
  `CREATE TABLE stack_messages (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL,
     schedule_id uuid NOT NULL,
     message_id uuid NOT NULL,
     position integer NOT NULL,
     FOREIGN KEY (tenant_id, schedule_id) REFERENCES schedules (tenant_id, id) ON DELETE CASCADE,
     FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
   )`,
  'CREATE INDEX stack_messages_in_order ON stack_messages (tenant_id, schedule_id, position)',
  'CREATE INDEX stack_messages_of_message ON stack_messages (tenant_id, message_id)',
  ...wallIn({ name: 'stack_messages' }),
  // A pin changes what its target sent, as an edit and a recall do.
  `ALTER TABLE broadcasts
     ADD COLUMN pin_notifies boolean NOT NULL DEFAULT false,
     ADD COLUMN queue_id uuid,
     ADD FOREIGN KEY (tenant_id, queue_id) REFERENCES post_queues (tenant_id, id) ON DELETE SET NULL (queue_id)`,
  'CREATE INDEX broadcasts_of_queue ON broadcasts (tenant_id, queue_id, id) WHERE queue_id IS NOT NULL',
  `CREATE TABLE follow_ups (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL,
     -- Whose end it waits for.
     broadcast_id uuid NOT NULL,
     kind text NOT NULL CHECK (kind IN ('pin', 'delete_previous', 'delete_after')),
     after_seconds integer NOT NULL DEFAULT 0,
     pin_notifies boolean NOT NULL DEFAULT false,
     state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'started', 'dropped')),
     reason text,
     -- The broadcast that carries it out.
     change_id uuid,
     look_at timestamptz NOT NULL DEFAULT now(),
     created_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (tenant_id, broadcast_id, kind),
     FOREIGN KEY (tenant_id, broadcast_id) REFERENCES broadcasts (tenant_id, id) ON DELETE CASCADE,
     FOREIGN KEY (tenant_id, change_id) REFERENCES broadcasts (tenant_id, id) ON DELETE SET NULL (change_id)
   )`,
  `CREATE INDEX follow_ups_waiting ON follow_ups (look_at) WHERE state = 'waiting'`,
  'CREATE INDEX follow_ups_of_change ON follow_ups (tenant_id, change_id) WHERE change_id IS NOT NULL',
  ...wallIn({
    name: 'follow_ups',
    crossedBecause:
      'one look finds what is due of all tenants, and looks sooner where the clock was set back',
    dispatcher: 'SELECT, UPDATE (look_at)',
  }),
];
