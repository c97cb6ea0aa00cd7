import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EmbeddedDatabaseError } from './embedded-database.errors.js';
import { findProcess } from './running-process.js';

const RETRY_MS = 25;
/** Longer than a first start on a slow disk takes. */
const PATIENCE_MS = 180_000;
const LOCK_NAME = /^lock\.(\d+)$/;
const CLAIM_NAME = /^claim-(\d+)-/;

/** Who holds something: a process, told from a later one with the same number. */
async function markOfThisProcess(): Promise<string> {
  const self = await findProcess(process.pid);
  return `${process.pid}.${self?.startMark ?? ''}`;
}

async function isAlive(mark: string): Promise<boolean> {
  const [processId, startMark] = mark.split('.');
  const found = await findProcess(Number(processId));
  return found !== undefined && found.startMark === startMark;
}

/**
 * Does the work while no other process does work on the same directory. Node has no file locks, so this is one made of
 * names: `lock.<generation>` holds the mark of its owner, or nothing once released; only the highest generation counts,
 * and the next one can be created by one process only. A lock left by a dead process is passed over, never deleted from
 * under somebody.
 */
export async function withDirectoryLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const mark = await markOfThisProcess();
  const claim = join(directory, `claim-${process.pid}-${randomBytes(4).toString('hex')}`);
  await writeFile(claim, mark);
  try {
    const lock = await acquire(directory, claim);
    try {
      return await work();
    } finally {
      await writeFile(claim, '');
      await rename(claim, lock);
    }
  } finally {
    await rm(claim, { force: true });
  }
}

async function acquire(directory: string, claim: string): Promise<string> {
  let owner = '';
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += RETRY_MS) {
    const last = Math.max(0, ...(await listGenerations(directory)));
    owner = last === 0 ? '' : await readFile(join(directory, `lock.${last}`), 'utf8').catch(() => 'changed');
    const isFree = owner === '' || (owner !== 'changed' && !(await isAlive(owner)));
    if (isFree && (await claimGeneration(directory, claim, last + 1))) {
      await removeDeadClaims(directory);
      return join(directory, `lock.${last + 1}`);
    }
    await wait(RETRY_MS);
  }
  throw new EmbeddedDatabaseError(
    `Process ${owner.split('.')[0]} has been starting or stopping the database in ${directory} for ${PATIENCE_MS / 1000} s. ` +
      'If it hangs, end it, then start again.',
  );
}

async function claimGeneration(directory: string, claim: string, generation: number): Promise<boolean> {
  try {
    await link(claim, join(directory, `lock.${generation}`));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  const generations = await listGenerations(directory);
  if (Math.max(...generations) !== generation) {
    // Somebody was faster by more than one generation and tidied this name away before.
    await rm(join(directory, `lock.${generation}`), { force: true });
    return false;
  }
  for (const older of generations) {
    if (older < generation) await rm(join(directory, `lock.${older}`), { force: true });
  }
  return true;
}

async function removeDeadClaims(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const processId = CLAIM_NAME.exec(name)?.[1];
    if (processId && !(await findProcess(Number(processId))))
      await rm(join(directory, name), { force: true });
  }
}

async function listGenerations(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => LOCK_NAME.exec(name)?.[1] ?? []).map(Number);
}

/** A process's share in something that several use. */
export interface Holding {
  release(): Promise<void>;
}

/** Registers this process as a user of the directory; call it under the directory's lock. */
export async function hold(directory: string): Promise<Holding> {
  const holders = join(directory, 'holders');
  await mkdir(holders, { recursive: true });
  const file = join(holders, `${await markOfThisProcess()}.${randomBytes(4).toString('hex')}`);
  await writeFile(file, '');
  return { release: () => rm(file, { force: true }) };
}

/** The number of live users of the directory, after striking off the dead; call it under the directory's lock. */
export async function countHolders(directory: string): Promise<number> {
  const holders = join(directory, 'holders');
  await mkdir(holders, { recursive: true });
  let living = 0;
  for (const name of await readdir(holders)) {
    if (await isAlive(name)) living += 1;
    else await rm(join(holders, name), { force: true });
  }
  return living;
}
