import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { ProductProcess } from '../harness/processes.js';
import { buildProduct } from '../harness/product.js';
import { type Report, type SceneBot, SceneTenant } from '../harness/scene.js';
import { waitUntil } from '../harness/wait.js';
import { ControlClient } from '../integration/sandbox/control-client.js';

jest.setTimeout(240_000);

const BOTS = 4;
const PEOPLE_OF_A_BOT = 250;
const PER_SECOND = 20;
const ANSWER_MS = 100;
/** From the answer to its commit, with what a busy machine adds. */
const SETTLE_MS = 100;
/** What one bot may have under way when its worker dies. */
const UNKNOWN_PER_BOT_AND_KILL = Math.ceil((PER_SECOND * (ANSWER_MS + SETTLE_MS)) / 1_000) + 2;
/** The lease (6 s), the sweep's turn (2 s), and what a busy machine adds. */
const TAKEN_OVER_WITHIN_MS = 15_000;

/** One database, one sandbox and every role as a process of its own; then processes die. */
describe('the product as processes', () => {
  let home: string;
  let database: TestDatabase;
  let superuser: Client;
  let environment: Record<string, string>;
  let sandbox: ProductProcess;
  let api: ProductProcess;
  let tenant: SceneTenant;
  let bots: SceneBot[];
  const running = new Set<ProductProcess>();

  const start = async (roles: string): Promise<ProductProcess> => {
    const started = await ProductProcess.start(roles, environment);
    running.add(started);
    return started;
  };
  const end = async (one: ProductProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    running.delete(one);
    return one.end(signal);
  };
  const look = async <Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> =>
    (await superuser.query(sql, parameters)).rows as Row[];

  beforeAll(async () => {
    await buildProduct();
    home = mkdtempSync(join(tmpdir(), 'arauto-e2e-'));
    database = await createTestDatabase();
    superuser = new Client({ connectionString: database.urls.superuser });
    await superuser.connect();
    const key = () => randomBytes(32).toString('base64');
    const keys = { ENCRYPTION_KEY: key(), SESSION_KEY: key(), SANDBOX_KEY: key() };
    environment = { ...keys, ARAUTO_HOME: home, SANDBOX_PORT: '0' };
    sandbox = await start('sandbox');
    environment = {
      ...keys,
      ARAUTO_HOME: home,
      SANDBOX_URL: sandbox.sandboxUrl,
      DATABASE_URL: database.urls.app,
      DATABASE_DISPATCHER_URL: database.urls.dispatcher,
      PACING_BOT_PER_SECOND: String(PER_SECOND),
      PACING_CHAT_PER_SECOND: '0',
    };
    api = await start('api');
    await Promise.all([start('scheduler'), start('poller')]);
    tenant = await SceneTenant.signUp(
      api.apiUrl,
      new ControlClient(sandbox.sandboxUrl, undefined, undefined, keys.SANDBOX_KEY),
    );
    const first = await start('worker');
    bots = await Promise.all(Array.from({ length: BOTS }, () => tenant.connectBot()));
    await Promise.all(bots.map((bot) => tenant.startPeople(bot, PEOPLE_OF_A_BOT)));
    await tenant.control.must('PUT', '/latency', { minimumMs: ANSWER_MS });
    await end(first, 'SIGTERM');
  });
  afterAll(async () => {
    await Promise.all([...running].map((one) => one.end('SIGTERM')));
    await superuser.end();
    await database.drop();
    rmSync(home, { recursive: true, force: true });
  });

  /** Every accepted delivery has an end, what is called sent arrived, nothing arrived twice. */
  const expectNothingLostOrDoubled = async (report: Report, text: string): Promise<void> => {
    const { accepted, queued, sending, sent, failed, unknown, skipped, cancelled } = report.counts;
    expect(queued + sending).toBe(0);
    expect(sent + failed + unknown + skipped + cancelled).toBe(accepted);
    const arrived = (await tenant.ledger(text)).filter(({ hasEffect }) => hasEffect);
    const chatsOf = (list: { chatId: string | number }[]) =>
      new Set(list.map(({ chatId }) => Number(chatId)));
    const reached = chatsOf(arrived);
    expect(arrived).toHaveLength(reached.size);
    const called = await tenant.deliveries(report.id, 'sent');
    const lost = called.filter(({ telegramChatId }) => !reached.has(Number(telegramChatId)));
    expect(lost).toEqual([]);
    expect((await tenant.summary()).duplicates).toEqual({ surplus: 0, examples: [] });
  };
  const lanes = () =>
    look<{ bot_no: string; owner: string | null; epoch: string }>('SELECT bot_no, owner, epoch FROM lanes');
  /** Milliseconds until somebody else drives every lane that is driven now. */
  const measureTakeOver = async (isOver: () => Promise<boolean>): Promise<number> => {
    const startedMs = performance.now();
    const before = new Map(
      (await lanes()).filter(({ owner }) => owner).map((lane) => [lane.bot_no, lane.owner]),
    );
    expect(before.size).toBe(BOTS);
    await waitUntil(async () => {
      if (await isOver()) return true;
      return (await lanes()).every(({ bot_no: no, owner }) => owner !== before.get(no));
    }, 60_000);
    return performance.now() - startedMs;
  };
  const isEnded = (id: string) => async () => (await tenant.report(id)).state === 'finished';
  const settled = ({ counts }: Report) => counts.sent + counts.unknown;

  it('workers die, one after the other, and their successors finish without a loss or a double', async () => {
    const text = 'Whatever happens';
    let worker = await start('worker');
    const { id } = await tenant.broadcast(text);
    const kills = 3;
    const unknownOfKill: number[] = [];
    const takeOversMs: number[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      const successor = await start('worker');
      const before = await tenant.report(id);
      // It is driven again, by the worker that is to die.
      await tenant.until(id, (report) => settled(report) >= settled(before) + BOTS * 5);
      await end(worker, 'SIGKILL');
      takeOversMs.push(Math.round(await measureTakeOver(isEnded(id))));
      worker = successor;
      unknownOfKill.push((await tenant.report(id)).counts.unknown - before.counts.unknown);
    }
    const report = await tenant.untilEnded(id, 90_000);
    console.log(
      `kill -9, ${BOTS} bots at ${PER_SECOND}/s and ${ANSWER_MS} ms: taken over after ${takeOversMs.join(', ')} ms; ` +
        `unknown ${unknownOfKill.join(', ')} (${report.counts.unknown} of ${report.counts.accepted})`,
    );
    expect(report).toMatchObject({
      state: 'finished',
      counts: { accepted: BOTS * PEOPLE_OF_A_BOT, failed: 0 },
    });
    await expectNothingLostOrDoubled(report, text);
    expect(report.counts.unknown).toBeLessThanOrEqual(kills * BOTS * UNKNOWN_PER_BOT_AND_KILL);
    for (const ms of takeOversMs) expect(ms).toBeLessThanOrEqual(TAKEN_OVER_WITHIN_MS);
    await end(worker, 'SIGTERM');
  });

  it('a worker that stood still past its lease sends nothing when it wakes', async () => {
    const text = 'Asleep at the wheel';
    const sleeper = await start('worker');
    const { id } = await tenant.broadcast(text);
    const successor = await start('worker');
    await tenant.until(id, ({ counts }) => counts.sent >= BOTS * 5);
    sleeper.signal('SIGSTOP');
    const takenOverMs = Math.round(await measureTakeOver(isEnded(id)));
    const asleep = await tenant.report(id);
    sleeper.signal('SIGCONT');
    const report = await tenant.untilEnded(id, 90_000);
    console.log(
      `SIGSTOP: taken over after ${takenOverMs} ms; unknown ${asleep.counts.unknown} while it slept, ` +
        `${report.counts.unknown} once its late answers were read`,
    );
    expect(report.state).toBe('finished');
    expect(report.counts.unknown).toBeLessThanOrEqual(BOTS * UNKNOWN_PER_BOT_AND_KILL);
    await expectNothingLostOrDoubled(report, text);
    expect(await end(sleeper, 'SIGTERM')).toBe(0);
    expect(await end(successor, 'SIGTERM')).toBe(0);
  });

  it('a broadcast that is paused when its worker dies goes on in the next, where it stopped', async () => {
    const text = 'Hold the line';
    const worker = await start('worker');
    const { id } = await tenant.broadcast(text);
    await tenant.until(id, ({ counts }) => counts.sent >= BOTS * 5);
    const [paused] = await Promise.all([
      tenant.client.post(`/broadcasts/${id}/pause`),
      end(worker, 'SIGKILL'),
    ]);
    expect(paused).toMatchObject({ status: 200, body: { state: 'paused' } });
    const successor = await start('worker');
    // What the dead one left open is closed before anything is resumed.
    const held = await tenant.until(id, ({ counts }) => counts.sending === 0);
    expect(held.state).toBe('paused');
    expect(held.counts.queued).toBeGreaterThan(0);
    expect((await tenant.client.post(`/broadcasts/${id}/resume`)).status).toBe(200);
    const report = await tenant.untilEnded(id, 90_000);
    expect(report).toMatchObject({ state: 'finished', counts: { failed: 0, cancelled: 0 } });
    expect(report.counts.unknown).toBeLessThanOrEqual(BOTS * UNKNOWN_PER_BOT_AND_KILL);
    await expectNothingLostOrDoubled(report, text);
    expect(await end(successor, 'SIGTERM')).toBe(0);
  });

  it('a worker that is told to stop leaves nothing unknown', async () => {
    const text = 'In good order';
    const leaver = await start('worker');
    const { id } = await tenant.broadcast(text);
    const successor = await start('worker');
    await tenant.until(id, ({ counts }) => counts.sent >= BOTS * 5);
    expect(await end(leaver, 'SIGTERM')).toBe(0);
    const report = await tenant.untilEnded(id, 90_000);
    expect(report).toMatchObject({
      state: 'finished',
      counts: { accepted: BOTS * PEOPLE_OF_A_BOT, sent: BOTS * PEOPLE_OF_A_BOT, unknown: 0, failed: 0 },
    });
    await expectNothingLostOrDoubled(report, text);
    await end(successor, 'SIGTERM');
  });

  it('another poller takes over from one that died; no update is lost or answered twice', async () => {
    const worker = await start('worker');
    const successor = await start('poller');
    const [bot] = bots;
    const people = (await tenant.chats(bot!)).map(({ telegramChatId }) => telegramChatId).slice(0, 60);
    const ask = (some: number[]) =>
      Promise.all(
        some.map((person) =>
          tenant.control.must('POST', `/people/${person}/message`, { botId: bot!.telegramId, text: '/help' }),
        ),
      );
    const answers = async () =>
      (await tenant.ledger('Herald sends you')).filter(({ hasEffect }) => hasEffect);
    await ask(people.slice(0, 20));
    await waitUntil(async () => (await answers()).length > 0, 30_000);
    const [first] = [...running].filter(({ roles }) => roles === 'poller');
    await Promise.all([ask(people.slice(20)), end(first!, 'SIGKILL')]);
    const killedMs = performance.now();
    await waitUntil(async () => (await answers()).length >= people.length, 60_000);
    console.log(`poller killed: everything answered after ${Math.round(performance.now() - killedMs)} ms`);
    await waitUntil(
      async () => (await look(`SELECT FROM updates WHERE settled_at IS NULL`)).length === 0,
      30_000,
    );
    const answered = (await answers()).map(({ chatId }) => chatId);
    expect(answered.sort((one, other) => one - other)).toEqual(people.sort((one, other) => one - other));
    expect(running.has(successor)).toBe(true);
    await end(worker, 'SIGTERM');
  });

  it('two schedulers start each occurrence once, also when one of them dies', async () => {
    const other = await start('scheduler');
    const runs = 12;
    const startAtMs = Math.ceil(Date.now() / 1_000) * 1_000 + 2_000;
    const schedule = await tenant.client.post<{ id: string }>('/schedules', {
      name: 'Every second',
      message: { kind: 'text', text: 'Tick' },
      audience: { to: 'chats', chatIds: [(await tenant.chats(bots[0]!))[0]!.id] },
      rule: {
        kind: 'interval',
        everySeconds: 1,
        startAt: new Date(startAtMs).toISOString(),
        endAt: new Date(startAtMs + (runs - 1) * 1_000).toISOString(),
      },
    });
    expect(schedule.status).toBe(201);
    const occurrences = async () =>
      (
        await tenant.client.get<{ items: { dueAt: string; state: string; broadcastId: string | null }[] }>(
          `/schedules/${schedule.body.id}/occurrences?limit=200`,
        )
      ).body.items;
    await waitUntil(async () => (await occurrences()).length >= 4, 30_000);
    await end(other, 'SIGKILL');
    await waitUntil(
      async () => (await occurrences()).filter(({ state }) => state === 'started').length >= runs,
      60_000,
    );
    const found = (await occurrences()).sort((one, another) => one.dueAt.localeCompare(another.dueAt));
    expect(found.map(({ dueAt }) => Date.parse(dueAt))).toEqual(
      Array.from({ length: runs }, (_, n) => startAtMs + n * 1_000),
    );
    expect(new Set(found.map(({ broadcastId }) => broadcastId)).size).toBe(runs);
    const broadcasts = await look(`SELECT FROM broadcasts WHERE schedule_id = $1`, [schedule.body.id]);
    expect(broadcasts).toHaveLength(runs);
  });
});
