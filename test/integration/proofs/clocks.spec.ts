import { setTimeout as wait } from 'node:timers/promises';
import { appointOperator } from '../../harness/operators.js';
import { waitUntil } from '../../harness/wait.js';
import { type ClockedProcess, ClocksInstallation } from './clocks-installation.js';
import { ClocksScene } from './clocks-scene.js';
import { expectRuns, type MissedTerms } from './missed-counts.js';
import { atScale, ProofReport } from './proof-report.js';

jest.setTimeout(atScale({ short: 180_000, quick: 300_000, full: 900_000 }));

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;
const MONTH = 30 * DAY;

/** How far wall clocks are set, in seconds: of two processes, of PostgreSQL alone, and of the machine. */
const SKEWS = atScale({
  short: [[5 * MINUTE, -7 * HOUR]],
  quick: [
    [5 * MINUTE, -7 * HOUR],
    [-3 * MONTH, 5 * MINUTE],
  ],
  full: [
    [5 * MINUTE, -5 * MINUTE],
    [-5 * MINUTE, 5 * MINUTE],
    [2 * HOUR, -7 * HOUR],
    [-7 * HOUR, 2 * HOUR],
    [3 * MONTH, -3 * MONTH],
    [-3 * MONTH, 3 * MONTH],
  ],
});
const DATABASE_STEPS = atScale({
  short: [3 * MONTH],
  quick: [3 * MONTH, -HOUR, 5 * MINUTE],
  full: [5 * MINUTE, -5 * MINUTE, HOUR, -HOUR, 9 * HOUR, -9 * HOUR, 3 * MONTH, -3 * MONTH],
});
const MACHINE_STEPS = atScale({
  short: [2 * HOUR],
  quick: [2 * HOUR, -HOUR],
  full: [MINUTE / 2, 2 * HOUR, 9 * HOUR, -HOUR, -9 * HOUR],
});
const TICKER_ROUNDS = atScale({ short: 1, quick: 2, full: 6 });
const STOP_ROUNDS = atScale({ short: 1, quick: 2, full: 10 });

const BOTS = 2;
const PEOPLE_PER_BOT = 60;
const PER_SECOND = 8;
/** How long is watched that nothing goes out: what sends ten times a second would show. */
const WATCHED_MS = 2_500;
const NOTICED_WITHIN_MS = 30_000;
/** A claim that stood still is given up by PostgreSQL after a minute (`idle_in_transaction_session_timeout`). */
const CLAIM_GIVEN_UP_WITHIN_MS = 90_000;
const WAITS_FOR_GIVING_UP = atScale({ short: false, quick: false, full: true });

interface Stop {
  readonly name: 'minute' | 'hour' | 'threeDays';
  /** Of the schedule that misses its runs. */
  readonly everySeconds: number;
  readonly firstAgoSeconds: number;
  readonly lastAgoSeconds: number;
}
/** So that no due time lies within seconds of a limit, and the next one is seconds away. */
const STOPS: readonly Stop[] = [
  { name: 'minute', everySeconds: 30, firstAgoSeconds: 50, lastAgoSeconds: 20 },
  { name: 'hour', everySeconds: 600, firstAgoSeconds: 3_720, lastAgoSeconds: 120 },
  { name: 'threeDays', everySeconds: HOUR, firstAgoSeconds: 3 * DAY + 1_800, lastAgoSeconds: 1_800 },
  // All of it later than the usual grace.
  { name: 'threeDays', everySeconds: DAY, firstAgoSeconds: 3 * DAY - 4 * HOUR, lastAgoSeconds: 20 * HOUR },
];
const POLICIES = ['skip', 'latest', 'all'] as const;
const GRACES_SECONDS = [HOUR, 4 * DAY];

const report = new ProofReport('clocks', [
  ...['doubled', 'lost', 'early', 'sentWhileHeld', 'deletedWhileHeld', 'wrongCounts'],
  ...['steps', 'heldWhileClocksDisagree', 'deliveries', 'unknown'],
]);
afterAll(() => report.write());

