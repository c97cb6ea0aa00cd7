import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { PASSWORD, type SignedUpTenant, signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { appointOperator, type SignedInOperator } from '../../harness/operators.js';
import { waitUntil } from '../../harness/wait.js';

interface Plan {
  id: string;
  name: string;
  isDefault: boolean;
  weight: number;
  limits: Record<string, number | null>;
}
interface Listed {
  items: { id: string; name: string; state: string; plan: { id: string; name: string } }[];
  nextCursor: string | null;
}

describe('what an operator does with tenants', () => {
  let application: TestApplication;
  let superuser: pg.Pool;
  let operator: SignedInOperator;
  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
    superuser = new pg.Pool({ connectionString: application.database.urls.superuser, max: 1 });
    operator = await appointOperator(application);
  });
  afterAll(async () => {
    await superuser.end();
    await application.close();
  });

  const signUp = (name: string) => signUpTenant(application.url, name);
  const list = async (query = '') => (await operator.client.get<Listed>(`/operator/tenants?${query}`)).body;
  const actsOf = async ({ tenantId }: SignedUpTenant) =>
    (
      await superuser.query<{ action: string; details: unknown; actor_id: string }>(
        'SELECT action, details, actor_id FROM audit_entries WHERE tenant_id = $1 ORDER BY id',
        [tenantId],
      )
    ).rows.filter(({ action }) => action.startsWith('tenant.'));

  it('is finding them: by name, member and state, page by page', async () => {
    const [first, second] = [await signUp('Alpha 100%'), await signUp('Beta 100%')];
    const mark = encodeURIComponent('a 100%');
    expect((await list(`search=${mark}`)).items.map(({ id }) => id)).toEqual([
      second.tenantId,
      first.tenantId,
    ]);
    const page = await list(`search=${mark}&limit=1`);
    expect(page.items.map(({ id }) => id)).toEqual([second.tenantId]);
    const rest = await list(`search=${mark}&limit=1&cursor=${page.nextCursor}`);
    expect(rest).toMatchObject({ items: [{ id: first.tenantId }], nextCursor: null });
    expect((await list(`search=${first.email.toUpperCase()}`)).items.map(({ id }) => id)).toEqual([
      first.tenantId,
    ]);
    expect((await list(`search=${mark}&state=suspended`)).items).toEqual([]);
    expect((await operator.client.get(`/operator/tenants/${randomUUID()}`)).status).toBe(404);
  });

  it('is suspending with a reason and resuming, both in the log of the tenant', async () => {
    const tenant = await signUp('Unpaid');
    const path = `/operator/tenants/${tenant.tenantId}`;
    expect((await operator.client.post(`${path}/suspend`, {})).status).toBe(400);
    const suspended = await operator.client.post(`${path}/suspend`, { reason: 'Unpaid since May' });
    expect(suspended).toMatchObject({
      status: 200,
      body: { state: 'suspended', stateReason: 'Unpaid since May' },
    });
    expect(await tenant.client.get('/tenant')).toMatchObject({
      status: 403,
      body: { code: 'tenant_suspended' },
    });
    expect((await list(`state=suspended&search=Unpaid`)).items).toHaveLength(1);
    // Twice is once.
    await operator.client.post(`${path}/suspend`, { reason: 'Again' });
    expect((await operator.client.post(`${path}/resume`)).body).toMatchObject({
      state: 'active',
      stateReason: null,
    });
    await waitUntil(async () => (await tenant.client.get('/tenant')).status === 200, 15_000);
    expect(await actsOf(tenant)).toEqual([
      { action: 'tenant.suspended', details: { reason: 'Unpaid since May' }, actor_id: operator.userId },
      { action: 'tenant.resumed', details: {}, actor_id: operator.userId },
    ]);
    expect((await operator.client.post(`/operator/tenants/${randomUUID()}/resume`)).status).toBe(404);
  }, 40_000);

  it('reaches who is signed in at once', async () => {
    const tenant = await signUp('Busy');
    const path = `/operator/tenants/${tenant.tenantId}`;
    const answers = async (status: number) =>
      waitUntil(async () => (await tenant.client.get('/tenant')).status === status, 2_000);
    await answers(200);
    expect((await operator.client.post(`${path}/suspend`, { reason: 'Unpaid' })).status).toBe(200);
    await answers(403);
    expect((await operator.client.post(`${path}/resume`)).status).toBe(200);
    await answers(200);
  });

  it('stands where the owners let the tenant go, and think better of it', async () => {
    const tenant = await signUp('Leaving');
    const path = `/operator/tenants/${tenant.tenantId}`;
    const { body } = await tenant.client.post<{ restoreToken: string }>('/tenant/deletion', {
      tenantName: 'Leaving',
      password: PASSWORD,
    });
    expect((await operator.client.get(path)).body).toMatchObject({
      state: 'suspended',
      stateReason: 'deletion_requested',
    });
    expect(await operator.client.post(`${path}/resume`)).toMatchObject({
      status: 409,
      body: { code: 'tenant_leaving' },
    });
    expect((await operator.client.post(`${path}/suspend`, { reason: 'Unpaid' })).body).toMatchObject({
      stateReason: 'Unpaid',
    });
    expect((await operator.client.post(`${path}/resume`)).status).toBe(409);
    const restored = await tenant.client.post('/tenant/restoration', { restoreToken: body.restoreToken });
    expect(restored.status).toBe(204);
    expect((await operator.client.get(path)).body).toMatchObject({
      state: 'suspended',
      stateReason: 'Unpaid',
    });
    expect((await operator.client.post(`${path}/resume`)).body).toMatchObject({ state: 'active' });
    expect((await actsOf(tenant)).map(({ action }) => action)).toEqual([
      'tenant.deletion_requested',
      'tenant.suspended',
      'tenant.restored',
      'tenant.resumed',
    ]);
  });

  it('is making plans, giving them to tenants, and deleting those that nobody has', async () => {
    const { client } = operator;
    const made = await client.post<Plan>('/operator/plans', { name: 'business', limits: { bots: 5 } });
    expect(made).toMatchObject({ status: 201, body: { isDefault: false, limits: { bots: 5, chats: null } } });
    const path = `/operator/plans/${made.body.id}`;
    expect((await client.post('/operator/plans', { name: 'business', limits: {} })).status).toBe(409);
    expect(await client.patch(path, { limits: { chats: 10, bots: null } })).toMatchObject({
      status: 200,
      body: { name: 'business', limits: { bots: null, chats: 10 } },
    });
    expect((await client.patch(path, {})).status).toBe(400);

    const tenant = await signUp('Growing');
    const ofTenant = `/operator/tenants/${tenant.tenantId}`;
    expect(await client.put(`${ofTenant}/plan`, { planId: made.body.id })).toMatchObject({
      status: 200,
      body: { plan: { id: made.body.id, name: 'business' } },
    });
    expect((await client.put(`${ofTenant}/plan`, { planId: randomUUID() })).status).toBe(400);
    expect(await actsOf(tenant)).toMatchObject([
      { action: 'tenant.plan_changed', details: { from: 'unlimited', to: 'business' } },
    ]);
    expect((await list(`planId=${made.body.id}`)).items.map(({ id }) => id)).toEqual([tenant.tenantId]);
    for (const usage of [await client.get(`${ofTenant}/usage`), await tenant.client.get('/tenant/usage')]) {
      expect(usage).toMatchObject({ status: 200, body: { plan: { name: 'business' } } });
    }

    expect(await client.delete(path)).toMatchObject({ status: 409, body: { code: 'plan_in_use' } });
    const plans = (await client.get<{ items: Plan[] }>('/operator/plans')).body.items;
    const unlimited = plans.find(({ isDefault }) => isDefault);
    await client.put(`${ofTenant}/plan`, { planId: unlimited?.id });
    expect((await client.delete(path)).status).toBe(204);
    expect((await client.delete(path)).status).toBe(404);
    expect(await client.delete(`/operator/plans/${unlimited?.id}`)).toMatchObject({ status: 409 });
  });

  it('is weighing plans, by whole numbers from 1 to 100', async () => {
    const { client } = operator;
    const made = await client.post<Plan>('/operator/plans', { name: 'light', limits: { bots: 5 } });
    expect(made).toMatchObject({ status: 201, body: { weight: 1 } });
    const path = `/operator/plans/${made.body.id}`;
    expect(await client.patch(path, { weight: 100 })).toMatchObject({ status: 200, body: { weight: 100 } });
    for (const weight of [0, 101, 1.5, -3, '7', null]) {
      expect((await client.patch(path, { weight })).status).toBe(400);
      expect((await client.post('/operator/plans', { name: 'odd', limits: {}, weight })).status).toBe(400);
    }
    expect(await client.patch(path, { name: 'heavy' })).toMatchObject({
      body: { name: 'heavy', weight: 100, limits: { bots: 5 } },
    });
    const acts = await client.get<{ items: { action: string; details: object }[] }>('/operator/acts?limit=3');
    expect(acts.body.items.map(({ details }) => details)).toEqual([
      { name: 'heavy', nameFrom: 'light' },
      { name: 'light', weightFrom: 1, weightTo: 100 },
      expect.objectContaining({ name: 'light', botsTo: 5, weightTo: 1 }),
    ]);

    const tenant = await signUp('Heavy');
    await client.put(`/operator/tenants/${tenant.tenantId}/plan`, { planId: made.body.id });
    expect((await tenant.client.get('/tenant/usage')).body).toMatchObject({
      plan: { name: 'heavy', weight: 100 },
    });
    const plans = (await client.get<{ items: Plan[] }>('/operator/plans')).body.items;
    const weights = Object.fromEntries(plans.map(({ name, weight }) => [name, weight]));
    expect(weights).toMatchObject({ unlimited: 4, free: 1, heavy: 100 });
  });

  it('is choosing it, whoever else does so at the same time', async () => {
    const { client } = operator;
    const { items } = (await client.get<{ items: Plan[] }>('/operator/plans')).body;
    const was = items.find(({ isDefault }) => isDefault);
    const ids = await Promise.all(
      ['one', 'other'].map(
        async (name) => (await client.post<Plan>('/operator/plans', { name, limits: {} })).body.id,
      ),
    );
    // They want the same name too: whoever has it first, the other hears of it, and neither waits for ever.
    const choosing = Array.from({ length: 40 }, (_, n) =>
      client.patch(`/operator/plans/${ids[n % 2]}`, { name: `contested ${n >> 2}`, isDefault: true }),
    );
    const statuses = (await Promise.all(choosing)).map(({ status }) => status);
    expect(statuses.filter((status) => ![200, 409].includes(status))).toEqual([]);
    expect((await client.patch(`/operator/plans/${was?.id}`, { isDefault: true })).status).toBe(200);
  });

  it('is changing a tenant whose plan another changes at the same moment', async () => {
    const { client } = operator;
    const { tenantId } = await signUp('Contested');
    const { items } = (await client.get<{ items: Plan[] }>('/operator/plans')).body;
    const changes = Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0
        ? client.put(`/operator/tenants/${tenantId}/plan`, { planId: items[(n >> 1) % items.length]?.id })
        : client.post(`/operator/tenants/${tenantId}/suspend`, { reason: 'Unpaid' }),
    );
    expect((await Promise.all(changes)).map(({ status }) => status)).toEqual(changes.map(() => 200));
  });

  it('is choosing which plan new tenants get', async () => {
    const { client } = operator;
    const planOf = async ({ tenantId }: SignedUpTenant) =>
      (await client.get<{ plan: { name: string } }>(`/operator/tenants/${tenantId}`)).body.plan.name;
    const { items } = (await client.get<{ items: Plan[] }>('/operator/plans')).body;
    const [unlimited, free] = ['unlimited', 'free'].map((name) => items.find((plan) => plan.name === name));
    expect(unlimited).toMatchObject({ isDefault: true, limits: { bots: null, deliveriesPerDay: null } });
    expect(await planOf(await signUp('Before'))).toBe('unlimited');
    expect((await client.patch(`/operator/plans/${free?.id}`, { isDefault: true })).status).toBe(200);
    expect(await planOf(await signUp('After'))).toBe('free');
    await client.patch(`/operator/plans/${unlimited?.id}`, { isDefault: true });
    const after = (await client.get<{ items: Plan[] }>('/operator/plans')).body.items;
    expect(after.filter(({ isDefault }) => isDefault).map(({ name }) => name)).toEqual(['unlimited']);
  });

  it('leaves new tenants a plan, whatever is tried', async () => {
    const { client } = operator;
    const defaults = async () =>
      (await client.get<{ items: Plan[] }>('/operator/plans')).body.items.filter(
        ({ isDefault }) => isDefault,
      );
    const [before] = await defaults();
    const make = async (name: string) =>
      `/operator/plans/${(await client.post<Plan>('/operator/plans', { name, limits: {} })).body.id}`;
    const [one, other] = [await make('one'), await make('other')];
    expect((await client.patch(one, { isDefault: true })).status).toBe(200);
    // No tenant has it: that it is the default is all that keeps it.
    expect(await client.delete(one)).toMatchObject({ status: 409, body: { code: 'plan_in_use' } });
    for (const isDefault of [false, null]) expect((await client.patch(one, { isDefault })).status).toBe(400);
    expect(await client.patch(one, { name: 'renamed' })).toMatchObject({ body: { isDefault: true } });
    for (let n = 0; n < 5; n += 1) {
      await Promise.all([
        client.patch(one, { isDefault: true }),
        client.patch(other, { isDefault: true }),
        client.delete(one),
        client.delete(other),
      ]);
      expect(await defaults()).toHaveLength(1);
    }
    await client.patch(`/operator/plans/${before?.id}`, { isDefault: true });
    for (const path of [one, other]) await client.delete(path);
    expect(await defaults()).toEqual([before]);
  });
});
