import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { EmbeddedDatabaseError } from './embedded-database.errors.js';
import { type ServerAccount } from './server-account.js';

/**
 * The folder, made if missing, in which the cluster lives. For root, a folder inside the clone moves to
 * `/var/lib/arauto/<clone>/`: the account that runs the server may be unable to enter the clone (home folders are often
 * closed to others).
 */
export async function prepareDataDirectory(
  wanted: string,
  homeDirectory: string,
  account: ServerAccount | undefined,
): Promise<string> {
  const requested = resolve(homeDirectory, wanted);
  const insideHome = relative(homeDirectory, requested);
  const isInsideHome = !insideHome.startsWith('..') && !isAbsolute(insideHome);
  let directory = requested;
  if (account && isInsideHome) {
    directory = await openOutsideDirectory(account);
    for (const level of [await nameClone(homeDirectory), ...insideHome.split(sep)]) {
      directory = join(directory, level);
      await makePassable(directory);
    }
  } else {
    await mkdir(directory, { recursive: true, mode: 0o711 });
  }
  const actual = await realpath(directory);
  if (account && !(await isReachable(actual))) {
    throw new EmbeddedDatabaseError(
      `Started by root, PostgreSQL runs as user "${account.name}", who can't enter ${actual}. ` +
        'Choose a folder that others can enter (mode o+x on every folder above it).',
    );
  }
  return actual;
}

/** Where root keeps what the server's account must reach: PostgreSQL's programs and the clusters. */
export async function openOutsideDirectory(account: ServerAccount): Promise<string> {
  const candidates = ['/var/lib/arauto', join(tmpdir(), 'arauto'), '/tmp/arauto'];
  const reasons: string[] = [];
  for (const candidate of candidates) {
    try {
      const isNew = await mkdir(candidate, { recursive: true });
      // Whatever the umask.
      if (isNew) await chmod(candidate, 0o755);
      const { uid, mode } = await lstat(candidate);
      // In a folder open to all, somebody else may have made this one before us: what lies there would be run.
      const isOurs = uid === process.getuid?.() && (mode & 0o170022) === 0o040000;
      if (isOurs && (await isReachable(candidate))) return candidate;
      reasons.push(`${candidate}: ${isOurs ? 'closed to others' : 'not ours alone'}`);
    } catch (error) {
      reasons.push(`${candidate}: ${(error as Error).message}`);
    }
  }
  throw new EmbeddedDatabaseError(
    `No folder is left for the database that user "${account.name}" can enter (${reasons.join('; ')}). ` +
      'Repair one of them, run Arauto as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.',
  );
}

/**
 * A name for this clone and no other. The path alone isn't enough: a clone deleted and made anew must not find the old
 * one's data, whose secrets went away with it.
 */
async function nameClone(homeDirectory: string): Promise<string> {
  const folder = join(homeDirectory, '.arauto');
  const file = join(folder, 'clone-id');
  await mkdir(folder, { recursive: true });
  await writeFile(file, randomBytes(16).toString('hex'), { flag: 'wx' }).catch(ignoreExisting);
  const { uid, gid } = await stat(homeDirectory);
  // The clone's owner will want to run it too, without root.
  await Promise.all([chown(folder, uid, gid), chown(file, uid, gid)]);
  const id = await readFile(file, 'utf8');
  return createHash('sha256').update(`${homeDirectory}\n${id}`).digest('hex').slice(0, 16);
}

/** Can everybody enter this folder, and all above it? */
async function isReachable(directory: string): Promise<boolean> {
  for (let current = directory; ; current = dirname(current)) {
    if (((await stat(current)).mode & 0o001) === 0) return false;
    if (current === dirname(current)) return true;
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** Makes a folder that others may pass through but not list, whatever the umask. */
export async function makePassable(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o711);
}
