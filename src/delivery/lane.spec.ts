import { type ConnectedBot } from '../bots/index.js';
import { type Attempt } from './journal.repository.js';
import { Lane, type LaneEnd, type LaneSurroundings } from './lane.js';
import { LanePace } from './lane-pace.rules.js';

const LIMITS = { perSecond: 30, perChatPerSecond: 1, perGroupPerMinute: 20 };

describe('a lane in which nothing waits', () => {
  let lane: Lane;
  let readings: number;
  let nextInMs: number | undefined;
  let hasStrays: boolean;
  let closed: number;
  let failures: number;
  let idle: boolean[];
  let ended: LaneEnd | undefined;

  beforeEach(async () => {
    jest.useFakeTimers();
    readings = 0;
    nextInMs = undefined;
    hasStrays = false;
    closed = 0;
    failures = 0;
    idle = [];
    ended = undefined;
    const around = {
      clock: { monotonicMs: () => performance.now() },
      repository: {
        findQueued: () => {
          readings += 1;
          return Promise.resolve([]);
        },
        findRemainder: () => Promise.resolve({ nextInMs, hasStrays }),
      },
      contents: { load: () => Promise.resolve([]) },
      closeStrays: () => {
        if (failures > 0) {
          failures -= 1;
          return Promise.reject(new Error('away'));
        }
        closed += 1;
        return Promise.resolve();
      },
      report: () => undefined,
      noteIdle: (_: Lane, isIdle: boolean) => idle.push(isIdle),
    } as unknown as LaneSurroundings;
    const pace = LanePace.begin(LIMITS, { freeSinceMs: -10_000, isMemoryWhole: true });
    const lease = { owner: '1', deadlineMs: Infinity };
    lane = new Lane({ botNo: '7' } as ConnectedBot, lease, '1', pace, around);
    void lane.run().then((end) => (ended = end));
    await jest.advanceTimersByTimeAsync(10);
  });
  afterEach(() => jest.useRealTimers());

  it('stays for a moment, and then ends', async () => {
    expect([readings, idle, ended]).toEqual([1, [true], undefined]);
    await jest.advanceTimersByTimeAsync(900);
    expect(ended).toBeUndefined();
    await jest.advanceTimersByTimeAsync(200);
    expect([readings, idle, ended]).toEqual([1, [true, false], { kind: 'empty', nextInMs: undefined }]);
  });

  it('leaves at once when somebody wants its place', async () => {
    lane.leave();
    await jest.advanceTimersByTimeAsync(0);
    expect([idle, ended]).toEqual([[true, false], { kind: 'empty', nextInMs: undefined }]);
  });

  it('reads when somebody tells of more, and then stays for as long again', async () => {
    await jest.advanceTimersByTimeAsync(900);
    lane.noticeMore();
    lane.leave();
    await jest.advanceTimersByTimeAsync(900);
    expect([readings, idle, ended]).toEqual([2, [true, false, true], undefined]);
    await jest.advanceTimersByTimeAsync(200);
    expect(ended).toMatchObject({ kind: 'empty' });
  });

  it('reads once more where somebody told of more while it was reading', async () => {
    lane.noticeMore();
    lane.noticeMore();
    await jest.advanceTimersByTimeAsync(10);
    expect(readings).toBe(3);
    await jest.advanceTimersByTimeAsync(1_100);
    expect(ended).toMatchObject({ kind: 'empty' });
  });

  it('says when what waits for its time is due, less the time that it stayed', async () => {
    nextInMs = 60_000;
    lane.noticeMore();
    await jest.advanceTimersByTimeAsync(1_100);
    expect(ended).toMatchObject({ kind: 'empty' });
    const { nextInMs: saidMs } = ended as { nextInMs: number };
    expect(saidMs).toBeGreaterThan(58_500);
    expect(saidMs).toBeLessThan(59_500);
  });

  it('closes what stands as open although nothing is under way', async () => {
    expect(closed).toBe(0);
    hasStrays = true;
    lane.noticeMore();
    await jest.advanceTimersByTimeAsync(10);
    expect(closed).toBe(1);
  });

  it('stays until what stands as open is closed, where that fails at first', async () => {
    hasStrays = true;
    failures = 2;
    lane.noticeMore();
    await jest.advanceTimersByTimeAsync(1_900);
    expect([closed, idle, ended]).toEqual([0, [true, false], undefined]);
    await jest.advanceTimersByTimeAsync(1_300);
    expect(closed).toBe(1);
    expect(ended).toMatchObject({ kind: 'empty' });
  });

  it('looks again at the soonest of the instants at which more can be found', async () => {
    const attempt = {} as Attempt;
    for (const delayMs of [500, 50, 700]) {
      const settlement = { state: 'queued', reason: null, messageId: null, delayMs } as const;
      lane.onSettled({ attempt, settlement });
    }
    await jest.advanceTimersByTimeAsync(100);
    expect(readings).toBe(2);
  });

  it.each(['stopped', 'lost'] as const)('ends as %s where it is told to', async (kind) => {
    lane.finish({ kind });
    await jest.advanceTimersByTimeAsync(0);
    expect([idle, ended]).toEqual([[true, false], { kind }]);
  });
});
