import type { BotApiOutcome } from './outcome.rules.js';
import { paidPerSecond, usualPace, type PacedChat, type PaceLimits } from './pace.js';
import { BotPace } from './pacing.rules.js';

/** An owner whose predecessor let go at that instant, leaving nothing to remember. */
const beginAt = (freeSinceMs: number) => ({ freeSinceMs, isMemoryWhole: true });

const sent: BotApiOutcome = { kind: 'ok', result: true };
const limited = (retryAfterSeconds: number): BotApiOutcome => ({ kind: 'rateLimited', retryAfterSeconds });

/** The same random numbers in each run. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What Telegram may do: count arrivals in a sliding window, and answer 429 through a rest after a breach. */
class StrictTelegram {
  breaches = 0;
  private readonly arrivals: number[] = [];
  private restUntilMs = -Infinity;

  constructor(
    public limit: number,
    private readonly windowMs: number,
    private readonly restSeconds = 3,
  ) {}

  arrive(nowMs: number): BotApiOutcome {
    if (nowMs < this.restUntilMs) return limited(Math.ceil((this.restUntilMs - nowMs) / 1000));
    while ((this.arrivals[0] ?? Infinity) <= nowMs - this.windowMs) this.arrivals.shift();
    if (this.arrivals.length >= this.limit) {
      this.breaches += 1;
      this.restUntilMs = nowMs + this.restSeconds * 1000;
      return limited(this.restSeconds);
    }
    this.arrivals.push(nowMs);
    return sent;
  }
}

interface Simulation {
  limits: PaceLimits;
  answerMs: () => number;
  untilMs: number;
  chats: (count: number) => PacedChat | undefined;
  arrive: (nowMs: number, chat: PacedChat | undefined) => BotApiOutcome;
}

/** Drives a pace in simulated time, one millisecond a step; calls arrive anywhere between start and answer. */
function simulate({ limits, answerMs, untilMs, chats, arrive }: Simulation) {
  const pace = new BotPace(limits, beginAt(0));
  const random = makeRandom(7);
  const due: { atMs: number; act: () => void }[] = [];
  const startedAtMs: number[] = [];
  let sentCount = 0;
  let early = 0;
  let restUntilMs = 0;
  for (let nowMs = 0; nowMs < untilMs; nowMs += 1) {
    for (let position = due.length - 1; position >= 0; position -= 1) {
      const event = due[position];
      if (event && event.atMs <= nowMs) {
        due.splice(position, 1);
        event.act();
      }
    }
    for (;;) {
      const chat = chats(startedAtMs.length);
      if (pace.earliestStart(nowMs, chat) > nowMs) break;
      if (nowMs < restUntilMs) early += 1;
      pace.start(nowMs, chat);
      startedAtMs.push(nowMs);
      const wholeMs = answerMs();
      let outcome = sent;
      due.push({ atMs: nowMs + Math.floor(wholeMs * random()), act: () => undefined });
      const arrival = due[due.length - 1];
      if (arrival) arrival.act = () => (outcome = arrive(arrival.atMs, chat));
      due.unshift({
        atMs: nowMs + Math.ceil(wholeMs) + 1,
        act: () => {
          if (outcome.kind === 'ok') sentCount += 1;
          const rest = pace.finish(nowAtAnswer(), outcome, chat);
          if (rest?.scope === 'bot') restUntilMs = Math.max(restUntilMs, rest.untilMs);
        },
      });
      const startMs = nowMs;
      const nowAtAnswer = (): number => startMs + Math.ceil(wholeMs) + 1;
    }
  }
  return { pace, sentCount, early, startedAtMs };
}

const privateChats = (count: number): PacedChat => ({ key: String(count), isGroup: false });

