import { randomUUID } from 'node:crypto';
import { appointOperator } from '../../harness/operators.js';
import { type ApiClient } from '../../harness/client.js';
import { AccountScene, type SessionBody, tellingParts } from './account-scene.js';

interface SessionItem {
  id: string;
  tenant: { id: string; name: string };
  userAgent: string | null;
  isCurrent: boolean;
}
interface SessionPage {
  items: SessionItem[];
  nextCursor: string | null;
}

describe("a person's sessions", () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open();
  });
  afterAll(() => scene.end());

  const list = async (client: ApiClient) => (await client.get<SessionPage>('/auth/sessions')).body.items;
  const idOf = async (client: ApiClient) =>
    (await client.get<{ sessionId: string }>('/auth/me')).body.sessionId;

  it('are listed with device and tenant, newest first, and nobody else’s', async () => {
    const { client, email, userId, tenantId } = await scene.signUp();
    const elsewhere = await scene.signUp('Bia');
    await scene.join(userId, elsewhere.tenantId);
    const signedIn = await scene.anonymous.post<SessionBody>(
      '/auth/sign-in',
      { email, password: 'correct horse battery', tenantId: elsewhere.tenantId },
      { 'user-agent': `A telephone ${'x'.repeat(500)}` },
    );
    expect(signedIn.status).toBe(200);
    const items = await list(client);
    expect(items).toMatchObject([
      { tenant: { id: elsewhere.tenantId, name: 'Bia' }, isCurrent: false },
      { tenant: { id: tenantId, name: 'Acme Clinics' }, isCurrent: true },
    ]);
    expect(items[0]?.userAgent).toMatch(/^A telephone x+$/);
    expect(items[0]?.userAgent).toHaveLength(300);
    expect(await list(scene.as(signedIn.body.accessToken))).toMatchObject([
      { isCurrent: true },
      { isCurrent: false },
    ]);
    const first = await client.get<SessionPage>('/auth/sessions?limit=1');
    const rest = await client.get<SessionPage>(
      `/auth/sessions?limit=1&cursor=${String(first.body.nextCursor)}`,
    );
    expect([...first.body.items, ...rest.body.items]).toEqual(items);
    expect(rest.body.nextCursor).toBeNull();
  });

  it('end one by one, at once, and leave the list', async () => {
    const { client, email, tenantId } = await scene.signUp();
    const signedIn = await scene.signIn(email);
    const lost = scene.as(signedIn.body.accessToken);
    const id = await idOf(lost);
    expect((await client.delete(`/auth/sessions/${id}`)).status).toBe(204);
    expect((await lost.get('/auth/me')).status).toBe(401);
    const { refreshToken } = signedIn.body;
    expect((await scene.anonymous.post('/auth/refresh', { refreshToken })).status).toBe(401);
    expect(await list(client)).toHaveLength(1);
    expect((await client.delete(`/auth/sessions/${id}`)).status).toBe(404);
    const ends = (await scene.auditOf(tenantId)).filter(({ action }) => action === 'session.ended');
    expect(ends.map(({ details }) => details['reason'])).toEqual(['ended_by_person']);
  });

  it('of others end for nobody, who hears what they hear of none', async () => {
    const [ana, bia] = [await scene.signUp(), await scene.signUp()];
    // Of the same tenant even: a colleague's session is the colleague's.
    await scene.join(bia.userId, ana.tenantId);
    const colleague = await scene.openSession(bia.email, undefined, { tenantId: ana.tenantId });
    for (const id of [await idOf(bia.client), await idOf(colleague)]) {
      const [foreign, absent] = [
        await ana.client.delete(`/auth/sessions/${id}`),
        await ana.client.delete(`/auth/sessions/${randomUUID()}`),
      ];
      expect(foreign.status).toBe(404);
      expect(tellingParts(foreign)).toEqual(tellingParts(absent));
    }
    expect((await colleague.get('/auth/me')).status).toBe(200);
  });

  it('end with what the person has open as an operator', async () => {
    const [{ client, email }, seen] = [await scene.signUp(), await scene.signUp()];
    const operator = await appointOperator(scene.application, email);
    const looks = `/operator/tenants/${seen.tenantId}/support-accesses`;
    expect((await operator.client.post(looks, { reason: 'Ticket', minutes: 5 })).status).toBe(201);
    expect((await client.post('/auth/sessions/end-others')).status).toBe(204);
    expect((await operator.client.get('/operator/tenants')).status).toBe(401);
    expect((await seen.client.get('/tenant/support-accesses')).body).toMatchObject({
      items: [{ endedBy: 'operator' }],
    });
    expect((await scene.auditOf(seen.tenantId)).at(-1)).toMatchObject({ action: 'support_access.ended' });
  });

  it('end all but the one that asks, in every tenant', async () => {
    const { client, email, userId } = await scene.signUp();
    const elsewhere = await scene.signUp();
    await scene.join(userId, elsewhere.tenantId);
    const others = [
      await scene.openSession(email),
      await scene.openSession(email, undefined, { tenantId: elsewhere.tenantId }),
    ];
    expect((await client.post('/auth/sessions/end-others')).status).toBe(204);
    for (const other of others) expect((await other.get('/auth/me')).status).toBe(401);
    expect(await list(client)).toMatchObject([{ isCurrent: true }]);
    expect((await elsewhere.client.get('/auth/me')).status).toBe(200);
  });

  it('are written into the audit log of their tenant: opened, signed out, ended by a token used twice', async () => {
    const { client, email, tenantId } = await scene.signUp();
    expect((await client.post('/auth/sign-out')).status).toBe(204);
    const { refreshToken } = (await scene.signIn(email)).body;
    const refresh = () => scene.anonymous.post('/auth/refresh', { refreshToken });
    expect((await refresh()).status).toBe(200);
    await scene.look(
      `UPDATE refresh_tokens SET used_at = used_at - interval '1 minute' WHERE used_at IS NOT NULL`,
    );
    const answers = await Promise.all([refresh(), refresh()]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    expect(await scene.auditOf(tenantId)).toMatchObject([
      { action: 'session.opened', details: { way: 'sign_up' } },
      { action: 'session.ended', details: { reason: 'signed_out' } },
      { action: 'session.opened', details: { way: 'password' } },
      { action: 'session.ended', details: { reason: 'refresh_token_reused' } },
    ]);
  });
});

