import { Metrics } from '../../../src/platform/metrics/index.js';
import { UNPACED, type SceneBot, type SceneTenant } from '../../harness/scene.js';
import { type TestApplication } from '../../harness/application.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from '../delivery/delivery-scene.js';

jest.setTimeout(120_000);

/** As many as make "counted up to 100,000" true. */
const WAITING = 150_000;

describe('the figures of what is sent', () => {
  let scene: DeliveryScene;
  let application: TestApplication;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await DeliveryScene.open(UNPACED);
    application = await scene.start();
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
  });
  afterAll(() => scene.end());

  const read = async (): Promise<Map<string, number>> => {
    const { text } = await application.app.get(Metrics).expose();
    return new Map(
      text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
  };

  it('count every outcome, how late messages left, calls, updates and requests', async () => {
    const people = await tenant.startPeople(bot, 12);
    await tenant.control.must('POST', `/people/${people[0]}/block`, { botId: bot.telegramId });
    await waitUntil(async () => (await tenant.chatOf(bot, people[0]!)).state === 'unreachable', 30_000);
    const before = await read();
    const { id } = await tenant.broadcast('Counted');
    await tenant.untilEnded(id);
    const after = await read();
    const grown = (name: string) => (after.get(name) ?? NaN) - (before.get(name) ?? NaN);
    expect(grown('arauto_deliveries_total{outcome="sent"}')).toBe(11);
    expect(grown('arauto_deliveries_total{outcome="unknown"}')).toBe(0);
    expect(grown('arauto_delivery_lateness_seconds_count')).toBe(11);
    expect(grown('arauto_bot_api_calls_total{outcome="ok"}')).toBe(11);
    expect(grown('arauto_http_requests_total{status="2xx"}')).toBeGreaterThan(0);
    expect(after.get('arauto_updates_stored_total')).toBeGreaterThanOrEqual(12);
    expect(after.get('arauto_updates_worked_total{outcome="settled"}')).toBeGreaterThanOrEqual(12);
    expect(after.get('arauto_database_connections{pool="application",state="idle"}')).toBeGreaterThan(0);
    expect(after.get('arauto_delivery_lateness_seconds_sum')).toBeLessThan(11 * 10);
  });

  it('tell a backlog that is counted no further than it says, within half a second', async () => {
    await scene.look(`UPDATE bots SET state = 'paused'`);
    // At once: a broadcast that has nothing to send is found finished.
    await scene.look(
      `WITH b AS (
         INSERT INTO broadcasts (tenant_id, message_id, audience, due_at, planned_on, state)
         SELECT tenant_id, message_id, audience, now() - interval '1 hour', planned_on, 'sending' FROM broadcasts LIMIT 1
         RETURNING no, planned_on, tenant_id)
       INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id, not_before)
       SELECT b.planned_on, 1, b.no, n, bots.no, b.tenant_id, 'infinity'
       FROM b, bots, generate_series(1000000, 1000000 + ${WAITING} - 1) AS n`,
    );
    const reader = await scene.start('scheduler');
    const metrics = reader.app.get(Metrics);
    const startedMs = performance.now();
    const { text } = await metrics.expose();
    expect(performance.now() - startedMs).toBeLessThan(500);
    expect(text).toMatch(/^arauto_deliveries_waiting\{class="broadcast"\} 100000$/m);
    expect(text).toMatch(/^arauto_broadcasts_going_on 1$/m);
    // What nobody may send is late for nobody's fault.
    expect(text).toMatch(/^arauto_deliveries_oldest_seconds 0$/m);
    await scene.look(`UPDATE bots SET state = 'running'`);
    const other = await scene.start('scheduler');
    const later = await other.app.get(Metrics).expose();
    const [, oldest] = /^arauto_deliveries_oldest_seconds (\S+)$/m.exec(later.text) ?? [];
    expect(Math.round(Number(oldest) / 60)).toBe(60);
  });
});
