import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { allowOwn, crossing } from './tenant-table.js';

/**
 * Tenancy from the first table on: every table with a tenant_id has row-level security, enabled and forced. The
 * application's login sees the rows of `app.tenant_id` alone; the dispatcher's login crosses tenants where a crossing
 * is named below and nowhere else. Foreign keys between tenant tables carry the tenant, since plain ones ignore policies.
 */
export class Foundation1700000000001 implements MigrationInterface {
  name = 'Foundation1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...FUNCTIONS, ...TABLES, ...policies(), ...GRANTS, ...crossing('lane_owners')])
      await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('The first migration is not reversible: drop the database instead.'));
  }
}

const FUNCTIONS = [
  // After the first transaction-local setting, the setting is '' and not NULL: hence nullif.
  `CREATE FUNCTION current_tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
     RETURN nullif(current_setting('app.tenant_id', true), '')::uuid`,
];

const TABLES = [
  // --- tenants and auth -------------------------------------------------------------------------------------------
  `CREATE TABLE tenants (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     name text NOT NULL,
     language text NOT NULL DEFAULT 'en',
     time_zone text NOT NULL DEFAULT 'UTC',
     state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  // The key that encrypts one tenant's secrets, itself wrapped by a key that is not in the database.
  `CREATE TABLE tenant_data_keys (
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     version int NOT NULL,
     wrapped_key bytea NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (tenant_id, version)
   )`,
  `CREATE TABLE users (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     email text NOT NULL UNIQUE CHECK (email = lower(email)),
     password_hash text NOT NULL,
     name text NOT NULL,
     language text NOT NULL DEFAULT 'en',
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE TABLE members (
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
     role text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
     created_at timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (tenant_id, user_id)
   )`,
  'CREATE INDEX members_of_user ON members (user_id)',
  `CREATE TABLE sessions (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL,
     user_id uuid NOT NULL,
     user_agent text,
     created_at timestamptz NOT NULL DEFAULT now(),
     last_seen_at timestamptz NOT NULL DEFAULT now(),
     ended_at timestamptz,
     ended_reason text,
     UNIQUE (tenant_id, id),
     FOREIGN KEY (tenant_id, user_id) REFERENCES members ON DELETE CASCADE
   )`,
  `CREATE TABLE refresh_tokens (
     token_hash bytea PRIMARY KEY,
     tenant_id uuid NOT NULL,
     session_id uuid NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now(),
     expires_at timestamptz NOT NULL,
     used_at timestamptz,
     FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
   )`,
  'CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id)',
  `CREATE TABLE idempotency_keys (
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     key text NOT NULL,
     fingerprint bytea NOT NULL,
     response jsonb NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (tenant_id, key)
   )`,
  'CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)',

  // --- bots -------------------------------------------------------------------------------------------------------
  `CREATE TABLE bots (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     environment text NOT NULL CHECK (environment IN ('live', 'sandbox')),
     api_root text NOT NULL,
     telegram_id bigint NOT NULL,
     name text NOT NULL,
     username text,
     first_name text NOT NULL,
     token_ciphertext bytea,
     token_key_version int NOT NULL,
     token_fingerprint bytea NOT NULL,
     webhook_path text NOT NULL UNIQUE,
     updates_mode text NOT NULL DEFAULT 'polling' CHECK (updates_mode IN ('webhook', 'polling')),
     -- What Telegram was last told: an address and its terms, '' for none; NULL where it must be told (again).
     webhook_url text,
     state text NOT NULL DEFAULT 'running'
       CHECK (state IN ('running', 'paused', 'token_rejected', 'conflict', 'disconnected')),
     state_reason text,
     state_changed_at timestamptz NOT NULL DEFAULT now(),
     created_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (tenant_id, id),
     UNIQUE (tenant_id, no),
     UNIQUE (tenant_id, id, no)
   )`,
  // A bot is whom its API root and number say; one connection in the whole installation holds it. One whose token is
  // dead holds nothing: whoever proves a newer token has the bot.
  `CREATE UNIQUE INDEX bots_connected ON bots (api_root, telegram_id)
     WHERE state NOT IN ('token_rejected', 'disconnected')`,
  'CREATE INDEX bots_of_tenant ON bots (tenant_id, id)',
  // One owner per polled bot, by a lease that another process takes over.
  `CREATE TABLE polling (
     bot_no bigint PRIMARY KEY,
     tenant_id uuid NOT NULL,
     owner uuid,
     until timestamptz NOT NULL DEFAULT '-infinity',
     next_offset bigint NOT NULL DEFAULT 0,
     -- When Telegram was last asked whether the bot's webhook is still ours.
     checked_at timestamptz NOT NULL DEFAULT now(),
     FOREIGN KEY (tenant_id, bot_no) REFERENCES bots (tenant_id, no) ON DELETE CASCADE
   ) WITH (fillfactor = 70)`,
  // The inbox: an update is here before Telegram hears "200". Kept for 48 h, since numbers restart after a quiet week.
  `CREATE TABLE updates (
     bot_no bigint NOT NULL,
     update_id bigint NOT NULL,
     tenant_id uuid NOT NULL,
     chat_key bigint NOT NULL,
     payload jsonb NOT NULL,
     received_at timestamptz NOT NULL DEFAULT now(),
     attempts smallint NOT NULL DEFAULT 0,
     retry_at timestamptz NOT NULL DEFAULT '-infinity',
     failure text,
     settled_at timestamptz,
     PRIMARY KEY (bot_no, update_id)
   )`,
  'CREATE INDEX updates_waiting ON updates (bot_no, update_id) WHERE settled_at IS NULL',
  // An update begins when no earlier one of its chat waits.
  'CREATE INDEX updates_waiting_of_chat ON updates (bot_no, chat_key, update_id) WHERE settled_at IS NULL',
  'CREATE INDEX updates_by_age ON updates (received_at)',

  // --- audience ---------------------------------------------------------------------------------------------------
  `CREATE TABLE contacts (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL,
     bot_id uuid NOT NULL,
     telegram_user_id bigint NOT NULL,
     first_name text NOT NULL,
     last_name text,
     username text,
     language_code text,
     first_seen_at timestamptz NOT NULL DEFAULT now(),
     last_seen_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (tenant_id, id),
     UNIQUE (bot_id, telegram_user_id),
     FOREIGN KEY (tenant_id, bot_id) REFERENCES bots (tenant_id, id) ON DELETE CASCADE
   )`,
  'CREATE INDEX contacts_of_tenant ON contacts (tenant_id, id)',
  `CREATE TABLE chats (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
     tenant_id uuid NOT NULL,
     bot_id uuid NOT NULL,
     bot_no bigint NOT NULL,
     contact_id uuid,
     telegram_chat_id bigint NOT NULL,
     type text NOT NULL CHECK (type IN ('private', 'group', 'supergroup', 'channel')),
     title text,
     username text,
     state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'stopped', 'unreachable')),
     state_reason text,
     state_changed_at timestamptz NOT NULL DEFAULT now(),
     -- When a group became a supergroup, in which the numbers of its messages begin anew.
     migrated_at timestamptz,
     first_seen_at timestamptz NOT NULL DEFAULT now(),
     last_seen_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (tenant_id, id),
     UNIQUE (bot_no, telegram_chat_id),
     FOREIGN KEY (tenant_id, bot_id, bot_no) REFERENCES bots (tenant_id, id, no) ON DELETE CASCADE,
     FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE SET NULL (contact_id)
   )`,
  'CREATE INDEX chats_of_tenant ON chats (tenant_id, id)',
  // Fan-out walks a bot's chats by number; counting them by state needs the index alone.
  'CREATE INDEX chats_of_bot ON chats (tenant_id, bot_id, no) INCLUDE (type, state)',
  `CREATE TABLE tags (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     name text NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (tenant_id, id),
     UNIQUE (tenant_id, name)
   )`,
  `CREATE TABLE chat_tags (
     tenant_id uuid NOT NULL,
     tag_id uuid NOT NULL,
     chat_id uuid NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (tag_id, chat_id),
     FOREIGN KEY (tenant_id, tag_id) REFERENCES tags (tenant_id, id) ON DELETE CASCADE,
     FOREIGN KEY (tenant_id, chat_id) REFERENCES chats (tenant_id, id) ON DELETE CASCADE
   )`,
  'CREATE INDEX chat_tags_of_chat ON chat_tags (chat_id)',

  // --- messages ---------------------------------------------------------------------------------------------------
  // Files live in the database in chunks: every process reaches them, policies guard them, none is whole in memory.
  `CREATE TABLE assets (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     file_name text NOT NULL,
     content_type text NOT NULL,
     size_bytes bigint NOT NULL DEFAULT 0,
     sha256 bytea,
     state text NOT NULL DEFAULT 'uploading' CHECK (state IN ('uploading', 'ready')),
     created_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (tenant_id, id)
   )`,
  `CREATE TABLE asset_chunks (
     tenant_id uuid NOT NULL,
     asset_id uuid NOT NULL,
     n int NOT NULL,
     bytes bytea NOT NULL,
     PRIMARY KEY (asset_id, n),
     FOREIGN KEY (tenant_id, asset_id) REFERENCES assets (tenant_id, id) ON DELETE CASCADE
   )`,
  'ALTER TABLE asset_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL',
  // Telegram's file_id belongs to one bot: uploaded once per bot, then named.
  `CREATE TABLE asset_files (
     tenant_id uuid NOT NULL,
     bot_id uuid NOT NULL,
     asset_id uuid NOT NULL,
     kind text NOT NULL,
     file_id text NOT NULL,
     PRIMARY KEY (bot_id, asset_id, kind),
     FOREIGN KEY (tenant_id, bot_id) REFERENCES bots (tenant_id, id) ON DELETE CASCADE,
     FOREIGN KEY (tenant_id, asset_id) REFERENCES assets (tenant_id, id) ON DELETE CASCADE
   )`,
  `CREATE TABLE messages (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     content jsonb NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now(),
     archived_at timestamptz,
     UNIQUE (tenant_id, id)
   )`,

  // --- scheduling -------------------------------------------------------------------------------------------------
  `CREATE TABLE schedules (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
     name text NOT NULL,
     message_id uuid NOT NULL,
     audience jsonb NOT NULL,
     rule jsonb NOT NULL,
     time_zone text NOT NULL,
     state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'ended')),
     state_reason text,
     next_run_at timestamptz,
     last_run_at timestamptz,
     created_at timestamptz NOT NULL DEFAULT now(),
     updated_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (tenant_id, id),
     FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
   )`,
  `CREATE INDEX schedules_due ON schedules (next_run_at) WHERE state = 'active'`,
  `CREATE TABLE occurrences (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     tenant_id uuid NOT NULL,
     schedule_id uuid NOT NULL,
     due_at timestamptz NOT NULL,
     state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'started', 'skipped', 'failed')),
     reason text,
     broadcast_id uuid,
     created_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (schedule_id, due_at),
     FOREIGN KEY (tenant_id, schedule_id) REFERENCES schedules (tenant_id, id) ON DELETE CASCADE
   )`,
  `CREATE INDEX occurrences_waiting ON occurrences (due_at) WHERE state = 'waiting'`,

  // --- delivery ---------------------------------------------------------------------------------------------------
  `CREATE TABLE broadcasts (
     id uuid PRIMARY KEY DEFAULT uuidv7(),
     no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
     tenant_id uuid NOT NULL,
     message_id uuid NOT NULL,
     audience jsonb NOT NULL,
     schedule_id uuid,
     -- What its deliveries do; an edit, a recall or a pin changes the messages of its target.
     kind text NOT NULL DEFAULT 'send' CHECK (kind IN ('send', 'test', 'edit', 'recall', 'pin')),
     target_id uuid CHECK ((target_id IS NULL) OR kind IN ('edit', 'recall', 'pin')),
     due_at timestamptz NOT NULL DEFAULT now(),
     planned_on date NOT NULL,
     state text NOT NULL DEFAULT 'planning'
       CHECK (state IN ('planning', 'sending', 'paused', 'finished', 'cancelled', 'stopped')),
     state_reason text,
     -- Where planning stands: at a chat's id, or of a change at its number.
     plan_cursor uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
     plan_cursor_chat_no bigint NOT NULL DEFAULT 0,
     planned bigint NOT NULL DEFAULT 0,
     -- Planned once more: deliveries of these states, and of these reasons where there are any; NULL at any other time.
     resend_states smallint[],
     resend_reasons text[],
     -- What it may cost at most where it is paid for; NULL for the free pace.
     max_stars int CHECK (max_stars > 0),
     ambiguity_policy text NOT NULL DEFAULT 'leave' CHECK (ambiguity_policy IN ('leave', 'resend_once')),
     created_at timestamptz NOT NULL DEFAULT now(),
     planned_at timestamptz,
     ended_at timestamptz,
     -- What its report says when the deliveries are gone; counted again where a late answer made it untrue.
     totals jsonb,
     are_totals_true boolean NOT NULL DEFAULT false,
     UNIQUE (tenant_id, id),
     UNIQUE (schedule_id, due_at),
     FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id),
     FOREIGN KEY (tenant_id, schedule_id) REFERENCES schedules (tenant_id, id) ON DELETE SET NULL (schedule_id),
     FOREIGN KEY (tenant_id, target_id) REFERENCES broadcasts (tenant_id, id) ON DELETE SET NULL (target_id)
   )`,
  'CREATE INDEX broadcasts_of_tenant ON broadcasts (tenant_id, id)',
  'CREATE INDEX broadcasts_of_target ON broadcasts (tenant_id, target_id) WHERE target_id IS NOT NULL',
  `CREATE INDEX broadcasts_unended ON broadcasts (no) WHERE state IN ('planning', 'sending', 'paused')`,
  // Tests go first, and are found without the broadcasts that wait beside them.
  `CREATE INDEX broadcasts_tried_out ON broadcasts (tenant_id) WHERE kind = 'test' AND state IN ('planning', 'sending')`,
  'CREATE INDEX broadcasts_untold ON broadcasts (no) WHERE NOT are_totals_true AND ended_at IS NOT NULL',
  'CREATE INDEX broadcasts_by_day ON broadcasts (planned_on)',
  // Who drives lanes: one lease of one process for all of them. Once over it stays over, so its number is never alive again.
  `CREATE TABLE lane_owners (
     no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     -- -infinity from the first lane on that another owner took: then it is over on every clock, and was so at ended_at.
     until timestamptz NOT NULL,
     ended_at timestamptz
   ) WITH (fillfactor = 50)`,
  // A lane is all waiting deliveries of one bot. Its owner is a number of lane_owners, without a foreign key: that would
  // look at every lane that is taken. No number leaves that table while a lane has it.
  `CREATE TABLE lanes (
     bot_no bigint PRIMARY KEY,
     tenant_id uuid NOT NULL,
     owner bigint,
     epoch bigint NOT NULL DEFAULT 0,
     let_go_at timestamptz NOT NULL DEFAULT '-infinity',
     rest_until timestamptz NOT NULL DEFAULT '-infinity',
     -- What the pace leaves to the next owner: a fallen limit, groups of the last minute, chats at rest.
     pace jsonb,
     FOREIGN KEY (tenant_id, bot_no) REFERENCES bots (tenant_id, no) ON DELETE CASCADE
   ) WITH (fillfactor = 50)`,
  'CREATE INDEX lanes_owned ON lanes (owner) WHERE owner IS NOT NULL',
  // What a bot answers to people. Unique per (update, n), so that an update handled twice answers once.
  `CREATE TABLE replies (
     no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     tenant_id uuid NOT NULL,
     bot_no bigint NOT NULL,
     update_id bigint NOT NULL,
     n smallint NOT NULL,
     method text NOT NULL,
     parameters jsonb NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (bot_no, update_id, n),
     FOREIGN KEY (tenant_id, bot_no) REFERENCES bots (tenant_id, no) ON DELETE CASCADE
   )`,
  'CREATE INDEX replies_by_age ON replies (created_at)',
  // The one table of millions: narrow keys, no foreign keys (195,000 rows/s; with UUIDs and three keys 37,000).
  // class: 1 broadcast (source_no is a broadcast's no), 2 reply (source_no is a reply's no).
  // state: 0 queued, 1 sending, 2 sent, 3 failed, 4 unknown, 5 cancelled, 6 skipped. (epoch, attempt) names one try.
  `CREATE TABLE deliveries (
     planned_on date NOT NULL,
     class smallint NOT NULL CHECK (class IN (1, 2)),
     source_no bigint NOT NULL,
     chat_no bigint NOT NULL,
     bot_no bigint NOT NULL,
     tenant_id uuid NOT NULL,
     state smallint NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 6),
     is_open boolean NOT NULL DEFAULT true CHECK (is_open = (state IN (0, 1))),
     attempt smallint NOT NULL DEFAULT 0,
     epoch bigint NOT NULL DEFAULT 0,
     not_before timestamptz NOT NULL DEFAULT '-infinity',
     sending_at timestamptz,
     settled_at timestamptz,
     message_id bigint,
     reason text,
     -- Begins with what tells rows apart: with class in front, a day whose statistics know of no replies was read whole.
     PRIMARY KEY (source_no, chat_no, class, planned_on)
   ) PARTITION BY RANGE (planned_on)`,
  // A lane reads its queue in this order: answers to people first (class 2), then broadcasts by age. The indexes hang on
  // is_open and never on state: so the step from queued to sending touches no index at all (a heap-only update).
  `CREATE INDEX deliveries_open ON deliveries (bot_no, class DESC, source_no, chat_no) WHERE is_open`,
  // What a broadcast has left. Its condition is one that no other statement implies: while a day's statistics know of no
  // open row, every statement over open rows took the whole of this index for the cheapest way (100 lanes: 2 s).
  `CREATE INDEX deliveries_left ON deliveries (source_no) WHERE CASE WHEN is_open THEN class END = 1`,
  // Nothing is lost when nobody made a day's partition.
  `CREATE TABLE deliveries_other_days PARTITION OF deliveries DEFAULT WITH (fillfactor = 70)`,
  // Partitions are the owner's; this and the next two are all that the dispatcher may do in the owner's name.
  `CREATE FUNCTION ensure_delivery_partition(day date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
   SET search_path = public, pg_temp AS $$
   DECLARE partition_name text := 'deliveries_' || to_char(day, 'YYYYMMDD');
   BEGIN
     IF day NOT BETWEEN current_date - 1 AND current_date + 31 THEN
       RAISE EXCEPTION 'partitions are made from yesterday to a month ahead, not for %', day;
     END IF;
     PERFORM pg_advisory_xact_lock(hashtext('ensure_delivery_partition'));
     IF to_regclass(partition_name) IS NULL THEN
       EXECUTE format('CREATE TABLE %I PARTITION OF deliveries FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 70)',
                      partition_name, day, day + 1);
     END IF;
   END $$`,
  'REVOKE ALL ON FUNCTION ensure_delivery_partition(date) FROM PUBLIC',
  'GRANT EXECUTE ON FUNCTION ensure_delivery_partition(date) TO arauto_dispatcher',
  // A day that filled since anybody looked is planned for as if it were empty; autovacuum comes once a minute at best.
  `CREATE FUNCTION analyze_delivery_partition(day date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
   SET search_path = public, pg_temp AS $$
   DECLARE partition_id regclass := to_regclass('deliveries_' || to_char(day, 'YYYYMMDD'));
   BEGIN
     IF pg_stat_get_mod_since_analyze(partition_id)
          > (SELECT greatest(1000, 0.5 * reltuples) FROM pg_class WHERE oid = partition_id)
        AND pg_try_advisory_xact_lock(hashtext('analyze_delivery_partition')) THEN
       EXECUTE format('ANALYZE %s', partition_id);
     END IF;
   END $$`,
  'REVOKE ALL ON FUNCTION analyze_delivery_partition(date) FROM PUBLIC',
  'GRANT EXECUTE ON FUNCTION analyze_delivery_partition(date) TO arauto_dispatcher',
  // A look into the partial index of each day's partition, and into those of days that never got one.
  `CREATE FUNCTION open_delivery_days() RETURNS SETOF date LANGUAGE plpgsql STABLE SECURITY DEFINER
   SET search_path = public, pg_temp SET enable_seqscan = off AS $$
   DECLARE
     today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
     -- Whoever has this answer may plan by it for a minute.
     soon date := (clock_timestamp() AT TIME ZONE 'UTC' + interval '1 hour')::date;
     partition_name text;
     day date;
     has_open boolean;
   BEGIN
     RETURN QUERY SELECT today UNION SELECT soon;
     FOR partition_name, day IN
       SELECT relname, to_date(substring(relname FROM '^deliveries_([0-9]{8})$'), 'YYYYMMDD')
       FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
       WHERE inhparent = 'deliveries'::regclass AND relname ~ '^deliveries_[0-9]{8}$'
     LOOP
       CONTINUE WHEN day IN (today, soon);
       BEGIN
         EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE is_open)', partition_name) INTO has_open;
       EXCEPTION WHEN undefined_table THEN
         -- Dropped since it was listed, which only happens to one without anything open.
         CONTINUE;
       END;
       IF has_open THEN
         RETURN NEXT day;
       END IF;
     END LOOP;
     RETURN QUERY SELECT DISTINCT d.planned_on FROM deliveries_other_days d
       WHERE d.is_open AND d.planned_on NOT IN (today, soon);
   END $$`,
  'REVOKE ALL ON FUNCTION open_delivery_days() FROM PUBLIC',
  'GRANT EXECUTE ON FUNCTION open_delivery_days() TO arauto_dispatcher',
  // Nobody waits long for the lock on the whole table: it is given up after a second and tried again an hour later.
  `CREATE FUNCTION drop_delivery_partition(day date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
   SET search_path = public, pg_temp SET lock_timeout = '1s' AS $$
   DECLARE
     partition_name text := 'deliveries_' || to_char(day, 'YYYYMMDD');
     has_open boolean;
   BEGIN
     IF day >= current_date - 90 THEN
       RAISE EXCEPTION 'deliveries are kept for 90 days; % is younger', day;
     END IF;
     IF to_regclass(partition_name) IS NULL THEN
       RETURN false;
     END IF;
     EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE is_open)', partition_name) INTO has_open;
     IF has_open THEN
       RETURN false;
     END IF;
     -- The parent first, as everybody who writes; and a second look, now that nobody can.
     LOCK TABLE ONLY deliveries IN ACCESS EXCLUSIVE MODE;
     EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE is_open)', partition_name) INTO has_open;
     IF has_open THEN
       RETURN false;
     END IF;
     EXECUTE format('DROP TABLE %I', partition_name);
     RETURN true;
   END $$`,
  'REVOKE ALL ON FUNCTION drop_delivery_partition(date) FROM PUBLIC',
  'GRANT EXECUTE ON FUNCTION drop_delivery_partition(date) TO arauto_dispatcher',
  `SELECT ensure_delivery_partition(current_date + n) FROM generate_series(0, 7) AS n`,
];

/** Tables whose rows belong to one tenant, and the column that says to whom. */
const TENANT_TABLES: Record<string, string> = {
  tenants: 'id',
  ...Object.fromEntries(
    [
      'tenant_data_keys',
      'members',
      'sessions',
      'refresh_tokens',
      'idempotency_keys',
      'bots',
      'polling',
      'updates',
      'contacts',
      'chats',
      'tags',
      'chat_tags',
      'assets',
      'asset_chunks',
      'asset_files',
      'messages',
      'schedules',
      'occurrences',
      'broadcasts',
      'lanes',
      'replies',
      'deliveries',
    ].map((table) => [table, 'tenant_id']),
  ),
};

function policies(): string[] {
  return [
    ...Object.entries(TENANT_TABLES).flatMap(([table, column]) => [
      `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
      allowOwn(table, column),
    ]),
    'ALTER TABLE users ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE users FORCE ROW LEVEL SECURITY',
    `CREATE POLICY users_of_tenant ON users FOR SELECT TO arauto_app
       USING (EXISTS (SELECT FROM members WHERE members.user_id = users.id))`,
    ...['users', ...CROSSED].map(
      (table) =>
        `CREATE POLICY ${table}_crossing ON ${table} TO arauto_dispatcher USING (true) WITH CHECK (true)`,
    ),
  ];
}

