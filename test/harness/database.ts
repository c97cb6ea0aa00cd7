import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import {
  DATABASE_ROLES,
  type DatabaseRole,
  type DatabaseUrls,
  migrate,
  prepareDatabase,
} from '../../src/platform/database/index.js';
import { startEmbeddedDatabase, type EmbeddedDatabase } from '../../src/platform/embedded-database/index.js';
import { migrateQueue } from '../../src/platform/queue/index.js';

/** Connections are closed by the client first; the server needs a moment to notice. */
const CLOSED_WITHIN_MS = 3_000;
const POLL_MS = 20;
/** Any number, as long as the product locks nothing on the database `postgres`. */
const TEMPLATE_LOCK = 4_215_001;

/** A database of a test file's own, cloned from the migrated template. */
export interface TestDatabase {
  name: string;
  /** One for each login that the product uses, and the superuser's for arranging and looking. */
  urls: DatabaseUrls & { readonly superuser: string };
  /** Deletes it. Fails when a connection to it is still open: the test, or the code it tests, leaked one. */
  drop(): Promise<void>;
}

/**
 * Call it in `beforeAll`, and `drop()` in `afterAll`. `npm test` hands over a server; a bare `npx jest` starts one.
 * @param ownServerUrl where the test has a server of its own, which it ends itself
 */
export async function createTestDatabase(ownServerUrl?: string): Promise<TestDatabase> {
  const server = await reachServer(ownServerUrl);
  try {
    const name = `arauto_test_${process.pid}_${randomBytes(4).toString('hex')}`;
    await asSuperuser(server.url, async (client) => {
      const template = await ensureTemplate(server.url, client);
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${template} OWNER ${DATABASE_ROLES.owner}`);
    });
    return {
      name,
      urls: {
        superuser: composeUrl(server.url, name),
        owner: composeUrl(server.url, name, 'owner'),
        app: composeUrl(server.url, name, 'app'),
        dispatcher: composeUrl(server.url, name, 'dispatcher'),
      },
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

async function reachServer(ownServerUrl?: string): Promise<Pick<EmbeddedDatabase, 'url' | 'stop'>> {
  const url = ownServerUrl ?? process.env['TEST_DATABASE_URL'];
  if (url) return { url, stop: () => Promise.resolve() };
  const options = JSON.parse(await readFile(join(__dirname, 'test-server.json'), 'utf8')) as {
    dataDirectory: string;
    settings: Record<string, string>;
  };
  return startEmbeddedDatabase({
    homeDirectory: join(__dirname, '../..'),
    ...options,
    log: () => undefined,
  });
}

/** The migrated template of this run, made by whichever test file comes first. */
async function ensureTemplate(serverUrl: string, client: Client): Promise<string> {
  const template = `arauto_template_${process.env['TEST_RUN_ID']}`;
  await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    const { rows } = await client.query<{ comment: string | null }>(
      "SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1",
      [template],
    );
    if (rows[0]?.comment === 'prepared') return template;
    await dropLeftovers(client, template);
    const { owner } = await prepareDatabase(serverUrl, template, {
      owner: derivePassword(serverUrl, 'owner'),
      app: derivePassword(serverUrl, 'app'),
      dispatcher: derivePassword(serverUrl, 'dispatcher'),
    });
    await migrate(owner);
    await migrateQueue(owner);
    await client.query(`COMMENT ON DATABASE ${template} IS 'prepared'`);
    return template;
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
}

/** Databases whose process is no more, and our own template if its preparation failed. */
async function dropLeftovers(client: Client, ownTemplate: string): Promise<void> {
  const { rows } = await client.query<{ datname: string }>(
    "SELECT datname FROM pg_database WHERE datname ~ '^arauto_(test|template)_[0-9]+_[0-9a-f]+$'",
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

/** The same for all runs that share a server, and nobody's guess. */
function derivePassword(serverUrl: string, role: DatabaseRole): string {
  const secret = new URL(serverUrl).password;
  return createHash('sha256').update(`${secret} ${role}`).digest('hex');
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

function composeUrl(serverUrl: string, database: string, role?: DatabaseRole): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  if (role) {
    url.username = DATABASE_ROLES[role];
    url.password = derivePassword(serverUrl, role);
  }
  return url.href;
}
