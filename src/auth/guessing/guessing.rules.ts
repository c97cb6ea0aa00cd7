import { isIPv6 } from 'node:net';

/** Attempts that failed, or whose outcome isn't known yet, and that are counted together. */
export interface Attempts {
  readonly count: number;
  readonly blockedUntilMs: number;
}

/** How many attempts are free, how long after the last one they are forgotten, and how the waits in between grow. */
export interface Allowance {
  readonly attempts: number;
  readonly forgetAfterMs: number;
  readonly firstBlockMs: number;
  readonly longestBlockMs: number;
}

/** Whose attempts at one account are counted together. */
export interface GuessLimits {
  /** Those from one network: nobody else waits for them. */
  readonly fromOneNetwork?: Allowance;
  /** Those from all networks that the account was never let in from, as far as is remembered. */
  readonly fromStrangers?: Allowance;
  /** Those from everywhere, for what only somebody with half of the proof gets to. */
  readonly altogether?: Allowance;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const GROWING = { firstBlockMs: 30_000, longestBlockMs: 15 * MINUTE_MS };

/** What is guessed, or asked for too often. */
export const LIMITS = {
  password: {
    fromOneNetwork: { attempts: 10, forgetAfterMs: HOUR_MS, ...GROWING },
    // NIST SP 800-63B, section 3.2.2, bounds failures at 100. Then one try each 5 minutes for all strangers together: 288 a day.
    fromStrangers: {
      attempts: 100,
      forgetAfterMs: 24 * HOUR_MS,
      firstBlockMs: 5_000,
      longestBlockMs: 5 * MINUTE_MS,
    },
  },
  // Six digits, three of them right at a time: at one try each 15 minutes a day finds them with 0.03 %.
  second_factor: { altogether: { attempts: 10, forgetAfterMs: 24 * HOUR_MS, ...GROWING } },
  // Asked for, not guessed. How many mails somebody gets who may not have asked, the mailer bounds.
  password_reset: { fromOneNetwork: { attempts: 5, forgetAfterMs: HOUR_MS, ...GROWING } },
  confirmation_mail: { altogether: { attempts: 3, forgetAfterMs: HOUR_MS, ...GROWING } },
} satisfies Record<string, GuessLimits>;
export type GuessKind = keyof typeof LIMITS;

/** Of all kinds together: an office or a mobile carrier shares one address. */
export const NETWORK_ALLOWANCE: Allowance = { attempts: 50, forgetAfterMs: 15 * MINUTE_MS, ...GROWING };

/** New accounts from one network, also those that were made: an office's first day passes, a factory of accounts doesn't. */
export const SIGN_UP_ALLOWANCE: Allowance = { attempts: 100, forgetAfterMs: HOUR_MS, ...GROWING };

/** Sign-ups with addresses that have an account: each tells that it has one. Then one an hour. */
export const TAKEN_ADDRESS_ALLOWANCE: Allowance = {
  attempts: 10,
  forgetAfterMs: 24 * HOUR_MS,
  firstBlockMs: MINUTE_MS,
  longestBlockMs: HOUR_MS,
};

/** How long a network counts as an account's own after it was let in from there; as long as a session may rest. */
export const KNOWN_FOR_MS = 30 * 24 * HOUR_MS;

/** Counts one more attempt; from the last allowed one on, each doubles the wait before the next. */
export function countAttempt(before: Attempts | undefined, allowance: Allowance, nowMs: number): Attempts {
  const count = (before?.count ?? 0) + 1;
  // Far beyond any block, 2 ** n would leave the range of numbers; the minimum holds it anyway.
  const blockMs =
    count < allowance.attempts
      ? 0
      : Math.min(allowance.firstBlockMs * 2 ** (count - allowance.attempts), allowance.longestBlockMs);
  return { count, blockedUntilMs: nowMs + blockMs };
}

/** Takes one attempt back, because it succeeded. */
export function forgiveAttempt(attempts: Attempts, { attempts: allowed }: Allowance): Attempts {
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
