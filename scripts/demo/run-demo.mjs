// The demo from its first to its last line.
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { settingsSchema } from '../../dist/config/settings.js';
import {
  countHolders,
  hold,
  withDirectoryLock,
} from '../../dist/platform/embedded-database/directory-lock.js';
import { homeDirectory } from '../run.mjs';
import { ArautoDiedError, startArauto } from './arauto-process.mjs';
import { perform } from './perform.mjs';
import { createProgress } from './progress.mjs';

const UNPACED = { PACING_BOT_PER_SECOND: '0', PACING_CHAT_PER_SECOND: '0', PACING_GROUP_PER_MINUTE: '0' };
/** The demo asks like many programs at once, all as one person. */
const UNLIMITED = { API_REQUESTS_PER_MINUTE: '0', API_ANONYMOUS_REQUESTS_PER_MINUTE: '0' };
const DEATH_NOTICED_WITHIN_MS = 500;
const EXIT_FAILED = 1;
const EXIT_INTERRUPTED = 130;

/**
 * @param {{ isOnce: boolean }} options once: without Telegram's limits, ends by itself, last line JSON
 * @returns {Promise<number>} exit code
 */
export async function runDemo({ isOnce }) {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const { signal } = interruption;
  const progress = createProgress(process.stderr);

  const home = resolve(homeDirectory, process.env.ARAUTO_HOME ?? '.arauto', 'demo');
  const holding = await takeHome(home);
  if (!holding) {
    progress.say('Another demo is running from this folder. Stop it with Ctrl-C there, then start again.');
    return EXIT_FAILED;
  }
  let exitCode = EXIT_FAILED;
  let closingLine;
  let arauto;
  try {
    progress.say('Starting PostgreSQL, the sandbox and Arauto …');
    arauto = await startArauto({
      home,
      settings: { ...UNLIMITED, ...(isOnce && UNPACED) },
      settingNames: Object.keys(settingsSchema.shape),
    });
    const addresses = await untilInterrupted(arauto.waitUntilReady(), signal);
    const result = await Promise.race([
      perform({ ...addresses, arauto, isPaced: !isOnce, progress, signal }),
      arauto.died,
    ]);
    exitCode = result.mismatches.length === 0 ? 0 : EXIT_FAILED;
    closingLine = JSON.stringify(result);
    if (!isOnce) {
      progress.say('\nEverything stays up: look around. Ctrl-C stops it.');
      await Promise.race([untilInterrupted(new Promise(() => {}), signal), arauto.died]);
    }
  } catch (failure) {
    progress.close();
    const error = arauto && !signal.aborted ? await findCause(failure, arauto) : failure;
    const isWanted = signal.aborted && !(error instanceof ArautoDiedError);
    if (!isWanted) exitCode = explainFailure(error, arauto, progress);
    else if (closingLine === undefined) exitCode = EXIT_INTERRUPTED;
  } finally {
    if (arauto && !arauto.hasEnded && !(await stopArauto(arauto, progress))) exitCode = EXIT_FAILED;
    await withDirectoryLock(home, () => holding.release());
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
  if (isOnce && closingLine !== undefined) console.log(closingLine);
  return exitCode;
}

/** Requests to somebody who dies fail a moment before the death itself is noticed. */
function findCause(failure, arauto) {
  const moment = pause(DEATH_NOTICED_WITHIN_MS, failure);
  return Promise.race([arauto.died.catch((death) => death), moment]);
}

function explainFailure(error, arauto, progress) {
  progress.say(`\nThe demo failed. ${error.message}`);
  if (arauto && !(error instanceof ArautoDiedError) && arauto.errors.length > 0) {
    progress.say(
      `The first errors in ${arauto.logFile}:\n${arauto.errors.map((line) => `  ${line}`).join('\n')}`,
    );
  }
  return EXIT_FAILED;
}

async function stopArauto(arauto, progress) {
  progress.say('Stopping …');
  const isStoppedWell = await arauto.stop();
  progress.say(isStoppedWell ? 'Stopped.' : `Arauto did not stop in good order; see ${arauto.logFile}.`);
  return isStoppedWell;
}

/** One demo at a time: two would send each other's messages. @returns undefined where one is running */
async function takeHome(home) {
  await mkdir(home, { recursive: true, mode: 0o711 });
  return withDirectoryLock(home, async () => ((await countHolders(home)) > 0 ? undefined : hold(home)));
}

/** The same promise, given up when the demo is interrupted. */
function untilInterrupted(promise, signal) {
  const interrupted = new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([promise, interrupted]);
}
