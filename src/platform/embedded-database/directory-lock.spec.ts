import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { countHolders, hold, withDirectoryLock } from './directory-lock.js';
import { findProcess } from './running-process.js';

/** Linux gives out no number as high as this (2^22 is the limit). */
const NO_PROCESS = 2 ** 22 + 1;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'arauto-lock-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('withDirectoryLock', () => {
  it('lets one in at a time, and everybody in the end', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await yieldToOthers();
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 12 }, () => withDirectoryLock(directory, work)));
    expect({ inside, most }).toEqual({ inside: 0, most: 1 });
  });

  it('passes over the lock of a dead process', async () => {
    await writeFile(join(directory, 'lock.7'), `${NO_PROCESS}.123`);
    await writeFile(join(directory, `claim-${NO_PROCESS}-abcd`), `${NO_PROCESS}.123`);
    await expect(withDirectoryLock(directory, () => Promise.resolve('in'))).resolves.toBe('in');
    expect(await readdir(directory)).toEqual(['lock.8']);
  });

  it('passes over the lock of a process whose number somebody else has now', async () => {
    await writeFile(join(directory, 'lock.1'), `${process.pid}.another-start`);
    await expect(withDirectoryLock(directory, () => Promise.resolve('in'))).resolves.toBe('in');
  });

  it('waits for a living owner', async () => {
    const self = await findProcess(process.pid);
    await writeFile(join(directory, 'lock.1'), `${process.pid}.${self?.startMark}`);
    let isIn = false;
    const entering = withDirectoryLock(directory, () => Promise.resolve((isIn = true)));
    for (let round = 0; round < 100; round += 1) await yieldToOthers();
    expect(isIn).toBe(false);
    await writeFile(join(directory, 'lock.1'), '');
    await entering;
    expect(isIn).toBe(true);
  });

  it('is free again after work that failed', async () => {
    const failing = withDirectoryLock(directory, () => Promise.reject(new Error('no luck')));
    await expect(failing).rejects.toThrow('no luck');
    await expect(withDirectoryLock(directory, () => Promise.resolve('in'))).resolves.toBe('in');
  });
});

describe('holders', () => {
  it('counts the living and strikes off the dead', async () => {
    const first = await hold(directory);
    const second = await hold(directory);
    await writeFile(join(directory, 'holders', `${NO_PROCESS}.123.abcd`), '');
    expect(await countHolders(directory)).toBe(2);
    await first.release();
    expect(await countHolders(directory)).toBe(1);
    await second.release();
    expect(await countHolders(directory)).toBe(0);
    expect(await readdir(join(directory, 'holders'))).toEqual([]);
  });
});
