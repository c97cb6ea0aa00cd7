import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { prepareBinaries } from './binaries.js';
import { openCluster, SUPERUSER } from './cluster.js';
import { countHolders, hold, withDirectoryLock } from './directory-lock.js';
import { prepareDataDirectory } from './places.js';
import { findRunningServer, launchServer, stopServer } from './server.js';
import { chooseServerAccount } from './server-account.js';

export interface EmbeddedDatabaseOptions {
  /** The root of the repository: where `node_modules` is and `.arauto` goes. */
  homeDirectory: string;
  /** Where the cluster lives, relative to the home directory; for root, what is inside it moves outside. */
  dataDirectory?: string;
  /** The database that the url names; made if missing. */
  databaseName?: string;
  /** Left out or 0: any free port. */
  port?: number;
  /** PostgreSQL settings by name. Only tests may trade safety for speed here (`fsync=off`). */
  settings?: Readonly<Record<string, string>>;
  /** Variables for the server's processes, which get none of ours; a proof preloads a clock of its own so. */
  environment?: Readonly<Record<string, string>>;
  log: (line: string) => void;
}

export interface EmbeddedDatabase {
  /** With the superuser's name and password. */
  url: string;
  port: number;
  /** Where the data really are. */
  dataDirectory: string;
  /** True when the server ran already for another process that still uses it. */
  isShared: boolean;
  /** Leaves the server; the last one to leave stops it. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL that npm brought, on 127.0.0.1, and makes its cluster on first use. Processes that start it on
 * the same directory share one server. A server that its process left behind (killed, crashed) is stopped first, so that
 * what runs has the settings asked for.
 *
 * @throws EmbeddedDatabaseError when the host can't run it; the message says what to do.
 */
export async function startEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const { settings = {}, environment = {}, databaseName = 'arauto', port: wantedPort = 0, log } = options;
  const homeDirectory = await realpath(options.homeDirectory);
  const account = await chooseServerAccount();
  const binaries = await prepareBinaries(homeDirectory, account);
  const dataDirectory = await prepareDataDirectory(
    options.dataDirectory ?? join('.arauto', 'postgres'),
    homeDirectory,
    account,
  );
  const isDurable = settings['fsync'] !== 'off';

  return withDirectoryLock(dataDirectory, async () => {
    const cluster = await openCluster(dataDirectory, binaries, { account, isDurable });
    const others = await countHolders(dataDirectory);
    const running = await findRunningServer(cluster.pgData);
    const isShared = running !== undefined && others > 0;
    if (running && !isShared) {
      log(`Stopping a PostgreSQL that an earlier run left behind (process ${running.processId})`);
      await stopServer(binaries, cluster.pgData, account);
    }
    const { port } = isShared
      ? running
      : await launchServer(binaries, cluster.pgData, {
          port: wantedPort,
          settings,
          environment,
          logFile: join(dataDirectory, 'postgres.log'),
          account,
        });
    const holding = await hold(dataDirectory);
    log(`PostgreSQL ${isShared ? 'already runs' : 'runs'} on 127.0.0.1:${port}, data in ${dataDirectory}`);

    const leave = async (): Promise<void> => {
      await holding.release();
      if ((await countHolders(dataDirectory)) === 0) await stopServer(binaries, cluster.pgData, account);
    };
    const composeUrl = (name: string): string =>
      `postgresql://${SUPERUSER}:${cluster.superuserPassword}@127.0.0.1:${port}/${encodeURIComponent(name)}`;
    try {
      await ensureDatabase(composeUrl('postgres'), databaseName);
    } catch (error) {
      await leave();
      throw error;
    }
    let leaving: Promise<void> | undefined;
    return {
      url: composeUrl(databaseName),
      port,
      dataDirectory,
      isShared,
      stop: () => (leaving ??= withDirectoryLock(dataDirectory, leave)),
    };
  });
}

async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
