import { Receiver } from '../../harness/receiver.js';
import { type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from '../delivery/delivery-scene.js';

jest.setTimeout(120_000);

/** As the sender has it: places of one tenant among the 32 of a process. */
const MOST_PER_TENANT = 8;
const ENDPOINTS = 12;

describe('webhooks of many tenants', () => {
  let scene: DeliveryScene;
  let hanging: Receiver;
  let quick: Receiver;

  beforeAll(async () => {
    [hanging, quick] = [await Receiver.open(), await Receiver.open()];
    hanging.isHanging = true;
    scene = await DeliveryScene.open({ ...UNPACED, WEBHOOK_PRIVATE_TARGETS: 'true' });
    await scene.start();
  });
  afterAll(async () => {
    // What hangs ends now, so that the application need not wait for it.
    await Promise.all([hanging.close(), quick.close()]);
    await scene.end();
  });

  const create = async ({ client }: SceneTenant, url: string): Promise<string> => {
    const { body } = await client.post<{ id: string }>('/webhooks', { url, events: ['webhook.test'] });
    return body.id;
  };
  const pileUp = (tenants: readonly SceneTenant[], perEndpoint: number) =>
    scene.look(
      `INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event, data)
       SELECT tenant_id, id, 'webhook.test', '{}' FROM webhook_endpoints, generate_series(1, $2)
       WHERE tenant_id = ANY ($1)`,
      [tenants.map(({ account }) => account.tenantId), perEndpoint],
    );
  const deliver = async (tenant: SceneTenant): Promise<number> => {
    const [id, startedMs] = [await create(tenant, quick.url), Date.now()];
    const { body } = await tenant.client.post<{ id: string }>(`/webhooks/${id}/test`);
    await waitUntil(() => quick.received.some(({ headers }) => headers['webhook-id'] === body.id), 15_000);
    return Date.now() - startedMs;
  };

  it('leave places for the others, however many slow endpoints one tenant has', async () => {
    const [crowd, other] = [await scene.signUp(), await scene.signUp()];
    for (let n = 0; n < ENDPOINTS; n++) await create(crowd, `${hanging.url}/${n}`);
    await pileUp([crowd], 900);
    await waitUntil(() => hanging.received.length >= MOST_PER_TENANT, 15_000);
    // Calls that hang are given up after ten seconds.
    expect(await deliver(other)).toBeLessThan(8_000);
    expect(hanging.received.length).toBe(MOST_PER_TENANT);
    // Each endpoint of the tenant has had its first turn before any has a second.
    expect(new Set(hanging.received.map(({ path }) => path)).size).toBe(MOST_PER_TENANT);
  });

  it('wait no longer than a call where every place is taken, whatever waits at the others', async () => {
    const others = await Promise.all(Array.from({ length: 4 }, () => scene.signUp()));
    for (const tenant of others) for (let n = 0; n < 3; n++) await create(tenant, `${hanging.url}/full`);
    await pileUp(others, 50);
    await waitUntil(() => hanging.received.filter(({ path }) => path === '/full').length >= 24, 30_000);
    expect(await deliver(await scene.signUp())).toBeLessThan(13_000);
  });
});
