import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';

const CONNECT_WITHIN_MS = 5_000;
const TRY_EVERY_MS = 1_000;
/** So that a log has a line a quarter of a minute, and not one a second. */
const TELL_EVERY = 15;

/** What is over in a moment, or in some minutes: a server or a name that isn't there yet, and one that starts or stops. */
const PASSING = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  '57P01',
  '57P02',
  '57P03',
  '53300',
]);

/**
 * Waits until PostgreSQL takes a connection. A process that ended instead would be started again and again, all of them at
 * once, for as long as the server is away.
 *
 * @param tell told now and then why it waits
 * @throws what won't pass by waiting, such as a password that is wrong; the signal's reason when it is over
 */
export async function awaitDatabase(
  url: string,
  tell: (reason: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_WITHIN_MS });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      const reason = passingReasonOf(error);
      if (reason === undefined) throw error;
      if (attempt % TELL_EVERY === 0) tell(reason);
    }
    await wait(TRY_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function passingReasonOf(error: unknown): string | undefined {
  const { code, message } = error as { code?: string; message?: string };
  if (code !== undefined) return PASSING.has(code) ? code : undefined;
  // The driver's own: its errors have no code (pg 8).
  return message !== undefined && /timeout|terminated/.test(message) ? message : undefined;
}
