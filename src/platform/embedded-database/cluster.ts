import { randomBytes } from 'node:crypto';
import { chown, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PostgresBinaries } from './binaries.js';
import { EmbeddedDatabaseError } from './embedded-database.errors.js';
import { makePassable } from './places.js';
import { runProgram, type ServerAccount } from './server-account.js';

/** The embedded server's superuser. */
export const SUPERUSER = 'postgres';

/** A cluster that initdb has finished. */
export interface Cluster {
  /** PostgreSQL's own data directory. */
  pgData: string;
  superuserPassword: string;
}

/**
 * Opens the cluster, making it first if there is none; call it under the directory's lock. initdb works in a folder of
 * its own that gets its name only when done: what an interrupted one left behind is never taken for a cluster.
 */
export async function openCluster(
  directory: string,
  binaries: PostgresBinaries,
  options: { account: ServerAccount | undefined; isDurable: boolean },
): Promise<Cluster> {
  const finished = join(directory, 'cluster');
  for (const entry of await readdir(directory)) {
    if (!entry.startsWith('initdb-')) continue;
    // An initdb whose parent was killed may still be writing there; it fails as its files vanish.
    await rm(join(directory, entry), { recursive: true, force: true, maxRetries: 10 });
  }
  const cluster =
    (await readCluster(finished)) ?? (await createCluster(directory, finished, binaries, options));
  const version = (await readFile(join(cluster.pgData, 'PG_VERSION'), 'utf8')).trim();
  if (version !== binaries.majorVersion) {
    throw new EmbeddedDatabaseError(
      `The data in ${finished} belong to PostgreSQL ${version}; this Arauto brings ${binaries.majorVersion}, which can't read them. ` +
        `Move that folder away to start empty, or run PostgreSQL ${version} on it yourself and set DATABASE_URL.`,
    );
  }
  return cluster;
}

async function readCluster(finished: string): Promise<Cluster | undefined> {
  try {
    return {
      pgData: join(finished, 'data'),
      superuserPassword: await readFile(join(finished, 'superuser-password'), 'utf8'),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    if ((await readdir(join(finished, '..'))).includes('cluster')) {
      throw new EmbeddedDatabaseError(
        `${join(finished, 'superuser-password')} is missing. Put it back, or move ${finished} away to start empty.`,
        { cause: error },
      );
    }
    return undefined;
  }
}

async function createCluster(
  directory: string,
  finished: string,
  binaries: PostgresBinaries,
  { account, isDurable }: { account: ServerAccount | undefined; isDurable: boolean },
): Promise<Cluster> {
  const workplace = join(directory, `initdb-${randomBytes(4).toString('hex')}`);
  const pgData = join(workplace, 'data');
  const passwordFile = join(workplace, 'superuser-password');
  const superuserPassword = randomBytes(24).toString('base64url');
  await makePassable(workplace);
  await makePassable(pgData);
  await writeFile(passwordFile, superuserPassword, { mode: 0o600 });
  if (account) {
    await chown(pgData, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  await runProgram(
    binaries.initdb,
    [
      `--pgdata=${pgData}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Comes with PostgreSQL, so text sorts and folds the same on every host.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      ...(isDurable ? [] : ['--no-sync']),
    ],
    account,
  );
  await rename(workplace, finished);
  return { pgData: join(finished, 'data'), superuserPassword };
}
