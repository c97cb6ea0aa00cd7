import { type ConnectedBot } from '../bots/index.js';
import { type BotApiOutcome } from '../telegram/index.js';
import { type PreparedDelivery } from './contents.js';
import { judge } from './delivery.rules.js';
import { type Attempt, deliveryKey, type SettledAttempt } from './journal.repository.js';
import { type IntentHolder } from './journal.js';
import { Lane, type LaneEnd, type LaneSurroundings } from './lane.js';
import { LanePace } from './lane-pace.rules.js';
import { type QueuedDelivery } from './lane.repository.js';

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

describe('a lane whose chats are at their limit', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const GROUPS = 150;
  const PEOPLE = 5;
  const rowOf = (n: number): QueuedDelivery =>
    ({
      plannedOn: '2026-11-23',
      class: 1,
      sourceNo: '1',
      chatNo: `${n}`,
      attempt: 0,
      telegramChatId: n,
      chatType: n < GROUPS ? 'group' : 'private',
    }) as QueuedDelivery;

  /** Drives a lane of groups, and people behind them, for a while. */
  function open(isMemoryWhole: boolean, answer: (n: number) => BotApiOutcome) {
    const queued = new Map(Array.from({ length: GROUPS + PEOPLE }, (_, n) => [n, rowOf(n)]));
    const called: number[] = [];
    const rests: number[] = [];
    const around = {
      clock: { monotonicMs: () => performance.now() },
      client: {
        call: ({ parameters }: { parameters: { chat_id: number } }) => {
          called.push(parameters.chat_id);
          return Promise.resolve(answer(called.length));
        },
      },
      journal: {
        intend: (attempt: Attempt, holder: IntentHolder) =>
          queueMicrotask(() => holder.onIntentDecided(attempt, true)),
        settle: (settled: SettledAttempt, holder: IntentHolder) => {
          queued.delete(Number(settled.attempt.chatNo));
          queueMicrotask(() => holder.onSettled(settled));
        },
      },
      repository: {
        findQueued: (_: string, most: number) => Promise.resolve([...queued.values()].slice(0, most)),
        findRemainder: () => Promise.resolve({ nextInMs: undefined, hasStrays: false }),
      },
      contents: {
        load: (_: ConnectedBot, rows: readonly QueuedDelivery[]) =>
          Promise.resolve(
            rows.map(
              (row) =>
                ({
                  row,
                  key: deliveryKey(row),
                  pacedChat: { key: row.chatNo, isGroup: row.chatType !== 'private' },
                  isReady: true,
                  isPaid: false,
                  isRefused: false,
                  isUrgent: false,
                  skipReason: null,
                  begin: () => undefined,
                  call: () => ({ method: 'sendMessage', parameters: { chat_id: row.telegramChatId } }),
                  judge: (outcome: BotApiOutcome) => judge(outcome, 1, false, 0),
                }) as unknown as PreparedDelivery,
            ),
          ),
      },
      noteLeaving: () => undefined,
      noteSettled: () => undefined,
      noteIdle: () => undefined,
      noteRest: (_: Lane, restMs: number) => {
        rests.push(restMs);
        return Promise.resolve();
      },
      report: (_: Lane, error: unknown) => {
        throw error;
      },
    } as unknown as LaneSurroundings;
    const pace = LanePace.begin(LIMITS, { freeSinceMs: performance.now() - 2_000, isMemoryWhole });
    const lane = new Lane(
      { botNo: '7' } as ConnectedBot,
      { owner: '1', deadlineMs: Infinity },
      '1',
      pace,
      around,
    );
    const state: { ended?: LaneEnd } = {};
    void lane.run().then((end) => (state.ended = end));
    return { lane, called, rests, queued, state };
  }

  it('sends to others behind them, however many stand in front', async () => {
    // After an owner that died nobody knows what groups were sent in the last minute.
    const { called, state } = open(false, () => ({ kind: 'ok', result: { message_id: 1 } }));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(called).toEqual(Array.from({ length: PEOPLE }, (_, n) => GROUPS + n));
    expect(state.ended).toMatchObject({ kind: 'resting' });
  });

  it('notes what a chat asked for, which outlives the process', async () => {
    const { lane, rests, queued } = open(true, (n) =>
      n === GROUPS + PEOPLE + 2
        ? { kind: 'rateLimited', retryAfterSeconds: 300, description: '' }
        : { kind: 'ok', result: { message_id: 1 } },
    );
    await jest.advanceTimersByTimeAsync(5_500);
    expect(queued.size).toBe(0);
    // Two more to one group: its own calls explain the refusal, the bot's as a whole don't.
    for (let i = 0; i < 2; i += 1) {
      queued.set(0, rowOf(0));
      lane.noticeMore();
      await jest.advanceTimersByTimeAsync(10);
      await jest.advanceTimersByTimeAsync(890);
    }
    expect(rests).toEqual([0]);
    expect(lane.memory()?.chats?.find(({ key }) => key === '0')?.restMs).toBeGreaterThan(290_000);
  });
});
