import { isIPv6 } from 'node:net';

/** Attempts that failed, or whose outcome isn't known yet, of one account or one network. */
export interface Attempts {
  readonly count: number;
  readonly blockedUntilMs: number;
}

/** How many attempts are free, and how long after the last one they are forgotten. */
export interface Allowance {
  readonly attempts: number;
  readonly forgetAfterMs: number;
}

const MINUTE_MS = 60_000;
/** No block is longer. */
export const LONGEST_BLOCK_MS = 15 * MINUTE_MS;
const FIRST_BLOCK_MS = 30_000;

/** What is guessed, or asked for too often, and counted for one account. */
export const ALLOWANCES = {
  password: { attempts: 10, forgetAfterMs: 60 * MINUTE_MS },
  // Six digits, three of them right at a time: at one try each 15 minutes a day finds them with 0.03 %.
  second_factor: { attempts: 10, forgetAfterMs: 24 * 60 * MINUTE_MS },
  // Asked for, not guessed: each sends a mail to somebody who may not have asked.
  password_reset: { attempts: 5, forgetAfterMs: 60 * MINUTE_MS },
  confirmation_mail: { attempts: 3, forgetAfterMs: 60 * MINUTE_MS },
} satisfies Record<string, Allowance>;
export type GuessKind = keyof typeof ALLOWANCES;

/** Of all kinds together: an office or a mobile carrier shares one address. */
export const NETWORK_ALLOWANCE: Allowance = { attempts: 50, forgetAfterMs: 15 * MINUTE_MS };

/** Counts one more attempt; from the last allowed one on, each doubles the wait before the next. */
export function countAttempt(before: Attempts | undefined, allowed: number, nowMs: number): Attempts {
  const count = (before?.count ?? 0) + 1;
  // Far beyond any block, 2 ** n would leave the range of numbers; the minimum holds it anyway.
  const blockMs = count < allowed ? 0 : Math.min(FIRST_BLOCK_MS * 2 ** (count - allowed), LONGEST_BLOCK_MS);
  return { count, blockedUntilMs: nowMs + blockMs };
}

/** Takes one attempt back, because it succeeded. */
export function forgiveAttempt(attempts: Attempts, allowed: number): Attempts {
  const count = Math.max(0, attempts.count - 1);
  return { count, blockedUntilMs: count < allowed ? 0 : attempts.blockedUntilMs };
}

/** Seconds until the next attempt may be made; 0 when it may be made now. */
export function retryAfterSeconds(attempts: Attempts | undefined, nowMs: number): number {
  return attempts ? Math.max(0, Math.ceil((attempts.blockedUntilMs - nowMs) / 1000)) : 0;
}

/** The network that an address counts for: an IPv4 address itself, of IPv6 the /64 that one customer gets whole. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  if (!isIPv6(address)) return address;
  const [left = '', right] = address.toLowerCase().replace(/%.*$/, '').split('::');
  const head = left ? left.split(':') : [];
  const tail = right ? right.split(':') : [];
  const zeros = right === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
