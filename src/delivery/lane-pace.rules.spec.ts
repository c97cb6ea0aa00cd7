import { LanePace } from './lane-pace.rules.js';

const LIMITS = { perSecond: 2, perChatPerSecond: 1, perGroupPerMinute: 20 };
const BEGINNING = { freeSinceMs: -10_000, isMemoryWhole: true };

describe('LanePace', () => {
  const paceOf = () => LanePace.begin(LIMITS, BEGINNING);
  const delivery = (key: string, isPaid: boolean) => ({ pacedChat: { key, isGroup: false }, isPaid });

  it('holds what is paid for to its own limit, and the others to the usual one', () => {
    const pace = paceOf();
    pace.start(0, delivery('a', false));
    pace.start(0, delivery('b', false));
    expect(pace.earliestStart(1, false)).toBe(Infinity);
    expect(pace.earliestStartOf(1, delivery('c', false))).toBe(Infinity);
    expect(pace.earliestStart(1, true)).toBe(1);
    expect(pace.earliestStartOf(1, delivery('c', true))).toBe(1);
  });

  it('lets both rest when Telegram asks for it', () => {
    const pace = paceOf();
    const paid = delivery('a', true);
    pace.start(0, paid);
    const rest = pace.finish(100, { kind: 'rateLimited', retryAfterSeconds: 3 }, paid);
    expect(rest).toEqual({ scope: 'bot', untilMs: 3_100 });
    expect(pace.earliestStart(200, false)).toBeGreaterThanOrEqual(3_100);
    expect(pace.earliestStart(200, true)).toBeGreaterThanOrEqual(3_100);
  });

  it('counts calls to a chat together, whoever pays for them', () => {
    const pace = paceOf();
    pace.start(0, delivery('a', true));
    pace.finish(100, { kind: 'ok', result: {} }, delivery('a', true));
    expect(pace.earliestStartOf(200, delivery('a', false))).toBeGreaterThan(1_100);
    expect(pace.earliestStartOf(200, delivery('b', false))).toBe(200);
  });

  it('lets a chat rest for both, and tells the next owner', () => {
    const pace = paceOf();
    const group = (isPaid: boolean) => ({ pacedChat: { key: 'g', isGroup: true }, isPaid });
    for (const now of [0, 2_000]) {
      pace.start(now, group(true));
      if (now === 0) pace.finish(100, { kind: 'ok', result: {} }, group(true));
    }
    const rest = pace.finish(2_100, { kind: 'rateLimited', retryAfterSeconds: 9 }, group(true));
    expect(rest).toEqual({ scope: 'chat', untilMs: 11_100 });
    expect(pace.earliestStartOf(2_200, group(false))).toBe(11_100);
    expect(pace.earliestStartOf(4_000, delivery('a', false))).toBe(4_000);
    const next = LanePace.begin(LIMITS, { freeSinceMs: 5_000, isMemoryWhole: true }, pace.remember(5_000));
    expect(next.earliestStartOf(7_000, group(false))).toBe(11_100);
    expect(next.earliestStartOf(7_000, group(true))).toBe(11_100);
  });

  it('counts outages of either, until one of them is over', () => {
    const pace = paceOf();
    pace.start(0, delivery('a', true));
    pace.finish(10, { kind: 'notSent', cause: 'refused' }, delivery('a', true));
    expect(pace.outages).toBe(1);
    pace.start(20, delivery('b', false));
    pace.finish(30, { kind: 'notSent', cause: 'refused' }, delivery('b', false));
    expect(pace.outages).toBe(2);
    const next = LanePace.begin(LIMITS, { freeSinceMs: 40, isMemoryWhole: true }, pace.remember(40));
    expect(next.outages).toBe(2);
    next.start(2_000, delivery('c', false));
    next.finish(2_050, { kind: 'ok', result: {} }, delivery('c', false));
    expect(next.outages).toBe(0);
    expect(next.remember(2_060)).toBeUndefined();
  });

  it('leaves to the next owner how far each of the two limits fell', () => {
    const pace = paceOf();
    const paid = delivery('a', true);
    pace.start(0, paid);
    pace.finish(100, { kind: 'rateLimited', retryAfterSeconds: 1 }, paid);
    const memory = pace.remember(200);
    expect(memory).toMatchObject({ paid: { limit: { perSecond: 700 } } });
    expect(memory).not.toHaveProperty('limit');
    const kept = JSON.parse(JSON.stringify(memory)) as typeof memory;
    const next = LanePace.begin(LIMITS, { freeSinceMs: 200, isMemoryWhole: true }, kept);
    expect(next.remember(201)?.paid?.limit?.perSecond).toBe(700);
    expect(countStarts(next, 2_000)).toBe(700);
    expect(countStarts(paceOf(), 2_000)).toBe(1_000);
  });

  it('takes what was left when only the usual pace was remembered', () => {
    const limit = { perSecond: 1, ceiling: 1, probeMs: 60_000, nextStepInMs: 60_000 };
    const pace = LanePace.begin(LIMITS, { freeSinceMs: 0, isMemoryWhole: true }, { limit, outages: 3 });
    expect(pace.outages).toBe(3);
    expect(pace.remember(0)).toMatchObject({ limit: { perSecond: 1 }, outages: 3 });
    expect(pace.remember(0)).not.toHaveProperty('paid');
  });

  /** How many paid calls may be under way, each to a chat of its own, when none is answered. */
  function countStarts(pace: LanePace, fromMs: number): number {
    let now = fromMs;
    for (let count = 0; ; count += 1) {
      const next = delivery(`chat ${count}`, true);
      now = pace.earliestStartOf(now, next);
      if (now === Infinity) return count;
      pace.start(now, next);
    }
  }
});
