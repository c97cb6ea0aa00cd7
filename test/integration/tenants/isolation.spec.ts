import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';

/**
 * Raw probes as the application's login: what the policies alone let through, whatever the code asks. That every table
 * has them is the catalogue's proof, that these probes notice when one is missing the proof of isolation.
 */
describe('isolation by the database', () => {
  const [ana, bia] = [randomUUID(), randomUUID()];
  let database: TestDatabase;
  let superuser: pg.Client;
  let application: pg.Client;
  const tables: string[] = [];
  let readable: string[];

  beforeAll(async () => {
    database = await createTestDatabase();
    superuser = await connect(database.urls.superuser);
    application = await connect(database.urls.app);
    await superuser.query(await readFile(join(__dirname, '../../harness/planting.sql'), 'utf8'));
    const { rows } = await superuser.query<{ name: string }>('SELECT name FROM pg_temp.owned_tables()');
    tables.push(...rows.map((row) => row.name));
    const granted = await superuser.query<{ name: string }>(
      `SELECT name FROM unnest($1::text[]) AS name
       WHERE has_column_privilege('arauto_app', name, CASE WHEN name IN ('tenants', 'users') THEN 'id' ELSE 'tenant_id' END, 'SELECT')`,
      [tables],
    );
    readable = granted.rows.map((row) => row.name);
    await superuser.query('SET session_replication_role = replica');
    await superuser.query(
      `SELECT pg_temp.plant(name, owner_column, owner)
       FROM pg_temp.owned_tables(), unnest($1::uuid[]) AS owner`,
      [[ana, bia]],
    );
  });
  afterAll(async () => {
    await application.end();
    await superuser.end();
    await database.drop();
  });

  async function asTenant<Result>(tenantId: string, work: () => Promise<Result>): Promise<Result> {
    await application.query('BEGIN');
    try {
      await application.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenantId]);
      return await work();
    } finally {
      await application.query('ROLLBACK');
    }
  }

  it('lets the application read every table but the refresh tokens', () => {
    expect(tables.filter((table) => !readable.includes(table))).toEqual(['refresh_tokens']);
  });

  it('shows nothing without a tenant, neither on a fresh connection nor on one that had a tenant', async () => {
    const count = async () => {
      const seen: Record<string, number> = {};
      for (const table of readable) {
        const { rows } = await application.query(`SELECT ${tenantColumnOf(table)} FROM ${table}`);
        if (rows.length > 0) seen[table] = rows.length;
      }
      return seen;
    };
    expect(await count()).toEqual({});
    await asTenant(ana, () => Promise.resolve());
    expect(await count()).toEqual({});
  });

  it("shows a tenant its own rows and never another's", async () => {
    for (const [tenantId, table] of [ana, bia].flatMap((id) => readable.map((name) => [id, name] as const))) {
      const { rows } = await asTenant(tenantId, () =>
        application.query<{ owner: string }>(`SELECT ${tenantColumnOf(table)} AS owner FROM ${table}`),
      );
      expect({ table, owners: rows.map((row) => row.owner) }).toEqual({ table, owners: [tenantId] });
    }
  });

  it("neither writes into another tenant, nor changes or deletes another's rows", async () => {
    const mine = async (table: string, privilege: string) => {
      const { rows } = await superuser.query<{ isAllowed: boolean }>(
        `SELECT ${privilege === 'DELETE' ? 'has_table_privilege($1, $2, $3)' : "has_column_privilege($1, $2, 'tenant_id', $3)"} AS "isAllowed"`,
        ['arauto_app', table, privilege],
      );
      return rows[0]?.isAllowed ?? false;
    };
    let probes = 0;
    for (const table of tables.filter((name) => tenantColumnOf(name) === 'tenant_id')) {
      if (await mine(table, 'UPDATE')) {
        probes++;
        await expect(
          asTenant(ana, () => application.query(`UPDATE ${table} SET tenant_id = '${bia}'`)),
        ).rejects.toThrow('row-level security');
        const changed = await asTenant(ana, () =>
          application.query(`UPDATE ${table} SET tenant_id = tenant_id WHERE tenant_id = '${bia}'`),
        );
        expect({ table, changed: changed.rowCount }).toEqual({ table, changed: 0 });
      }
      if (await mine(table, 'DELETE')) {
        probes++;
        const deleted = await asTenant(ana, () =>
          application.query(`DELETE FROM ${table} WHERE tenant_id = '${bia}'`),
        );
        expect({ table, deleted: deleted.rowCount }).toEqual({ table, deleted: 0 });
      }
    }
    expect(probes).toBeGreaterThan(20);
  });

  it('ties what refers to a row to the tenant of that row', async () => {
    const { rows } = await superuser.query<{ key: string }>(
      `SELECT conrelid::regclass || ': ' || pg_get_constraintdef(oid) AS key FROM pg_constraint
        WHERE contype = 'f' AND conrelid::regclass::text = ANY ($1) AND confrelid::regclass::text = ANY ($1)
          AND confrelid NOT IN ('tenants'::regclass, 'users'::regclass)
          AND NOT EXISTS (
            SELECT FROM unnest(conkey, confkey) AS pair (own, other)
              JOIN pg_attribute mine ON mine.attrelid = conrelid AND mine.attnum = own
              JOIN pg_attribute theirs ON theirs.attrelid = confrelid AND theirs.attnum = other
             WHERE mine.attname = 'tenant_id' AND theirs.attname = 'tenant_id')`,
      [tables],
    );
    expect(rows).toEqual([]);
    const bots = await superuser.query<{ no: string }>('SELECT no FROM bots WHERE tenant_id = $1', [bia]);
    await expect(
      asTenant(ana, () =>
        application.query('INSERT INTO lanes (bot_no, tenant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
          Number(bots.rows[0]?.no) + 1_000_000,
          ana,
        ]),
      ),
    ).rejects.toThrow('lanes_tenant_id_bot_no_fkey');
  });

  it('lets no tenant see a stranger by making them a member', async () => {
    await expect(
      asTenant(ana, () =>
        application.query(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'viewer')`, [
          ana,
          bia,
        ]),
      ),
    ).rejects.toThrow('permission denied');
  });

  it('lets no tenant lift its own suspension or read password hashes', async () => {
    await expect(
      asTenant(ana, () => application.query(`UPDATE tenants SET state = 'active'`)),
    ).rejects.toThrow('permission denied');
    await expect(asTenant(ana, () => application.query('SELECT password_hash FROM users'))).rejects.toThrow(
      'permission denied',
    );
  });
});

/** Of the tables that have no tenant_id: a tenant is itself, and a planted person has its tenant's id. */
function tenantColumnOf(table: string): string {
  return table === 'tenants' || table === 'users' ? 'id' : 'tenant_id';
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  return client;
}