describe('switching tenants', () => {
  let scene: AccountScene;
  beforeAll(async () => {
    scene = await AccountScene.open();
  });
  afterAll(() => scene.end());

  it('opens a session in another of the own tenants and leaves this one alone', async () => {
    const [ana, bia] = [await scene.signUp(), await scene.signUp('Bia')];
    await scene.look(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'editor')`, [
      bia.tenantId,
      ana.userId,
    ]);
    const switched = await ana.client.post<SessionBody>('/auth/switch-tenant', { tenantId: bia.tenantId });
    expect(switched).toMatchObject({ status: 200, body: { role: 'editor', tenant: { name: 'Bia' } } });
    const there = scene.as(switched.body.accessToken);
    expect(await there.get('/tenant')).toMatchObject({ body: { id: bia.tenantId } });
    expect(await ana.client.get('/tenant')).toMatchObject({ body: { id: ana.tenantId } });
    const { refreshToken } = switched.body;
    const refreshed = await scene.anonymous.post<SessionBody>('/auth/refresh', { refreshToken });
    expect(await scene.as(refreshed.body.accessToken).get('/tenant')).toMatchObject({
      body: { id: bia.tenantId },
    });
    const opened = (await scene.auditOf(bia.tenantId)).at(-1);
    expect(opened).toMatchObject({ action: 'session.opened', details: { way: 'switch' } });
  });

  it('opens none in the tenant where one is', async () => {
    const { client, tenantId } = await scene.signUp();
    const answer = await client.post('/auth/switch-tenant', { tenantId });
    expect(answer).toMatchObject({ status: 409, body: { code: 'already_there' } });
  });

  it.each([
    ['sign-out', (client: ApiClient) => client.post('/auth/sign-out')],
    ['the end of one', (client: ApiClient, id: string) => client.delete(`/auth/sessions/${id}`)],
  ])('makes a family that %s ends as a whole, and no session besides', async (_, end) => {
    const [ana, bia] = [await scene.signUp(), await scene.signUp('Bia')];
    await scene.look(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'editor')`, [
      bia.tenantId,
      ana.userId,
    ]);
    const other = await scene.openSession(ana.email, undefined, { tenantId: ana.tenantId });
    const { body } = await ana.client.post<SessionBody>('/auth/switch-tenant', { tenantId: bia.tenantId });
    const me = await ana.client.get<{ sessionId: string }>('/auth/me');
    expect((await end(ana.client, me.body.sessionId)).status).toBe(204);
    expect((await scene.as(body.accessToken).get('/auth/me')).status).toBe(401);
    const { refreshToken } = body;
    expect((await scene.anonymous.post('/auth/refresh', { refreshToken })).status).toBe(401);
    expect((await other.get('/auth/me')).status).toBe(200);
    expect((await scene.auditOf(bia.tenantId)).at(-1)).toMatchObject({ action: 'session.ended' });
  });

  it.each(['there', 'here'])('ends the family when a refresh token is used again %s', async (where) => {
    const [ana, bia] = [await scene.signUp(), await scene.signUp('Bia')];
    await scene.join(ana.userId, bia.tenantId);
    const { body } = await ana.client.post<SessionBody>('/auth/switch-tenant', { tenantId: bia.tenantId });
    const stolen = where === 'there' ? body.refreshToken : ana.refreshToken;
    const refresh = (refreshToken: string) =>
      scene.anonymous.post<SessionBody>('/auth/refresh', { refreshToken });
    const next = await refresh(stolen);
    expect(next.status).toBe(200);
    await scene.look(
      `UPDATE refresh_tokens SET used_at = used_at - interval '1 minute' WHERE used_at IS NOT NULL`,
    );
    expect((await refresh(stolen)).status).toBe(401);
    for (const one of [ana.client, scene.as(body.accessToken), scene.as(next.body.accessToken)])
      expect((await one.get('/auth/me')).status).toBe(401);
    for (const token of [ana.refreshToken, body.refreshToken, next.body.refreshToken])
      expect((await refresh(token)).status).toBe(401);
    for (const { tenantId } of [ana, bia]) {
      expect((await scene.auditOf(tenantId)).at(-1)).toMatchObject({
        action: 'session.ended',
        details: { reason: 'refresh_token_reused' },
      });
    }
  });

  it('refuses a foreign tenant as an absent one, and a suspended one', async () => {
    const [ana, bia] = [await scene.signUp(), await scene.signUp()];
    const turn = (tenantId: string) => ana.client.post('/auth/switch-tenant', { tenantId });
    const foreign = await turn(bia.tenantId);
    expect(foreign.status).toBe(404);
    expect(tellingParts(foreign)).toEqual(tellingParts(await turn(randomUUID())));
    await scene.look(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'owner')`, [
      bia.tenantId,
      ana.userId,
    ]);
    await scene.look(`UPDATE tenants SET state = 'suspended' WHERE id = $1`, [bia.tenantId]);
    expect(await turn(bia.tenantId)).toMatchObject({ status: 403, body: { code: 'tenant_suspended' } });
  });
});