describe('the window of a bot', () => {
  it.each([
    [50, 0.9],
    [100, 0.85],
  ])('never breaches 30 a second, and reaches the ideal nearly, at answers of %i ms', (meanMs, share) => {
    const telegram = new StrictTelegram(30, 1_000);
    const random = makeRandom(meanMs);
    const { sentCount } = simulate({
      limits: usualPace,
      answerMs: () => meanMs * (0.5 + random()),
      untilMs: 31_000,
      chats: privateChats,
      arrive: (nowMs) => telegram.arrive(nowMs),
    });
    expect(telegram.breaches).toBe(0);
    expect(sentCount).toBeGreaterThanOrEqual(30 * 30 * share);
  });

  it('holds whatever the network does', () => {
    const telegram = new StrictTelegram(30, 1_000);
    const random = makeRandom(3);
    simulate({
      limits: usualPace,
      answerMs: () => (random() < 0.1 ? 5_000 : 1) * random() + 1,
      untilMs: 60_000,
      chats: privateChats,
      arrive: (nowMs) => telegram.arrive(nowMs),
    });
    expect(telegram.breaches).toBe(0);
  });

  it('serves a paid broadcast at nearly its bound', () => {
    const telegram = new StrictTelegram(paidPerSecond, 1_000);
    const { sentCount } = simulate({
      limits: { ...usualPace, perSecond: paidPerSecond },
      answerMs: () => 100,
      untilMs: 6_000,
      chats: privateChats,
      arrive: (nowMs) => telegram.arrive(nowMs),
    });
    expect(telegram.breaches).toBe(0);
    expect(sentCount / 5).toBeGreaterThanOrEqual(870);
  });

  it('finds a limit that fell, and comes to rest just below it', () => {
    const telegram = new StrictTelegram(30, 1_000);
    const fallAtMs = 10_000;
    const { early, startedAtMs } = simulate({
      limits: usualPace,
      answerMs: () => 60,
      untilMs: 140_000,
      chats: privateChats,
      arrive: (nowMs) => {
        if (nowMs >= fallAtMs) telegram.limit = 20;
        return telegram.arrive(nowMs);
      },
    });
    const startedBetween = (fromMs: number, toMs: number): number =>
      startedAtMs.filter((atMs) => atMs >= fromMs && atMs < toMs).length;
    expect(early).toBe(0);
    expect(startedBetween(fallAtMs + 60_000, fallAtMs + 80_000) / 20).toBeGreaterThanOrEqual(17);
    expect(telegram.breaches).toBeLessThanOrEqual(4);
  });

  it('spreads calls over the second, and catches up one at most', () => {
    const pace = new BotPace(usualPace, beginAt(0));
    const startAll = (nowMs: number): number => {
      let count = 0;
      while (pace.earliestStart(nowMs) <= nowMs) {
        pace.start(nowMs);
        count += 1;
      }
      return count;
    };
    expect(startAll(1_004)).toBe(0);
    expect(startAll(1_005)).toBeLessThanOrEqual(2);
    expect(pace.earliestStart(1_005)).toBeCloseTo(1_005 + 33.5, 0);
    expect(startAll(1_500)).toBe(2);
  });

  it('begins as if the window were full', () => {
    const pace = new BotPace(usualPace, beginAt(5_000));
    expect(pace.earliestStart(5_000)).toBe(6_005);
  });

  it('answers Infinity while only an answer can make room', () => {
    const pace = new BotPace({ ...usualPace, perSecond: 1 }, beginAt(0));
    pace.start(2_000);
    expect(pace.earliestStart(10_000)).toBe(Infinity);
    pace.finish(10_000, sent);
    expect(pace.earliestStart(10_000)).toBe(11_005);
  });

  it('gives the room of a call back that was never sent', () => {
    const pace = new BotPace({ ...usualPace, perSecond: 1 }, beginAt(0));
    pace.start(2_000);
    pace.finish(4_000, { kind: 'notSent', cause: 'refused' });
    expect(pace.earliestStart(4_000)).toBe(4_000);
  });

  it('is lifted by Infinity, with nothing remembered', () => {
    const pace = new BotPace(
      { perSecond: Infinity, perChatPerSecond: Infinity, perGroupPerMinute: Infinity },
      beginAt(0),
    );
    for (let count = 0; count < 1_000; count += 1) {
      expect(pace.earliestStart(0, privateChats(1))).toBe(0);
      pace.start(0, privateChats(1));
    }
    expect(pace.rememberedChats).toBe(0);
  });
});

