import { Cron } from 'croner';

/** Making one takes 40 µs; there are few different ones, and nobody fills this with more than it takes. */
const CRONS_KEPT = 5_000;
const crons = new Map<string, Cron>();

/**
 * A cron line in a zone. Fixed times that daylight saving skips run at the first instant after the gap, those that
 * come twice run once; lines with wildcards or steps in the hour run at every time that exists.
 * @throws what croner throws for a line or a zone that it doesn't know
 */
export function cronOf(expression: string, timeZone: string): Cron {
  const key = `${timeZone} ${expression}`;
  const kept = crons.get(key);
  if (kept) return kept;
  const made = new Cron(expression, {
    paused: true,
    timezone: timeZone,
    mode: '5-or-6-parts',
    fixedTimeRule: 'no-wildcard',
  });
  if (crons.size >= CRONS_KEPT) crons.clear();
  crons.set(key, made);
  return made;
}

/** What is wrong with a cron line, in words for people. */
export function findCronProblem(expression: string): string | undefined {
  if (/[?@]/.test(expression))
    return 'Write five or six fields, such as 0 9 * * MON-FRI; "?" and names such as @daily are not taken.';
  try {
    cronOf(expression, 'UTC');
    return undefined;
  } catch (error) {
    const detail = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    return `The cron line can't be read: ${detail} Write minute hour day month weekday, such as 0 9 * * MON-FRI.`;
  }
}
