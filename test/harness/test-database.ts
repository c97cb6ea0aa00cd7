import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { startEmbeddedDatabase, type EmbeddedDatabase } from '../../src/platform/embedded-database/index.js';
import { prepareTemplate, testRoles, type TestRole } from './template.js';

/** Connections are closed by the client first; the server needs a moment to notice. */
const CLOSED_WITHIN_MS = 5_000;
const POLL_MS = 20;
const TEMPLATE_LOCK = 4_215_001;

/** A database of a test file's own, cloned from the migrated template. */
export interface TestDatabase {
  name: string;
  /** One for each login that the product uses, and the superuser's for arranging and looking. */
  urls: Record<TestRole | 'superuser', string>;
  /** Deletes it. Fails when a connection to it is still open: the test, or the code it tests, leaked one. */
  drop(): Promise<void>;
}

/** Call it in `beforeAll`, and `drop()` in `afterAll`. `npm test` hands over a server; a bare `npx jest` starts one. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await reachServer();
  try {
    const name = `arauto_test_${process.pid}_${randomBytes(4).toString('hex')}`;
    await asSuperuser(server.url, async (client) => {
      const template = await ensureTemplate(server.url, client);
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${template} OWNER arauto_owner`);
    });
    const urls = {
      superuser: composeUrl(server.url, { database: name }),
      ...mapRoles((role) =>
        composeUrl(server.url, { database: name, role, password: passwordOf(server.url, role) }),
      ),
    };
    return {
      name,
      urls,
      drop: async () => {
        try {
          await asSuperuser(server.url, (client) => dropWhenUnused(client, name));
        } finally {
          await server.stop();
        }
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function reachServer(): Promise<Pick<EmbeddedDatabase, 'url' | 'stop'>> {
  const url = process.env['TEST_DATABASE_URL'];
  if (url) return { url, stop: () => Promise.resolve() };
  return startEmbeddedDatabase({
    homeDirectory: process.cwd(),
    dataDirectory: '.arauto/test-postgres',
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '300',
    },
    log: () => undefined,
  });
}

/** The migrated template of this run, made by whichever test file comes first. */
async function ensureTemplate(serverUrl: string, client: Client): Promise<string> {
  const runId = process.env['TEST_RUN_ID'] ?? String(process.ppid);
  const template = `arauto_template_${runId}`;
  const comment = `prepared by run ${runId}`;
  await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    const { rows } = await client.query<{ comment: string | null }>(
      "SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1",
      [template],
    );
    if (rows[0]?.comment === comment) return template;
    await dropLeftovers(client, template);
    await ensureRoles(client, serverUrl);
    await client.query(`CREATE DATABASE ${template} OWNER arauto_owner`);
    await prepareTemplate(composeUrl(serverUrl, { database: template }));
    await client.query(`COMMENT ON DATABASE ${template} IS '${comment}'`);
    return template;
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
}

/** Databases of test processes that are no more, and templates of runs that are no more. */
async function dropLeftovers(client: Client, ownTemplate: string): Promise<void> {
  const { rows } = await client.query<{ datname: string }>(
    "SELECT datname FROM pg_database WHERE datname ~ '^arauto_(test|template)_[0-9]+(_[0-9a-f]+)?$'",
  );
  for (const { datname } of rows) {
    const processId = Number(datname.split('_')[2]);
    if (datname === ownTemplate || !isProcessAlive(processId)) {
      await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
    }
  }
}

function isProcessAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function ensureRoles(client: Client, serverUrl: string): Promise<void> {
  for (const role of testRoles) {
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    await client.query(
      `${rowCount ? 'ALTER' : 'CREATE'} ROLE ${role} LOGIN PASSWORD '${passwordOf(serverUrl, role)}'`,
    );
  }
}

/** The same for all runs that share a server, and nobody's guess. */
function passwordOf(serverUrl: string, role: TestRole): string {
  return createHash('sha256')
    .update(`${new URL(serverUrl).password} ${role}`)
    .digest('hex');
}

async function dropWhenUnused(client: Client, name: string): Promise<void> {
  let open: unknown[] = [];
  for (let waitedMs = 0; waitedMs < CLOSED_WITHIN_MS; waitedMs += POLL_MS) {
    ({ rows: open } = await client.query<Record<string, unknown>>(
      `SELECT usename, application_name, state, query FROM pg_stat_activity
       WHERE datname = $1 AND backend_type = 'client backend'`,
      [name],
    ));
    if (open.length === 0) break;
    await wait(POLL_MS);
  }
  await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  if (open.length > 0) {
    throw new Error(
      `Connections left open when the tests had ended; close them in afterAll:\n${JSON.stringify(open, null, 2)}`,
    );
  }
}

async function asSuperuser<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'test harness' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function composeUrl(
  serverUrl: string,
  parts: { database: string; role?: string; password?: string },
): string {
  const url = new URL(serverUrl);
  url.pathname = `/${parts.database}`;
  if (parts.role) url.username = parts.role;
  if (parts.password) url.password = parts.password;
  return url.href;
}

function mapRoles(compose: (role: TestRole) => string): Record<TestRole, string> {
  return Object.fromEntries(testRoles.map((role) => [role, compose(role)])) as Record<TestRole, string>;
}