describe('chats and groups', () => {
  it('gives a chat one call a second', () => {
    const pace = new BotPace(usualPace, beginAt(0));
    const chat = privateChats(1);
    pace.start(2_000, chat);
    expect(pace.earliestStart(2_100, chat)).toBe(Infinity);
    expect(pace.earliestStart(2_100, privateChats(2))).toBe(2_100);
    pace.finish(2_100, sent, chat);
    expect(pace.earliestStart(2_200, chat)).toBe(3_105);
  });

  it('never breaches 20 a minute in a group, nor one a second', () => {
    const minute = new StrictTelegram(20, 60_000);
    const second = new StrictTelegram(1, 1_000);
    const { sentCount } = simulate({
      limits: usualPace,
      answerMs: () => 80,
      untilMs: 180_000,
      chats: () => ({ key: 'group', isGroup: true }),
      arrive: (nowMs) => (second.arrive(nowMs).kind === 'ok' ? minute.arrive(nowMs) : limited(3)),
    });
    expect(minute.breaches + second.breaches).toBe(0);
    expect(sentCount).toBeGreaterThanOrEqual(55);
  });

  it('forgets chats that are idle, so that memory follows the pace and not the audience', () => {
    const { pace, startedAtMs } = simulate({
      limits: usualPace,
      answerMs: () => 50,
      untilMs: 60_000,
      chats: privateChats,
      arrive: () => sent,
    });
    expect(startedAtMs.length).toBeGreaterThan(1_500);
    expect(pace.rememberedChats).toBeLessThan(100);
  });

  it('forgets idle chats behind groups that must be kept for a minute', () => {
    const { pace } = simulate({
      limits: usualPace,
      answerMs: () => 50,
      untilMs: 60_000,
      chats: (count) => ({ key: String(count), isGroup: count % 30 === 0 }),
      arrive: () => sent,
    });
    expect(pace.rememberedChats).toBeLessThan(250);
  });
});

describe('rest after 429', () => {
  it('lets the whole bot rest until the very instant, and go slower after it', () => {
    const pace = new BotPace(usualPace, beginAt(0));
    pace.start(2_000, privateChats(1));
    const rest = pace.finish(2_050, limited(7), privateChats(1));
    expect(rest).toEqual({ scope: 'bot', untilMs: 9_050 });
    expect(pace.earliestStart(2_100, privateChats(2))).toBe(9_050);
    expect(pace.perSecond).toBe(21);
  });

  it('falls once for a volley of 429 that was under way', () => {
    const pace = new BotPace(usualPace, beginAt(0));
    for (let count = 0; count < 5; count += 1) pace.start(2_000 + count * 40, privateChats(count));
    for (let count = 0; count < 5; count += 1) pace.finish(2_300 + count, limited(3), privateChats(count));
    expect(pace.perSecond).toBe(21);
    expect(pace.earliestStart(2_400)).toBe(5_304);
  });

  it('keeps a rest of twenty hours', () => {
    const pace = new BotPace(usualPace, beginAt(0));
    pace.start(2_000);
    pace.finish(2_000, limited(73_414));
    expect(pace.earliestStart(3_000)).toBe(73_416_000);
  });

  it('lets only a group rest whose own calls explain it', () => {
    const pace = new BotPace(usualPace, beginAt(0));
    const group = { key: 'group', isGroup: true };
    for (const nowMs of [2_000, 4_000, 6_000]) {
      pace.start(nowMs, group);
      pace.finish(nowMs + 50, sent, group);
    }
    pace.start(8_000, group);
    expect(pace.finish(8_050, limited(30), group)).toEqual({ scope: 'chat', untilMs: 38_050 });
    expect(pace.earliestStart(8_100, group)).toBe(38_050);
    expect(pace.earliestStart(8_100, privateChats(1))).toBe(8_100);
    expect(pace.perSecond).toBe(30);
  });

  it('takes over a rest that another process was told of, and never shortens one', () => {
    const pace = new BotPace(usualPace, beginAt(0));
    pace.rest(20_000);
    pace.rest(10_000);
    expect(pace.earliestStart(5_000)).toBe(20_000);
    pace.rest(40_000, privateChats(1));
    expect(pace.earliestStart(25_000, privateChats(1))).toBe(40_000);
    expect(pace.earliestStart(25_000, privateChats(2))).toBe(25_000);
  });

  it('does not forget a chat that rests', () => {
    const pace = new BotPace(usualPace, beginAt(0));
    pace.rest(100_000, privateChats(1));
    for (let count = 2; count < 50; count += 1) {
      pace.start(2_000 + count * 40, privateChats(count));
      pace.finish(2_010 + count * 40, sent, privateChats(count));
    }
    expect(pace.earliestStart(50_000, privateChats(1))).toBe(100_000);
  });
});