/** Real processes, each with a wall clock of its own, and a PostgreSQL with another; then clocks are set. */
describe('wall clocks that are set', () => {
  let installation: ClocksInstallation;
  let scene: ClocksScene;

  beforeAll(async () => {
    installation = await ClocksInstallation.start();
    scene = await ClocksScene.open(installation, BOTS, PEOPLE_PER_BOT);
    await installation.startMembers(PER_SECOND);
  });
  afterAll(() => installation.stop());
  // Where one fails, the next begins with clocks that are right.
  afterEach(() => {
    installation.setAll(0);
    for (const { process } of installation.members) process.signal('SIGCONT');
  });

  const found = (...names: string[]) =>
    report.findings.filter((finding) => names.some((name) => finding.startsWith(`${name}:`)));
  const untilHeld = (held: readonly ClockedProcess[]) =>
    waitUntil(() => held.every(({ isHolding }) => isHolding), NOTICED_WITHIN_MS);
  const untilGoingOn = () =>
    waitUntil(() => installation.members.every(({ isHolding }) => !isHolding), NOTICED_WITHIN_MS);
  /** Started before its time, by a clock that nobody has set. */
  const findEarly = async (scheduleId: string): Promise<void> => {
    const nowMs = Date.now();
    for (const { dueMs, state } of await scene.runs(scheduleId))
      if (state === 'started' && dueMs > nowMs)
        report.find('early', `due in ${Math.round((dueMs - nowMs) / 1_000)} s and started`);
  };
  /** Of a schedule for every second: each of its due times has a row, one after the other. */
  const expectNoGap = async (scheduleId: string): Promise<void> => {
    const runs = await scene.runs(scheduleId);
    for (const [position, { dueMs }] of runs.entries()) {
      const before = runs[position - 1];
      if (before?.state === 'started' && dueMs - before.dueMs !== 1_000)
        report.find('lost', `nothing was due between ${before.dueMs} and ${dueMs}`);
    }
  };

  it.each([...SKEWS])(
    'of one scheduler by %d s and one worker by %d s: these hold, say so, and the others do all of it',
    async (schedulerAhead, workerAhead) => {
      const metronome = await scene.beginMetronome();
      const broadcast = await scene.beginBroadcast();
      const skewed = [installation.schedulers[0]!, installation.workers[0]!];
      skewed[0]!.clock.set(schedulerAhead);
      skewed[1]!.clock.set(workerAhead);
      report.add('steps', 2);
      await untilHeld(skewed);
      report.add('heldWhileClocksDisagree', 2);
      const operator = await appointOperator({
        url: installation.api.apiUrl,
        database: installation.database,
      });
      const readAheads = async (): Promise<number[]> => {
        const { body } = await operator.client.get<{
          clocks: { databaseAheadSeconds: number; holding: { databaseAheadSeconds: number }[] };
        }>('/operator/health');
        expect(body.clocks.databaseAheadSeconds).toBe(0);
        return body.clocks.holding.map(({ databaseAheadSeconds }) => databaseAheadSeconds);
      };
      const expected = [-schedulerAhead, -workerAhead];
      await waitUntil(async () => {
        const aheads = await readAheads();
        return aheads.length === 2 && expected.every((ahead) => aheads.includes(ahead));
      });
      await scene.untilStarted(metronome, 3);
      await scene.untilEnded(broadcast);
      expect(skewed.map(({ isHolding }) => isHolding)).toEqual([true, true]);
      for (const { clock } of skewed) clock.set(0);
      await untilGoingOn();
      await scene.endSchedule(metronome);
      await findEarly(metronome);
      await expectNoGap(metronome);
      expect(found('early', 'lost')).toEqual([]);
    },
  );

  it.each([...DATABASE_STEPS])(
    'of PostgreSQL by %d s: nothing begins, nothing is deleted, and all goes on once it is right again',
    async (ahead) => {
      const metronome = await scene.beginMetronome();
      const broadcast = await scene.beginBroadcast();
      installation.databaseClock.set(ahead);
      report.add('steps');
      await untilHeld(installation.members);
      report.add('heldWhileClocksDisagree');
      await waitUntil(async () => (await installation.count('FROM deliveries WHERE state = 1')) === 0);
      expect(await scene.isUnderWay(broadcast)).toBe(true);
      const arrivals = await scene.countArrivals();
      const started = await scene.countStarted(metronome);
      const rows = () =>
        installation.count(
          'FROM (SELECT FROM deliveries UNION ALL SELECT FROM updates UNION ALL SELECT FROM replies UNION ALL SELECT FROM sessions) AS kept',
        );
      const kept = await rows();
      // Deleting what is old is the first that a scheduler does.
      const [late] = await Promise.all([installation.startOneMore('scheduler'), wait(WATCHED_MS)]);
      const sent = (await scene.countArrivals()) - arrivals + (await scene.countStarted(metronome)) - started;
      for (let one = 0; one < sent; one += 1) report.find('sentWhileHeld', `${ahead} s`);
      const deleted = kept - (await rows());
      for (let one = 0; one < deleted; one += 1) report.find('deletedWhileHeld', `${ahead} s`);
      await late.end();
      await findEarly(metronome);
      // As Telegram may have asked for it before anybody noticed: by that clock it is months away.
      await installation.look("UPDATE lanes SET rest_until = clock_timestamp() + interval '1 second'");
      installation.databaseClock.set(0);
      await untilGoingOn();
      await scene.untilEnded(broadcast);
      await scene.untilStarted(metronome, 2);
      await scene.endSchedule(metronome);
      await findEarly(metronome);
      expect(found('sentWhileHeld', 'deletedWhileHeld', 'early')).toEqual([]);
    },
  );

  it.each([...MACHINE_STEPS])(
    'of the whole machine by %d s, and back: broadcasts under way go on, and no due time is had twice',
    async (ahead) => {
      const metronome = await scene.beginMetronome();
      const broadcast = await scene.beginBroadcast();
      const another = await scene.beginBroadcast();
      installation.setAll(ahead);
      report.add('steps');
      const before = await scene.countArrivals();
      await waitUntil(async () => (await scene.countArrivals()) >= before + 5 * BOTS, NOTICED_WITHIN_MS);
      // Its leases end by a clock that is about to be set back.
      const replace = await installation.replaceWorker();
      installation.setAll(0);
      report.add('steps');
      await scene.endSchedule(metronome);
      await Promise.all([scene.untilEnded(broadcast), scene.untilEnded(another)]);
      await waitUntil(
        async () =>
          (await installation.count(
            "FROM polling WHERE until > clock_timestamp() + interval '20 seconds'",
          )) === 0,
        NOTICED_WITHIN_MS,
      );
      await replace();
      await untilGoingOn();
    },
  );

  describe('beside two tickers', () => {
    /** One ticker alone gets as far as to wait for a lock; then it stands still, loses what it had, and wakes. */
    const stopWithin = async (table: string, words: string, isGivenUp: boolean): Promise<void> => {
      const [sleeper, other] = installation.schedulers;
      const metronome = await scene.beginMetronome();
      await scene.untilStarted(metronome, 1);
      other!.process.signal('SIGSTOP');
      const unlock = await installation.lock(table);
      let claims: number[] = [];
      await waitUntil(async () => (claims = await installation.waiting(words)).length > 0, NOTICED_WITHIN_MS);
      sleeper!.process.signal('SIGSTOP');
      await unlock();
      other!.process.signal('SIGCONT');
      if (!isGivenUp) await installation.breakConnections(claims);
      const before = await scene.countStarted(metronome);
      await waitUntil(
        async () => (await scene.countStarted(metronome)) >= before + 3,
        CLAIM_GIVEN_UP_WITHIN_MS,
      );
      sleeper!.process.signal('SIGCONT');
      await scene.untilStarted(metronome, 3);
      await scene.endSchedule(metronome);
      await scene.untilQuiet();
      await findEarly(metronome);
      report.add('tickersStopped');
    };

    it('one that stands still within its claim and wakes when it is over starts nothing a second time', async () => {
      for (let round = 0; round < TICKER_ROUNDS; round += 1)
        await stopWithin('occurrences', 'INSERT INTO occurrences', WAITS_FOR_GIVING_UP && round === 0);
      expect(found('early')).toEqual([]);
    });

    it('one that stands still between its claim and the start wakes to find it done', async () => {
      for (let round = 0; round < TICKER_ROUNDS; round += 1)
        await stopWithin('broadcasts', 'INSERT INTO broadcasts', false);
      expect(found('early')).toEqual([]);
    });
  });

  it('while all stood still for a minute, an hour, three days: what is made up is what the policy says', async () => {
    const counts: Record<string, Record<string, { started: number; skipped: number }>> = {};
    for (let round = 0; round < STOP_ROUNDS; round += 1) {
      for (const { process } of installation.schedulers) process.signal('SIGSTOP');
      const nowSeconds = Math.floor(Date.now() / 1_000);
      const cases = STOPS.flatMap((stop) =>
        GRACES_SECONDS.flatMap((graceSeconds) => POLICIES.map((policy) => ({ stop, policy, graceSeconds }))),
      );
      const stopped = await Promise.all(
        cases.map(async ({ stop, ...terms }) => {
          const startMs = (nowSeconds - stop.firstAgoSeconds) * 1_000;
          const startAt = new Date(startMs).toISOString();
          const id = await scene.schedule(
            { kind: 'interval', everySeconds: stop.everySeconds, startAt },
            terms,
          );
          return { id, stop, terms, startMs };
        }),
      );
      // As if nobody had looked since.
      await installation.look(
        `UPDATE schedules s SET next_run_at = m.at FROM unnest($1::uuid[], $2::timestamptz[]) AS m (id, at) WHERE s.id = m.id`,
        [stopped.map(({ id }) => id), stopped.map(({ startMs }) => new Date(startMs))],
      );
      for (const { process } of installation.schedulers) process.signal('SIGCONT');
      const ids = stopped.map(({ id }) => id);
      await waitUntil(
        async () =>
          (await installation.count(
            'FROM schedules WHERE id = ANY ($1::uuid[]) AND next_run_at > clock_timestamp()',
            [ids],
          )) === ids.length,
        NOTICED_WITHIN_MS,
      );
      const claimedMs = Date.now();
      await scene.untilQuiet();
      for (const { id, stop, terms, startMs } of stopped) {
        const missedMs = dueTimes(startMs, stop);
        const expected = expectRuns(missedMs, terms, claimedMs);
        const runs = (await scene.runs(id)).filter(({ dueMs }) => dueMs <= missedMs.at(-1)!);
        if (JSON.stringify(runs) !== JSON.stringify(expected))
          report.find('wrongCounts', `${nameOf(stop, terms)}: ${told(runs)} instead of ${told(expected)}`);
        const count = ((counts[nameOf(stop, terms)] ??= {})[terms.policy] ??= { started: 0, skipped: 0 });
        count.started = runs.filter(({ state }) => state === 'started').length;
        count.skipped = runs.filter(({ state }) => state === 'skipped').length;
        report.add('stops');
        await scene.endSchedule(id);
      }
    }
    report.set('missed', counts);
    expect(found('wrongCounts')).toEqual([]);
  });

  it('in the end nothing was lost and nothing arrived twice', async () => {
    await scene.untilQuiet();
    await scene.audit(report);
    for (const name of [
      'steps',
      'heldWhileClocksDisagree',
      'tickersStopped',
      'stops',
      'deliveries',
      'unknown',
    ])
      report.line(name, report.count(name));
    report.line('doubled', report.count('doubled'));
    report.line('lost', report.count('lost'));
    expect(found('doubled', 'lost')).toEqual([]);
    expect(report.count('deliveries')).toBeGreaterThan(BOTS * PEOPLE_PER_BOT * DATABASE_STEPS.length);
  });
});

function dueTimes(startMs: number, { everySeconds, firstAgoSeconds, lastAgoSeconds }: Stop): number[] {
  const count = Math.floor((firstAgoSeconds - lastAgoSeconds) / everySeconds) + 1;
  return Array.from({ length: count }, (_, n) => startMs + n * everySeconds * 1_000);
}

const nameOf = ({ name, everySeconds }: Stop, { graceSeconds }: MissedTerms): string =>
  `${name}, every ${everySeconds} s, grace ${graceSeconds} s`;

const told = (runs: readonly { dueMs: number; state: string; reason: string | null }[]): string =>
  runs.map(({ dueMs, state, reason }) => `${new Date(dueMs).toISOString()} ${reason ?? state}`).join(', ');
