import {
  bucketSecondsFor,
  type CountedDeliveries,
  forecastFinish,
  MOST_BUCKETS,
  summarize,
} from './report.rules.js';

const NOW = new Date('2026-03-01T12:00:00Z');
const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1_000);
const counted = (more: Partial<CountedDeliveries>): CountedDeliveries => ({
  botNo: '1',
  state: 'sent',
  reason: null,
  count: 1,
  firstSendingAt: null,
  lastSettledAt: null,
  recent: 0,
  recentSince: null,
  ...more,
});

describe('summarize', () => {
  it('adds bots up by state and reason, the most frequent reason first', () => {
    const counts = summarize([
      counted({ count: 3, firstSendingAt: ago(9), lastSettledAt: ago(5) }),
      counted({ botNo: '2', count: 2, firstSendingAt: ago(8), lastSettledAt: ago(1) }),
      counted({ state: 'failed', reason: 'blocked', count: 1 }),
      counted({ state: 'failed', reason: 'no_rights', count: 1 }),
      counted({ botNo: '2', state: 'failed', reason: 'no_rights', count: 4 }),
    ]);
    expect(counts.byState).toMatchObject({ sent: 5, failed: 6, queued: 0 });
    expect(counts.reasons).toEqual([
      { state: 'failed', reason: 'no_rights', count: 5 },
      { state: 'failed', reason: 'blocked', count: 1 },
    ]);
    expect(counts.firstSendingAt).toBe(ago(9).toISOString());
    expect(counts.lastSettledAt).toBe(ago(1).toISOString());
  });

  it('knows no instants of nothing', () => {
    expect(summarize([])).toMatchObject({ firstSendingAt: null, lastSettledAt: null, reasons: [] });
  });
});

describe('bucketSecondsFor', () => {
  it.each([
    [0, 1],
    [299, 1],
    [300, 2],
    [3_600, 15],
    [86_400, 300],
    [90 * 86_400, 86_400],
    [400 * 86_400, 172_800],
  ])('divides %d s into buckets of %d s', (duration, bucket) => {
    expect(bucketSecondsFor(duration)).toBe(bucket);
    expect(Math.floor(duration / bucket) + 1).toBeLessThanOrEqual(MOST_BUCKETS);
  });
});

describe('forecastFinish', () => {
  it('lets the slowest bot decide, by what it sent of late', () => {
    const forecast = forecastFinish(
      [
        counted({ state: 'queued', count: 100 }),
        counted({ count: 50, recent: 50, recentSince: ago(10) }),
        counted({ botNo: '2', state: 'queued', count: 30 }),
        counted({ botNo: '2', count: 10, recent: 10, recentSince: ago(10) }),
      ],
      NOW,
      30,
    );
    // 100 at 5/s take 20 s, 30 at 1/s take 30 s.
    expect(forecast).toEqual({ finishAt: ago(-30), perSecond: 6, basis: 'measured' });
  });

  it('takes the pace, less what answers take, for a bot that has not sent yet', () => {
    const forecast = forecastFinish([counted({ state: 'queued', count: 270 })], NOW, 30);
    expect(forecast).toEqual({ finishAt: ago(-10), perSecond: 27.3, basis: 'pace' });
  });

  it('adds the rest that Telegram asked a bot for', () => {
    const resting = [{ botNo: '1', botId: 'b', until: ago(-60) }];
    const forecast = forecastFinish([counted({ state: 'queued', count: 270 })], NOW, 30, resting);
    expect(forecast?.finishAt).toEqual(ago(-70));
  });

  it('tells nothing where nothing is left, or nothing bounds the pace', () => {
    expect(forecastFinish([counted({ count: 9 })], NOW, 30)).toBeUndefined();
    expect(forecastFinish([counted({ state: 'queued' })], NOW, Infinity)).toBeUndefined();
  });
});
