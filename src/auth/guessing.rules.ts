import { isIPv6 } from 'node:net';

/** Attempts that failed, or whose outcome isn't known yet, of one account or one network. */
export interface Attempts {
  readonly count: number;
  readonly blockedUntilMs: number;
}

/** Attempts are forgotten after this long without another one; no block is longer. */
export const FORGET_AFTER_MS = 15 * 60_000;
const FIRST_BLOCK_MS = 30_000;

/** Counts one more attempt; from the last allowed one on, each doubles the wait before the next. */
export function countAttempt(before: Attempts | undefined, allowed: number, nowMs: number): Attempts {
  const count = (before?.count ?? 0) + 1;
  // Far beyond any block, 2 ** n would leave the range of numbers; the minimum holds it anyway.
  const blockMs = count < allowed ? 0 : Math.min(FIRST_BLOCK_MS * 2 ** (count - allowed), FORGET_AFTER_MS);
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
