import { randomBytes } from 'node:crypto';
import { getQueueToken, Processor } from '@nestjs/bullmq';
import { Global, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Queue, Worker } from 'bullmq';
import { Clock } from '../../../src/platform/clock/index.js';
import { PoolMetrics } from '../../../src/platform/database/index.js';
import { Metrics } from '../../../src/platform/metrics/index.js';
import { QueueModule, WakeProcessor, WakeQueue, WORKER_OPTIONS } from '../../../src/platform/queue/index.js';
import { wakeQueueToken } from '../../../src/platform/queue/wake-queue.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';
import { waitUntil } from '../../harness/wait.js';

const SUBJECT = 'things';
const KEYS_PER_JOB = 10;

/** Keeps what it is woken for, and holds the first job until it is let go. */
@Processor(SUBJECT, WORKER_OPTIONS)
class Keeper extends WakeProcessor {
  protected override readonly concurrency = 1;
  readonly jobs: (readonly string[])[] = [];
  letGo: () => void = () => undefined;
  private readonly held = new Promise<void>((resolve) => (this.letGo = resolve));

  override async drive(keys: readonly string[]): Promise<void> {
    this.jobs.push(keys);
    if (this.jobs.length === 1) await this.held;
  }
}

/** Turned by the test alone. */
class TurnedClock extends Clock {
  instantMs = 0;

  override now(): Date {
    return new Date(this.instantMs);
  }
}

const clock = new TurnedClock();

@Global()
@Module({
  providers: [{ provide: Clock, useValue: clock }, Keeper, Metrics, PoolMetrics],
  exports: [Clock, PoolMetrics],
})
class Clocks {}

const redisUrl = process.env['TEST_REDIS_URL'];
const places = [
  { name: 'PostgreSQL', url: undefined },
  ...(redisUrl === undefined ? [] : [{ name: 'Redis', url: redisUrl }]),
];

describe.each(places)('wakes on $name', ({ url }) => {
  let database: TestDatabase;
  let application: INestApplicationContext;
  let queue: WakeQueue;
  let keeper: Keeper;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  beforeEach(async () => {
    const settings = { QUEUE_URL: url, QUEUE_PREFIX: `test-${randomBytes(6).toString('hex')}` };
    application = await NestFactory.createApplicationContext(
      {
        module: Clocks,
        imports: [
          QueueModule.forRoot(settings, database.urls.dispatcher),
          QueueModule.forSubject(SUBJECT, KEYS_PER_JOB),
        ],
      },
      { logger: false },
    );
    queue = application.get<WakeQueue>(wakeQueueToken(SUBJECT));
    keeper = application.get(Keeper);
  });
  afterEach(async () => {
    keeper.letGo();
    await application.close();
  });

  const numbers = (count: number, first = 0): string[] =>
    Array.from({ length: count }, (_, n) => String(first + n));
  const untilWokenFor = (count: number): Promise<void> =>
    waitUntil(() => Promise.resolve(keeper.jobs.flat().length >= count), 20_000);

  it('names many keys in one job', async () => {
    await queue.wake(numbers(25));
    keeper.letGo();
    await untilWokenFor(25);
    expect(keeper.jobs.map((keys) => keys.length).sort()).toEqual([10, 10, 5]);
    expect(
      keeper.jobs
        .flat()
        .map(Number)
        .sort((one, other) => one - other),
    ).toEqual(numbers(25).map(Number));
  });

  it('drops a wake of a key that waits, and repeats one that comes while the key is worked on', async () => {
    await queue.wake(['a']);
    await untilWokenFor(1);
    for (const key of ['b', 'b', 'a', 'b', 'a']) await queue.wake([key]);
    keeper.letGo();
    await untilWokenFor(3);
    await queue.wake(['end']);
    await untilWokenFor(4);
    expect(keeper.jobs.flat().sort()).toEqual(['a', 'a', 'b', 'end']);
  });

  it('does not pile up what is found again and again while nobody has time', async () => {
    await queue.wake(['busy']);
    await untilWokenFor(1);
    for (let look = 0; look < 5; look += 1) await queue.wakeFound(numbers(20));
    keeper.letGo();
    await untilWokenFor(21);
    await queue.wakeFound(['found later']);
    await waitUntil(() => Promise.resolve(keeper.jobs.flat().includes('found later')), 20_000);
    expect(keeper.jobs.flat()).toHaveLength(22);
  });

  it('wakes once more for what was taken up and not done, since whoever took it may be dead', async () => {
    await queue.wakeFound(['a']);
    await untilWokenFor(1);
    for (let look = 0; look < 3; look += 1) await queue.wakeFound(['a']);
    keeper.letGo();
    await untilWokenFor(2);
    await queue.wake(['end']);
    await untilWokenFor(3);
    expect(keeper.jobs.flat()).toEqual(['a', 'a', 'end']);
  });

  it('is held up for one turn alone by what a worker took and never began', async () => {
    await queue.wake(['busy']);
    await untilWokenFor(1);
    await queue.wakeFound(['a']);
    const { opts } = application.get<Queue>(getQueueToken(SUBJECT));
    const dying = new Worker(SUBJECT, null, { ...opts, autorun: false, lockDuration: 60_000 });
    const taken = await dying.getNextJob('dying');
    expect(taken?.data).toEqual({ keys: ['a'] });
    keeper.letGo();

    await queue.wakeFound(['a']);
    await queue.wake(['end of the turn']);
    await untilWokenFor(2);
    expect(keeper.jobs.flat()).toEqual(['busy', 'end of the turn']);
    clock.instantMs += 2_000;
    await queue.wakeFound(['a']);
    await untilWokenFor(3);
    expect(keeper.jobs.flat()).toEqual(['busy', 'end of the turn', 'a']);
    await taken?.moveToCompleted(undefined, 'dying', false);
    await dying.close();
  });

  it('lets three jobs wait for what is found, however long nobody has time', async () => {
    await queue.wake(['busy']);
    await untilWokenFor(1);
    for (let look = 0; look < 20; look += 1) {
      await queue.wakeFound(['a']);
      clock.instantMs += 700;
    }
    keeper.letGo();
    await untilWokenFor(4);
    await queue.wake(['end']);
    await untilWokenFor(5);
    expect(keeper.jobs.flat()).toEqual(['busy', 'a', 'a', 'a', 'end']);
  });
});