describe('what a pace leaves to the next owner', () => {
  const group: PacedChat = { key: '7', isGroup: true };
  const fill = (pace: BotPace, fromMs: number): number => {
    let nowMs = fromMs;
    for (let count = 0; count < 20; count += 1) {
      nowMs = Math.max(nowMs, pace.earliestStart(nowMs, group));
      pace.start(nowMs, group);
      pace.finish(nowMs, sent, group);
    }
    return nowMs;
  };

  it('keeps a group at 20 a minute, whoever drives the lane', () => {
    const first = new BotPace(usualPace, beginAt(0));
    const lastMs = fill(first, 2_000);
    expect(first.earliestStart(lastMs + 1, group)).toBeGreaterThan(50_000);
    // Another process, another monotonic clock: it starts 5 s after the lane was let go.
    const memory = first.remember(lastMs);
    const next = new BotPace(usualPace, { freeSinceMs: 1_000_000, memory, isMemoryWhole: true });
    const wait = next.earliestStart(1_005_000, group) - 1_000_000;
    expect(wait).toBeCloseTo(first.earliestStart(lastMs + 5_000, group) - lastMs, 3);
  });

  it('takes every group for full when the owner before died, and no longer than a minute', () => {
    const pace = new BotPace(usualPace, { freeSinceMs: 0, isMemoryWhole: false });
    expect(pace.earliestStart(10_000, group)).toBe(60_005);
    expect(pace.earliestStart(10_000, { key: '8', isGroup: false })).toBe(10_000);
    expect(pace.earliestStart(61_000, group)).toBe(61_000);
  });

  it('remembers a fallen limit and lets idle time count as clean', () => {
    const first = new BotPace(usualPace, beginAt(0));
    first.start(2_000);
    first.finish(2_100, limited(1));
    expect(first.perSecond).toBe(21);
    const memory = first.remember(4_000);
    const soon = new BotPace(usualPace, { freeSinceMs: 0, memory, isMemoryWhole: true });
    soon.earliestStart(2_000);
    expect(soon.perSecond).toBe(21);
    soon.earliestStart(40_000);
    expect(soon.perSecond).toBeGreaterThan(25);
  });

  it('remembers a chat that rests', () => {
    const first = new BotPace(usualPace, beginAt(0));
    first.rest(30_000, { key: '9', isGroup: false });
    const memory = first.remember(10_000);
    const next = new BotPace(usualPace, { freeSinceMs: 0, memory, isMemoryWhole: true });
    expect(next.earliestStart(5_000, { key: '9', isGroup: false })).toBe(20_000);
  });

  it('is nothing where nothing happened', () => {
    expect(new BotPace(usualPace, beginAt(0)).remember(5_000)).toBeUndefined();
  });

  it('counts an outage once, however many calls fail in it', () => {
    const pace = new BotPace(usualPace, beginAt(0));
    for (let call = 0; call < 5; call += 1) pace.start(2_000);
    pace.finish(2_001, { kind: 'notSent', cause: 'refused' });
    pace.rest(3_000);
    for (let call = 0; call < 4; call += 1) pace.finish(2_002, { kind: 'notSent', cause: 'refused' });
    expect(pace.outages).toBe(1);
    expect(pace.remember(2_003)).toMatchObject({ outages: 1 });
  });
});
