// What the demo shows, on an Arauto that runs already: its main job, and whether everything was as it has to be.
import { broadcastAll } from './broadcasting.mjs';
import { gatherCast } from './cast.mjs';
import { addFigures, computeFigures, findMismatches } from './figures.mjs';
import { formatAddresses, formatTable } from './results.mjs';

/** What is promised of a broadcast that nothing holds up, from its due instant to its first byte. */
const MOST_LATENESS_MS = 2_000;

/**
 * Does the job, shows the table, and compares what happened with what had to happen.
 *
 * @param {{ apiUrl: string, arauto: { errors: readonly string[] }, isPaced: boolean, progress: object, signal: AbortSignal }} stage
 */
export async function perform(stage) {
  const { arauto, progress, isPaced } = stage;
  const startedAt = performance.now();
  progress.say(
    isPaced
      ? "At Telegram's own limits: 30 messages a second per bot, 1 per chat, 20 a minute per group."
      : "Telegram's limits are lifted, here and in the sandbox.",
  );
  const cast = await gatherCast(stage);
  const { sendings, movedChats } = await broadcastAll(cast, stage);
  const { violations } = await cast.sandbox.get('/ledger/summary');
  progress.close();

  const all = sendings.map((sending) => computeFigures(sending, movedChats));
  const total = addFigures(all);
  const mismatches = sendings.flatMap((sending, n) => findMismatches(sending, all[n]));
  mismatches.push(...arauto.errors.map((error) => `Arauto logged an error, ${error}`));
  if (violations > 0) mismatches.push(`${violations} calls were refused because of a limit`);
  // At Telegram's limits a message waits for the one before it: that is the limit's lateness, not ours.
  if (!isPaced && !(total.p99LatenessMs <= MOST_LATENESS_MS))
    mismatches.push(`p99 lateness is ${total.p99LatenessMs} ms, promised are ${MOST_LATENESS_MS} ms`);

  console.log(`\n${formatTable(all)}\n`);
  if (isPaced) console.log(`${formatAddresses({ ...stage, ...cast })}\n`);
  for (const mismatch of mismatches) console.log(`NOT AS IT SHOULD BE: ${mismatch}`);
  if (mismatches.length === 0)
    console.log("Every figure of the API's reports agrees with the sandbox's ledger.");
  return {
    ...total,
    refusedByLimits: violations,
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    mismatches,
  };
}
