// Waiting for something that happens elsewhere.
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;

/**
 * Looks again and again until there is something to see.
 *
 * @template Found
 * @param {string} what for the error: what was waited for
 * @param {() => Promise<Found | undefined | false>} look gives nothing while it is not there yet
 * @param {{ signal: AbortSignal, withinSeconds: number }} options
 * @returns {Promise<Found>}
 */
export async function waitFor(what, look, { signal, withinSeconds }) {
  const startedAt = performance.now();
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() - startedAt > withinSeconds * 1000)
      throw new Error(`Waited ${withinSeconds} s in vain: ${what}.`);
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}
