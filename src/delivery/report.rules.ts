import { DELIVERY_STATES, type DeliveryState } from './delivery.rules.js';

/** Deliveries of one broadcast at one bot that stand alike, counted. */
export interface CountedDeliveries {
  readonly botNo: string;
  readonly state: DeliveryState;
  readonly reason: string | null;
  readonly count: number;
  readonly firstSendingAt: Date | null;
  readonly lastSettledAt: Date | null;
  /** Settled within the last minute, and since when. */
  readonly recent: number;
  readonly recentSince: Date | null;
}

export type StateCounts = Readonly<Record<DeliveryState, number>>;

/** How a broadcast's deliveries stand. Instants are ISO texts, since it is kept as JSON. */
export interface BroadcastCounts {
  readonly byState: StateCounts;
  /** The most frequent first. */
  readonly reasons: readonly {
    readonly state: DeliveryState;
    readonly reason: string;
    readonly count: number;
  }[];
  readonly firstSendingAt: string | null;
  readonly lastSettledAt: string | null;
}

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What takes a look at each delivery: told on demand while a broadcast goes on, and kept when it has ended. */
export interface BroadcastStatistics {
  /** From the due instant to the intent of the last try. */
  readonly latenessMs: Percentiles | null;
  readonly rate: {
    readonly startsAt: string | null;
    readonly bucketSeconds: number;
    /** Messages sent, bucket by bucket. */
    readonly sent: readonly number[];
  };
  /** Those with the most deliveries first. */
  readonly bots: readonly ({ readonly botId: string | null } & StateCounts)[];
  readonly botsLeftOut: number;
}

/** What is kept of an ended broadcast when its deliveries are gone. */
export interface BroadcastTotals {
  readonly counts: BroadcastCounts;
  readonly statistics: BroadcastStatistics;
}

/** A bot that Telegram told to wait. */
export interface RestingBot {
  readonly botNo: string;
  readonly botId: string;
  readonly until: Date;
}

export interface Forecast {
  readonly finishAt: Date;
  readonly perSecond: number;
  /** `measured`: every bot that has something left sent enough of late to tell. */
  readonly basis: 'measured' | 'pace';
}

/** A chart needs no more points. */
export const MOST_BUCKETS = 300;
const BUCKETS_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400];
/** Fewer deliveries, or a shorter time, say little about a rate. */
const TELLING_COUNT = 5;
const TELLING_SECONDS = 2;
/** How long Telegram usually takes to answer; it takes its part of each second from the pace. */
const USUAL_ANSWER_SECONDS = 0.1;

/** The smallest round width at which so long a time has no more than {@link MOST_BUCKETS} buckets. */
export function bucketSecondsFor(durationSeconds: number): number {
  const needed = Math.max(1, Math.floor(durationSeconds) + 1) / MOST_BUCKETS;
  const round = BUCKETS_SECONDS.find((seconds) => seconds >= needed);
  return round ?? Math.ceil(needed / 86_400) * 86_400;
}

export function noCounts(): Record<DeliveryState, number> {
  return Object.fromEntries(DELIVERY_STATES.map((state) => [state, 0])) as Record<DeliveryState, number>;
}

export function summarize(counted: readonly CountedDeliveries[]): BroadcastCounts {
  const byState = noCounts();
  const byReason = new Map<string, { state: DeliveryState; reason: string; count: number }>();
  for (const { state, reason, count } of counted) {
    byState[state] += count;
    if (reason === null) continue;
    const key = `${state} ${reason}`;
    const known = byReason.get(key) ?? { state, reason, count: 0 };
    byReason.set(key, { ...known, count: known.count + count });
  }
  const instants = (of: 'firstSendingAt' | 'lastSettledAt') =>
    counted.flatMap((row) => row[of]?.getTime() ?? []);
  return {
    byState,
    reasons: [...byReason.values()].sort((one, other) => other.count - one.count),
    firstSendingAt: isoOf(instants('firstSendingAt').reduce((one, other) => Math.min(one, other), Infinity)),
    lastSettledAt: isoOf(instants('lastSettledAt').reduce((one, other) => Math.max(one, other), -Infinity)),
  };
}

/**
 * When a broadcast that is being sent will be done: bots send side by side, so the one that needs longest decides.
 *
 * @param perSecond the pace of a bot, for those that sent too little of late to be measured; Infinity for none
 * @param resting bots that go on only later
 * @returns undefined where nothing is left, and where no pace says how long it takes
 */
export function forecastFinish(
  counted: readonly CountedDeliveries[],
  now: Date,
  perSecond: number,
  resting: readonly RestingBot[] = [],
): Forecast | undefined {
  const restMs = new Map(resting.map(({ botNo, until }) => [botNo, until.getTime() - now.getTime()]));
  const bots = new Map<string, { left: number; recent: number; sinceMs: number }>();
  for (const { botNo, state, count, recent, recentSince } of counted) {
    const bot = bots.get(botNo) ?? { left: 0, recent: 0, sinceMs: Infinity };
    if (state === 'queued' || state === 'sending') bot.left += count;
    bot.recent += recent;
    bot.sinceMs = Math.min(bot.sinceMs, recentSince?.getTime() ?? Infinity);
    bots.set(botNo, bot);
  }
  let secondsLeft = 0;
  let together = 0;
  let isMeasured = true;
  for (const [botNo, { left, recent, sinceMs }] of bots) {
    if (left === 0) continue;
    const seconds = (now.getTime() - sinceMs) / 1_000;
    const isTelling = recent >= TELLING_COUNT && seconds >= TELLING_SECONDS;
    const rate = isTelling ? recent / seconds : perSecond / (1 + USUAL_ANSWER_SECONDS);
    isMeasured &&= isTelling;
    together += rate;
    secondsLeft = Math.max(secondsLeft, (restMs.get(botNo) ?? 0) / 1_000 + left / rate);
  }
  if (together === 0 || !Number.isFinite(together)) return undefined;
  return {
    finishAt: new Date(now.getTime() + Math.ceil(secondsLeft) * 1_000),
    perSecond: Math.round(together * 10) / 10,
    basis: isMeasured ? 'measured' : 'pace',
  };
}

const isoOf = (epochMs: number): string | null =>
  Number.isFinite(epochMs) ? new Date(epochMs).toISOString() : null;
