import { type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from '../delivery/delivery-scene.js';

jest.setTimeout(120_000);

describe('the retention of a tenant', () => {
  let scene: DeliveryScene;
  beforeAll(async () => {
    scene = await DeliveryScene.open(UNPACED);
    await scene.start('api,worker,poller');
  });
  afterAll(() => scene.end());

  it('is read, changed within bounds by owners, and written down', async () => {
    const { client } = await scene.signUp();
    expect((await client.get('/tenant/retention')).body).toEqual({ days: 90 });
    expect(await client.put('/tenant/retention', { days: 7 })).toMatchObject({
      status: 200,
      body: { days: 7 },
    });
    expect((await client.get('/tenant/retention')).body).toEqual({ days: 7 });
    for (const days of [0, 91, 1.5, null])
      expect((await client.put('/tenant/retention', { days })).status).toBe(400);
    const log = await client.get<{ items: unknown[] }>('/tenant/audit?action=tenant.retention_changed');
    expect(log.body.items).toMatchObject([{ details: { from: 90, to: 7 } }]);
  });

  it('lets go what a tenant wants kept for fewer days, and nothing else', async () => {
    const [brief, usual] = [await scene.signUp(), await scene.signUp()];
    const sent = async (tenant: SceneTenant) => {
      const bot = await tenant.connectBot();
      await tenant.startPeople(bot, 1);
      const ids: string[] = [];
      for (const text of ['old', 'young']) {
        const { id } = await tenant.broadcast(text);
        await tenant.untilEnded(id);
        ids.push(id);
      }
      // The first one as if it had been ten days ago, in the partition for other days.
      await scene.look(
        `WITH old AS (UPDATE broadcasts SET planned_on = planned_on - 10 WHERE id = $1 RETURNING no)
         UPDATE deliveries SET planned_on = planned_on - 10 FROM old WHERE class = 1 AND source_no = old.no`,
        [ids[0]],
      );
      return ids;
    };
    const [old, young] = await sent(brief);
    const kept = await sent(usual);
    await brief.client.put('/tenant/retention', { days: 7 });
    await scene.start('scheduler');
    const statusOf = async (tenant: SceneTenant, id: string) =>
      (await tenant.client.get(`/broadcasts/${id}`)).status;
    await waitUntil(async () => (await statusOf(brief, old!)) === 404, 20_000);
    expect(await statusOf(brief, young!)).toBe(200);
    expect(await Promise.all(kept.map((id) => statusOf(usual, id)))).toEqual([200, 200]);
    const rows = await scene.look<{ count: number }>(
      `SELECT count(*)::int AS count FROM deliveries WHERE class = 1 GROUP BY tenant_id ORDER BY 1`,
    );
    expect(rows.map(({ count }) => count)).toEqual([1, 2]);
  });
});
