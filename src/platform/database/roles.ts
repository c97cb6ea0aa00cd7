import pg from 'pg';

/** The three logins: who owns, who serves one tenant at a time, who crosses. */
export const DATABASE_ROLES = {
  owner: 'arauto_owner',
  app: 'arauto_app',
  dispatcher: 'arauto_dispatcher',
} as const;
export type DatabaseRole = keyof typeof DATABASE_ROLES;
export type DatabaseUrls = Readonly<Record<DatabaseRole, string>>;

/**
 * Makes the three logins and a database that the owner owns, on a server where we are superuser (the embedded one, a
 * test's). Running it again sets the passwords again and changes nothing else.
 *
 * @param superuserUrl a login that may create roles and databases
 * @returns the address of the database for each login
 */
export async function prepareDatabase(
  superuserUrl: string,
  database: string,
  passwords: Readonly<Record<DatabaseRole, string>>,
): Promise<DatabaseUrls> {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    // Two processes that start at once would both find the role absent.
    await client.query(`SELECT pg_advisory_lock(hashtext('arauto.prepare'))`);
    for (const role of Object.keys(DATABASE_ROLES) as DatabaseRole[]) {
      const name = client.escapeIdentifier(DATABASE_ROLES[role]);
      const existing = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [DATABASE_ROLES[role]]);
      const verb = existing.rowCount ? 'ALTER' : 'CREATE';
      await client.query(
        `${verb} ROLE ${name} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD ${client.escapeLiteral(passwords[role])}`,
      );
    }
    const existing = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (!existing.rowCount) {
      await client.query(
        `CREATE DATABASE ${client.escapeIdentifier(database)} OWNER ${DATABASE_ROLES.owner}`,
      );
    }
  } finally {
    await client.end();
  }
  const urlOf = (role: DatabaseRole): string => {
    const url = new URL(superuserUrl);
    url.username = DATABASE_ROLES[role];
    url.password = encodeURIComponent(passwords[role]);
    url.pathname = `/${database}`;
    return url.href;
  };
  return { owner: urlOf('owner'), app: urlOf('app'), dispatcher: urlOf('dispatcher') };
}
