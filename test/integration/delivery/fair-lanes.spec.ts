import { appointOperator, type SignedInOperator } from '../../harness/operators.js';
import { type LedgerRow, type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(180_000);

const PLACES = 2;
const SENDING = 'scheduler,worker';

/** More lanes than places, of several tenants, at Telegram's pace. */
describe('tenants that want more places than there are', () => {
  let scene: DeliveryScene;
  let operator: SignedInOperator;

  beforeAll(async () => {
    scene = await DeliveryScene.open({});
    const { url } = await scene.start('api,poller');
    operator = await appointOperator({ url, database: scene.database });
  });
  afterAll(() => scene.end());

  /** Tenants whose bots were met by so many people each; what greeted these is sent. */
  async function setUp(
    ...wanted: { weight?: number; bots: number; people: number }[]
  ): Promise<SceneTenant[]> {
    const unpaced = await scene.start(SENDING, UNPACED);
    const tenants: SceneTenant[] = [];
    for (const { weight, bots, people } of wanted) {
      const tenant = await scene.signUp();
      tenants.push(tenant);
      if (weight !== undefined) await givePlan(tenant, weight);
      for (let bot = 0; bot < bots; bot += 1) await tenant.startPeople(await tenant.connectBot(), people);
    }
    await scene.close(unpaced);
    return tenants;
  }

  async function givePlan(tenant: SceneTenant, weight: number): Promise<void> {
    const plan = await operator.client.post<{ id: string; weight: number }>('/operator/plans', {
      name: `weighs ${weight}`,
      limits: {},
      weight,
    });
    expect(plan).toMatchObject({ status: 201, body: { weight } });
    const path = `/operator/tenants/${tenant.account.tenantId}/plan`;
    expect(await operator.client.put(path, { planId: plan.body.id })).toMatchObject({ status: 200 });
  }

  const startSending = (roles = SENDING) =>
    scene.start(roles, { LANES_PER_WORKER: String(PLACES), PACING_CHAT_PER_SECOND: '0' });

  it('let one with many bots keep no other waiting for all of them', async () => {
    const [large, small] = await setUp({ bots: 12, people: 45 }, { bots: 1, people: 5 });
    const sending = await startSending();
    const long = await large!.broadcast('Large');
    await large!.until(long.id, ({ counts }) => counts.sent >= 10);
    const askedAtMs = Date.now();
    const short = await small!.broadcast('Small');
    await small!.untilEnded(short.id);

    const firstAtMs = (await small!.ledger('Small'))[0]!.arrivedAtEpochMs;
    const firstOfBots = firstOfEach(await large!.ledger('Large'));
    const before = firstOfBots.filter((atMs) => atMs < askedAtMs).length;
    const meanwhile = firstOfBots.filter((atMs) => atMs >= askedAtMs && atMs < firstAtMs).length;
    console.log(`the small one waited ${firstAtMs - askedAtMs} ms; ${meanwhile} lanes went before it`);
    // First come, first served would have let all the others go before.
    expect(before + meanwhile).toBeLessThanOrEqual(PLACES + 4);
    await large!.client.post(`/broadcasts/${long.id}/cancel`);
    await large!.untilEnded(long.id);
    expect((await large!.summary()).duplicates.surplus).toBe(0);
    await scene.close(sending);
  });

  it('share them by the weight of their plans', async () => {
    const [light, heavy] = await setUp(
      { weight: 1, bots: 4, people: 90 },
      { weight: 3, bots: 4, people: 110 },
    );
    const sending = await startSending();
    const broadcasts = await Promise.all([light!.broadcast('Light'), heavy!.broadcast('Heavy')]);
    await heavy!.until(broadcasts[1].id, ({ counts }) => counts.sent >= 330);
    const [ofLight, ofHeavy] = [await light!.ledger('Light'), await heavy!.ledger('Heavy')];
    const fromMs = Math.max(ofLight[0]!.arrivedAtEpochMs, ofHeavy[0]!.arrivedAtEpochMs);
    const toMs = ofHeavy[329]!.arrivedAtEpochMs;
    const [lightCount, heavyCount] = [ofLight, ofHeavy].map((rows) => countBetween(rows, fromMs, toMs));
    const share = heavyCount! / (lightCount! + heavyCount!);
    console.log(`weights 1 and 3: ${lightCount} and ${heavyCount} messages`);
    expect(share).toBeGreaterThan(0.62);
    expect(share).toBeLessThan(0.88);
    await Promise.all([light!.untilEnded(broadcasts[0].id), heavy!.untilEnded(broadcasts[1].id)]);
    for (const tenant of [light!, heavy!]) expect((await tenant.summary()).duplicates.surplus).toBe(0);
    await scene.close(sending);
  });

  it('leave no lane in the line of a full process while another has places', async () => {
    const [tenant] = await setUp({ bots: 3, people: 90 });
    // Without a scheduler: its sweep would wake the lane too, and any process may hear that.
    const full = await startSending('worker');
    const { id } = await tenant!.broadcast('Shared');
    const isDriven = async (count: number) =>
      (await scene.look('SELECT FROM lanes WHERE owner IS NOT NULL')).length === count;
    await waitUntil(() => isDriven(PLACES), 30_000);
    const idle = await startSending('worker');
    await waitUntil(() => isDriven(3), 30_000);
    expect(await tenant!.untilEnded(id)).toMatchObject({ counts: { sent: 270, unknown: 0 } });
    expect((await tenant!.summary()).duplicates.surplus).toBe(0);
    await scene.close(idle);
    await scene.close(full);
  });
});

/** When each bot sent its first message. */
function firstOfEach(rows: readonly LedgerRow[]): number[] {
  const first = new Map<number, number>();
  for (const { botId, arrivedAtEpochMs } of rows) if (!first.has(botId)) first.set(botId, arrivedAtEpochMs);
  return [...first.values()];
}

const countBetween = (rows: readonly LedgerRow[], fromMs: number, toMs: number): number =>
  rows.filter(({ arrivedAtEpochMs: atMs }) => atMs >= fromMs && atMs <= toMs).length;
