import { appointOperator, type SignedInOperator } from '../../harness/operators.js';
import { type SceneTenant } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(120_000);

const PEOPLE = 90;
/** Longer than a slice: what is still to come within it would have come. */
const PER_SECOND = 20;

describe('suspending a tenant in the middle of a broadcast', () => {
  let scene: DeliveryScene;
  let operator: SignedInOperator;
  beforeAll(async () => {
    scene = await DeliveryScene.open({
      PACING_BOT_PER_SECOND: String(PER_SECOND),
      PACING_CHAT_PER_SECOND: '0',
      PACING_GROUP_PER_MINUTE: '0',
    });
    const { url } = await scene.start();
    operator = await appointOperator({ url, database: scene.database });
  });
  afterAll(() => scene.end());

  const arrivals = async (tenant: SceneTenant) =>
    (await tenant.ledger('Hold')).filter(({ hasEffect }) => hasEffect);
  const change = (tenant: SceneTenant, act: 'suspend' | 'resume', body?: object) =>
    operator.client.post(`/operator/tenants/${tenant.account.tenantId}/${act}`, body);

  it('stops it within a slice, leaves others alone, and lets every delivery come once afterwards', async () => {
    const [held, other] = await Promise.all([scene.signUp(), scene.signUp()]);
    const [heldBot, otherBot] = await Promise.all([held.connectBot(), other.connectBot()]);
    await Promise.all([held.startPeople(heldBot, PEOPLE), other.startPeople(otherBot, PEOPLE)]);
    const [{ id }, { id: otherId }] = await Promise.all([held.broadcast('Hold'), other.broadcast('Hold')]);
    await waitUntil(async () => (await arrivals(held)).length >= 10, 30_000);

    const suspended = await change(held, 'suspend', { reason: 'A test' });
    const suspendedAt = Date.now();
    expect(suspended).toMatchObject({ status: 200, body: { state: 'suspended' } });
    // The other bot goes on at the same pace: when it is through, this one would have been.
    await other.untilEnded(otherId);
    const before = await arrivals(held);
    expect(before.length).toBeLessThan(PEOPLE);
    expect(Math.max(...before.map(({ arrivedAtEpochMs }) => arrivedAtEpochMs))).toBeLessThan(
      suspendedAt + 1_000,
    );
    expect(await scene.isLaneFree(heldBot.id)).toBe(true);
    const states = await scene.look<{ state: number }>(
      'SELECT DISTINCT d.state FROM deliveries d JOIN broadcasts b ON b.no = d.source_no WHERE b.id = $1 AND class = 1',
      [id],
    );
    expect(states.map(({ state }) => state).sort()).toEqual([0, 2]);

    expect(await change(held, 'resume')).toMatchObject({ status: 200, body: { state: 'active' } });
    await waitUntil(async () => (await held.client.get('/tenant')).status === 200, 30_000);
    expect(await held.untilEnded(id)).toMatchObject({
      state: 'finished',
      counts: { sent: PEOPLE, unknown: 0 },
    });
    const all = await arrivals(held);
    expect(all).toHaveLength(PEOPLE);
    expect(new Set(all.map(({ chatId }) => chatId)).size).toBe(PEOPLE);
  });

  it('is heard of within two seconds where the hint got lost', async () => {
    const tenant = await scene.signUp();
    const bot = await tenant.connectBot();
    await tenant.startPeople(bot, PEOPLE);
    const { id } = await tenant.broadcast('Hold');
    await waitUntil(async () => (await arrivals(tenant)).length >= 5, 30_000);
    // Nobody is told.
    await scene.look(`UPDATE tenants SET state = 'suspended' WHERE id = $1`, [tenant.account.tenantId]);
    await waitUntil(() => scene.isLaneFree(bot.id), 4_000);
    const [left] = await scene.look<{ count: number }>(
      `SELECT count(*)::int AS count FROM deliveries d JOIN broadcasts b ON b.no = d.source_no
        WHERE b.id = $1 AND class = 1 AND is_open`,
      [id],
    );
    expect(left?.count).toBeGreaterThan(0);
    // The sweep passes it over.
    const epochOf = () =>
      scene.look('SELECT epoch FROM lanes l JOIN bots b ON b.no = l.bot_no WHERE b.id = $1', [bot.id]);
    const epoch = await epochOf();
    const other = await scene.signUp();
    const otherBot = await other.connectBot();
    await other.startPeople(otherBot, 1);
    await other.untilEnded((await other.broadcast('Hold')).id);
    expect(await epochOf()).toEqual(epoch);
  });
});