/** What the dispatcher may see of every tenant, beside users; each with its reason. */
const CROSSED = [
  'tenants', // sign-up makes one; suspended ones are passed over
  'members', // sign-in finds a person's tenants
  'sessions', // refresh and sign-out come with a token alone
  'refresh_tokens',
  'idempotency_keys', // old ones leave
  'tenant_data_keys', // a lane decrypts its bot's token
  'bots', // lanes, pollers and the webhook map
  'polling',
  'updates', // the inbox groups many tenants' rows in one statement
  'chats', // a lane reads where to send
  'contacts', // and whom it greets
  'messages', // and what
  'assets', // and with which file
  'asset_chunks',
  'asset_files',
  'schedules', // the ticker
  'occurrences',
  'broadcasts', // the sweep
  'lanes',
  'replies',
  'deliveries',
];

const GRANTS = [
  'REVOKE ALL ON SCHEMA public FROM PUBLIC',
  'GRANT USAGE ON SCHEMA public TO arauto_app, arauto_dispatcher',
  ...Object.keys(TENANT_TABLES)
    .filter(
      (table) =>
        !['tenants', 'members', 'sessions', 'refresh_tokens', 'deliveries', 'lanes', 'updates'].includes(
          table,
        ),
    )
    .map((table) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO arauto_app`),
  'GRANT SELECT, UPDATE (name, language, time_zone) ON tenants TO arauto_app',
  // Whoever becomes a member is seen with name and e-mail address: nobody makes strangers members.
  'GRANT SELECT ON members TO arauto_app',
  'GRANT SELECT, UPDATE (ended_at, ended_reason) ON sessions TO arauto_app',
  'GRANT SELECT (id, email, name, language, created_at) ON users TO arauto_app',
  'GRANT SELECT, INSERT, UPDATE ON lanes, updates, deliveries TO arauto_app',
  'GRANT SELECT, INSERT, UPDATE, DELETE ON users, ' + CROSSED.join(', ') + ' TO arauto_dispatcher',
];
