import { BotPace } from '../telegram/index.js';
import { LanePace } from './lane-pace.rules.js';

const LIMITS = { perChatPerSecond: 1, perGroupPerMinute: 20 };
const BEGINNING = { freeSinceMs: -10_000, isMemoryWhole: true };

describe('LanePace', () => {
  const paceOf = () =>
    new LanePace(
      new BotPace({ ...LIMITS, perSecond: 2 }, BEGINNING),
      new BotPace({ ...LIMITS, perSecond: 1_000 }, BEGINNING),
    );
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

  it('counts outages of either', () => {
    const pace = paceOf();
    const paid = delivery('a', true);
    pace.start(0, paid);
    pace.finish(10, { kind: 'notSent', cause: 'refused' }, paid);
    expect(pace.outages).toBe(1);
    expect(pace.remember(20)).toBeUndefined();
  });
});
