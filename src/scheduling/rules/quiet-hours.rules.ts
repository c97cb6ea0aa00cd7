import { type Audience } from '../../audience/index.js';
import { type Within } from '../schedule-rule.dto.js';
import { DAY_MS, dayOf } from './calendar-day.rules.js';
import { readTimeOfDay } from './rrule-text.rules.js';
import { isWithin } from './exclusions.rules.js';
import { nextShowing } from './wall-pattern.rules.js';
import { wallMsAt } from './zone-changes.rules.js';

export const QUIET_POLICIES = ['hold', 'skip'] as const;
export type QuietPolicy = (typeof QUIET_POLICIES)[number];

/** Hours in which nothing that a schedule sends begins, of a bot or of the whole tenant. */
export interface QuietHours {
  readonly botId: string | null;
  readonly hours: Within;
  readonly policy: QuietPolicy;
}

/** What quiet hours make of a run. */
export type QuietDecision = { readonly kind: 'skip' } | { readonly kind: 'hold'; readonly until: Date };

/**
 * What the quiet hours of a tenant make of a run that would start now; null where it may. One that skips outdoes one that
 * holds; of those that hold, the last to end counts.
 */
export function decideQuiet(
  all: readonly QuietHours[],
  audience: Audience,
  timeZone: string,
  now: Date,
): QuietDecision | null {
  const wallMs = wallMsAt(now.getTime(), timeZone);
  const present = all.filter((one) => concerns(one, audience) && isWithin(one.hours, wallMs));
  if (present.length === 0) return null;
  if (present.some(({ policy }) => policy === 'skip')) return { kind: 'skip' };
  const ends = present.map(({ hours }) => nextShowing(endOf(hours, wallMs), timeZone, now.getTime()));
  return { kind: 'hold', until: new Date(Math.max(...ends)) };
}

/** A bot's hours concern whatever it could have to send: an audience that names no bots means all of them. */
function concerns({ botId }: QuietHours, audience: Audience): boolean {
  if (botId === null || audience.to === 'chats' || audience.botIds === undefined) return true;
  return audience.botIds.includes(botId);
}

/** The end of the hours on clocks that show a time within them. */
function endOf({ to }: Within, wallMs: number): number {
  const day = dayOf(wallMs);
  const endMs = day * DAY_MS + readTimeOfDay(to) * 1000;
  return endMs > wallMs ? endMs : endMs + DAY_MS;
}
