import { Receiver } from '../../harness/receiver.js';
import { type SceneTenant } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from '../delivery/delivery-scene.js';

jest.setTimeout(60_000);

/** With a trap that listens on this machine: what is refused must not even knock. */
describe('targets of webhooks', () => {
  let scene: DeliveryScene;
  let trap: Receiver;
  let tenant: SceneTenant;

  beforeAll(async () => {
    trap = await Receiver.open();
    scene = await DeliveryScene.open();
    await scene.start('api,worker');
    tenant = await scene.signUp();
  });
  afterAll(async () => {
    await scene.end();
    await trap.close();
  });

  it.each([
    'http://example.org/',
    'https://127.0.0.1:PORT/',
    'https://127.1:PORT/',
    'https://2130706433:PORT/',
    'https://0x7f.1:PORT/',
    'https://[::1]:PORT/',
    'https://[::ffff:127.0.0.1]:PORT/',
    'https://localhost:PORT/',
    'https://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1/',
    'https://user:password@example.org/',
  ])('are refused when they are named: %s', async (url) => {
    const answer = await tenant.client.post('/webhooks', {
      url: url.replace('PORT', String(trap.port)),
      events: ['webhook.test'],
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'url', code: 'forbidden_target' }] },
    });
  });

  it('are refused at the connection, also where a name or an older row leads there', async () => {
    const { body } = await tenant.client.post<{ id: string }>('/webhooks', {
      url: 'https://example.org/',
      events: ['webhook.test'],
    });
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0']) {
      await scene.look('UPDATE webhook_endpoints SET url = $2, failing_since = NULL WHERE id = $1', [
        body.id,
        `http://${host}:${trap.port}/`,
      ]);
      const { body: sent } = await tenant.client.post<{ id: string }>(`/webhooks/${body.id}/test`);
      const read = async () =>
        (
          await tenant.client.get<{ log: { failure: string }[] }>(
            `/webhooks/${body.id}/deliveries/${sent.id}`,
          )
        ).body;
      await waitUntil(async () => (await read()).log.length > 0, 20_000);
      expect({ host, failure: (await read()).log[0]?.failure }).toEqual({
        host,
        failure: 'forbidden_address',
      });
    }
    expect(trap.connections).toBe(0);
  });
});
