import { type ClientBase } from 'pg';

/** The database can't be trusted with tenants' data as it is set up; the message says what to change. */
export class UnsafeDatabaseError extends Error {
  override readonly name = 'UnsafeDatabaseError';
}

type Connection = Pick<ClientBase, 'query'>;

/** What a login may do by itself, or as any role that it is a member of. */
interface LoginFacts {
  readonly login: string;
  /** Names of roles that row-level security doesn't bind. */
  readonly bypassing: string | null;
  /** Names of tables. */
  readonly owned: string | null;
  /** Names of policies that show every tenant's rows. */
  readonly crossing: string | null;
  /** Settings that are off, of those that a commit's safety hangs on. */
  readonly switchedOff: string | null;
}

// session_user, since whoever begins as a role may become it again.
const FACTS = `
  WITH reachable AS (
    SELECT oid, rolname, rolsuper OR rolbypassrls AS bypasses FROM pg_roles
    WHERE rolname = session_user OR pg_has_role(session_user, oid, 'MEMBER'))
  SELECT session_user AS login,
    (SELECT string_agg(rolname, ', ' ORDER BY rolname <> session_user, rolname) FROM reachable WHERE bypasses) AS bypassing,
    (SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class
      WHERE relowner IN (SELECT oid FROM reachable) AND relkind IN ('r', 'p')
        AND relnamespace = 'public'::regnamespace) AS owned,
    (SELECT string_agg(polname, ', ' ORDER BY polname) FROM pg_policy
      WHERE polpermissive AND (0 = ANY (polroles) OR polroles && ARRAY(SELECT oid FROM reachable))
        AND 'true' IN (pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))) AS crossing,
    (SELECT string_agg(name, ' and ' ORDER BY name) FROM pg_settings
      WHERE name IN ('fsync', 'synchronous_commit') AND setting = 'off') AS "switchedOff"`;

/**
 * Refuses logins that row-level security doesn't bind, or that are one where two are needed, and a server that
 * acknowledges commits before they are safe (with `synchronous_commit` off, 178 of 155,598 acknowledged commits were gone
 * after five crashes).
 *
 * @param app a connection of the login that serves one tenant at a time
 * @param dispatcher a connection of the login that crosses tenants
 * @param needsDurability false for throw-away test servers only
 * @throws UnsafeDatabaseError
 */
export async function refuseUnsafeDatabase(
  app: Connection,
  dispatcher: Connection,
  needsDurability: boolean,
): Promise<void> {
  const facts = await findFacts(app);
  const crossing = await findFacts(dispatcher);
  for (const one of [facts, crossing]) refuseUnbound(one);
  if (facts.login === crossing.login) {
    throw new UnsafeDatabaseError(
      `DATABASE_URL and DATABASE_DISPATCHER_URL have the same login, ${facts.login}. One serves a tenant at a time, the other crosses tenants: give each its own.`,
    );
  }
  if (facts.crossing !== null) {
    throw new UnsafeDatabaseError(
      `The login ${facts.login} of DATABASE_URL sees every tenant's rows (by ${facts.crossing}). Give DATABASE_URL a login that only its own policies apply to, and take back what makes it a member of another: REVOKE arauto_dispatcher FROM ${facts.login}.`,
    );
  }
  const switchedOff = facts.switchedOff ?? crossing.switchedOff;
  if (needsDurability && switchedOff !== null) {
    throw new UnsafeDatabaseError(
      `PostgreSQL runs with ${switchedOff} off, so a crash would lose messages that were accepted. Switch it on.`,
    );
  }
}

function refuseUnbound({ login, bypassing, owned }: LoginFacts): void {
  if (bypassing !== null) {
    throw new UnsafeDatabaseError(
      `The login ${login} is superuser or bypasses row-level security, by itself or as a member (of ${bypassing}), so tenants would see each other. Use a plain login: ALTER ROLE ${login} NOSUPERUSER NOBYPASSRLS, and REVOKE what it is a member of.`,
    );
  }
  if (owned !== null) {
    throw new UnsafeDatabaseError(
      `The login ${login} owns tables, by itself or as a member of who does (${owned}). Give them to DATABASE_OWNER_URL's login, which is nobody else's: REASSIGN OWNED BY ${login} TO arauto_owner; REVOKE arauto_owner FROM ${login}.`,
    );
  }
}

async function findFacts(connection: Connection): Promise<LoginFacts> {
  const { rows } = await connection.query<LoginFacts>(FACTS);
  if (!rows[0]) throw new UnsafeDatabaseError('The database does not say who we are.');
  return rows[0];
}
