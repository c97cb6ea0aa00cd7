import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type SignedUpTenant, signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { appointOperator, type SignedInOperator } from '../../harness/operators.js';

interface Opened {
  id: string;
  accessToken: string;
}

describe('support access', () => {
  let application: TestApplication;
  let superuser: pg.Pool;
  let operator: SignedInOperator;
  let tenant: SignedUpTenant;
  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
    superuser = new pg.Pool({ connectionString: application.database.urls.superuser, max: 1 });
    operator = await appointOperator(application);
  });
  beforeEach(async () => {
    tenant = await signUpTenant(application.url);
  });
  afterAll(async () => {
    await superuser.end();
    await application.close();
  });

  const accessesOf = (tenantId: string) => `/operator/tenants/${tenantId}/support-accesses`;
  async function open(reason = 'Ticket 4711', minutes = 30): Promise<Opened & { client: ApiClient }> {
    const answer = await operator.client.post<Opened>(accessesOf(tenant.tenantId), { reason, minutes });
    expect(answer.status).toBe(201);
    return { ...answer.body, client: new ApiClient(application.url, answer.body.accessToken) };
  }
  const actsOf = async (tenantId: string) =>
    (
      await superuser.query<{ action: string; actor_kind: string; actor_id: string; details: unknown }>(
        'SELECT action, actor_kind, actor_id, details FROM audit_entries WHERE tenant_id = $1 ORDER BY id',
        [tenantId],
      )
    ).rows.filter(({ action }) => action.startsWith('support_access.'));

  it('shows the one tenant to the operator, as a viewer and no more', async () => {
    const { client } = await open();
    expect(await client.get('/tenant')).toMatchObject({ status: 200, body: { id: tenant.tenantId } });
    expect(await client.patch('/tenant', { name: 'Mine' })).toMatchObject({
      status: 403,
      body: { code: 'not_allowed' },
    });
    expect(await client.post('/tags', { name: 'a' })).toMatchObject({ status: 403 });
    expect(await client.get('/auth/me')).toMatchObject({ status: 403, body: { code: 'members_only' } });
    expect((await client.get('/operator/tenants')).status).toBe(401);
  });

  it('is seen by the tenant with its reason, and in its audit log', async () => {
    const { id } = await open('A schedule did not run', 5);
    const seen = await tenant.client.get<{ items: unknown[] }>('/tenant/support-accesses');
    expect(seen.body.items).toEqual([
      expect.objectContaining({
        id,
        operatorId: operator.userId,
        reason: 'A schedule did not run',
        endedAt: null,
        endedBy: null,
      }),
    ]);
    expect(JSON.stringify(seen.body)).not.toContain('accessToken');
    expect(await actsOf(tenant.tenantId)).toEqual([
      {
        action: 'support_access.opened',
        actor_kind: 'operator',
        actor_id: operator.userId,
        details: { reason: 'A schedule did not run', minutes: 5 },
      },
    ]);
  });

  it.each(['operator', 'member'])('ends at once when the %s ends it', async (who) => {
    const { id, client } = await open();
    expect((await client.get('/tenant')).status).toBe(200);
    const ended =
      who === 'operator'
        ? await operator.client.post(`${accessesOf(tenant.tenantId)}/${id}/end`)
        : await tenant.client.post(`/tenant/support-accesses/${id}/end`);
    expect(ended).toMatchObject({ status: 200, body: { endedBy: who } });
    expect((await client.get('/tenant')).status).toBe(401);
    // Once more changes nothing and says the same.
    const again = await tenant.client.post(`/tenant/support-accesses/${id}/end`);
    expect(again).toMatchObject({ status: 200, body: { endedBy: who } });
    expect((await actsOf(tenant.tenantId)).map(({ action, actor_kind }) => [action, actor_kind])).toEqual([
      ['support_access.opened', 'operator'],
      ['support_access.ended', who],
    ]);
  });

  it('shows a suspended tenant too, which nobody else enters', async () => {
    const { client } = await open();
    const { tenantId } = tenant;
    await operator.client.post(`/operator/tenants/${tenantId}/suspend`, { reason: 'A complaint' });
    expect((await tenant.client.get('/tenant')).status).toBe(403);
    expect(await client.get('/tenant')).toMatchObject({ status: 200, body: { state: 'suspended' } });
  });

  it('ends by itself, and with the operator', async () => {
    const over = await open();
    await superuser.query('UPDATE support_accesses SET expires_at = now() WHERE id = $1', [over.id]);
    expect((await over.client.get('/tenant')).status).toBe(401);
    const another = await appointOperator(application);
    const opened = await another.client.post<Opened>(accessesOf(tenant.tenantId), {
      reason: 'Ticket',
      minutes: 60,
    });
    const client = new ApiClient(application.url, opened.body.accessToken);
    expect((await client.get('/tenant')).status).toBe(200);
    await superuser.query('DELETE FROM operators WHERE user_id = $1', [another.userId]);
    expect((await client.get('/tenant')).status).toBe(401);
  });

  it.each([{}, { reason: '', minutes: 5 }, { reason: 'Ticket', minutes: 61 }, { reason: 'Ticket' }])(
    'is not had without a reason and an end: %j',
    async (body) => {
      expect((await operator.client.post(accessesOf(tenant.tenantId), body)).status).toBe(400);
    },
  );

  it('is nobody’s to end in another tenant, and none of a tenant that is not', async () => {
    const { id } = await open();
    const stranger = await signUpTenant(application.url);
    const foreign = await stranger.client.post(`/tenant/support-accesses/${id}/end`);
    const absent = await stranger.client.post(`/tenant/support-accesses/${randomUUID()}/end`);
    expect({ ...foreign.body, requestId: '' }).toEqual({ ...absent.body, requestId: '' });
    expect(foreign.status).toBe(404);
    expect((await stranger.client.get('/tenant/support-accesses')).body).toMatchObject({ items: [] });
    expect((await operator.client.post(`${accessesOf(stranger.tenantId)}/${id}/end`)).status).toBe(404);
    const nowhere = await operator.client.post(accessesOf(randomUUID()), { reason: 'Ticket', minutes: 5 });
    expect(nowhere.status).toBe(404);
  });
});
