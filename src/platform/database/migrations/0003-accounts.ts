import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { crossing } from './tenant-table.js';

/** What people need to keep their accounts: proven addresses, ways back in, a second factor, and counted guesses. */
export class Accounts1700000000003 implements MigrationInterface {
  name = 'Accounts1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Second factors are not thrown away: restore a backup instead.'));
  }
}

const STATEMENTS = [
  'ALTER TABLE users ADD COLUMN email_confirmed_at timestamptz',
  'GRANT SELECT (email_confirmed_at) ON users TO arauto_app',
  // Grows with whatever ends a person's sessions or changes what proves that it is them: what was proven of an older one
  // opens nothing.
  'ALTER TABLE users ADD COLUMN credential_version int NOT NULL DEFAULT 1',
  // Since when somebody found the person in no tenant; such accounts go after a while.
  'ALTER TABLE users ADD COLUMN without_tenant_since timestamptz',

  // Sessions are the dispatcher's to open, where it can hold the version of the person against a reset.
  // A family is a sign-in with the sessions that came of it by switching tenants: they end together. A session remembers how
  // its refresh token travels, since none that came in a cookie may go on in a body.
  `ALTER TABLE sessions
     ADD COLUMN family_id uuid NOT NULL DEFAULT uuidv7(),
     ADD COLUMN transport text NOT NULL DEFAULT 'body' CHECK (transport IN ('body', 'cookie'))`,
  'CREATE INDEX sessions_of_family ON sessions (family_id)',
  'CREATE INDEX sessions_of_user ON sessions (user_id, id) WHERE ended_at IS NULL',

  // What proves one step of one person: a link in a mail, or the first half of a sign-in. Known by its hash alone, and
  // gone when it was used. The address is the one that the mail went to.
  `CREATE TABLE account_tokens (
     token_hash bytea PRIMARY KEY,
     user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
     purpose text NOT NULL CHECK (purpose IN ('confirm_email', 'reset_password', 'finish_sign_in')),
     email text,
     -- Where the person wants to act once signed in, whether they may or not; NULL for the tenant that they joined first.
     wanted_tenant_id uuid,
     -- Of the person whose password began a sign-in.
     credential_version int,
     created_at timestamptz NOT NULL DEFAULT now(),
     expires_at timestamptz NOT NULL
   )`,
  'CREATE INDEX account_tokens_of_user ON account_tokens (user_id)',
  'CREATE INDEX account_tokens_by_end ON account_tokens (expires_at)',

  // Who signed up and has not shown yet that the address is theirs; one for each address, gone when the link was used or
  // is too old.
  `CREATE TABLE pending_sign_ups (
     email text PRIMARY KEY,
     token_hash bytea NOT NULL UNIQUE,
     password_hash text NOT NULL,
     name text NOT NULL,
     tenant_name text NOT NULL,
     language text NOT NULL,
     time_zone text NOT NULL,
     expires_at timestamptz NOT NULL
   )`,
  'CREATE INDEX pending_sign_ups_by_end ON pending_sign_ups (expires_at)',

  // Sealed by a key that is not in the database. Off until a first code was right.
  `CREATE TABLE second_factors (
     user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
     secret_ciphertext bytea NOT NULL,
     confirmed_at timestamptz,
     -- The thirty seconds (counted from 1970) of the newest code that was used: no code serves twice.
     last_step bigint NOT NULL DEFAULT 0,
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE TABLE recovery_codes (
     user_id uuid NOT NULL REFERENCES second_factors ON DELETE CASCADE,
     code_hash bytea NOT NULL,
     used_at timestamptz,
     PRIMARY KEY (user_id, code_hash)
   )`,

  // Counted by all processes together, with the networks that accounts signed in from. Not logged: after a crash guessing
  // begins anew, and nothing else is lost. The order of bytes lets an account's counts be found by how their keys begin.
  `CREATE UNLOGGED TABLE guess_counts (
     key text COLLATE "C" PRIMARY KEY,
     count int NOT NULL DEFAULT 0,
     blocked_until timestamptz NOT NULL DEFAULT now(),
     forgotten_at timestamptz NOT NULL DEFAULT now()
   ) WITH (fillfactor = 70)`,
  'CREATE INDEX guess_counts_by_end ON guess_counts (forgotten_at)',

  // People belong to no tenant alone, and prove who they are before a tenant is known.
  ...['account_tokens', 'pending_sign_ups', 'second_factors', 'recovery_codes', 'guess_counts'].flatMap(
    (name) => crossing(name),
  ),
];
