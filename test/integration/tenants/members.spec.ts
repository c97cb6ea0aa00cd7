import { randomBytes, randomUUID } from 'node:crypto';
import { PASSWORD, type SignedUpTenant } from '../../harness/accounts.js';
import { startTestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { waitUntil } from '../../harness/wait.js';
import { TeamScene } from './team-scene.js';

jest.setTimeout(60_000);

/** Processes of one installation share their keys. */
const KEYS = {
  ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  SESSION_KEY: randomBytes(32).toString('base64'),
};

describe('members of a tenant', () => {
  let scene: TeamScene;
  beforeAll(async () => {
    scene = await TeamScene.open(KEYS);
  });
  afterAll(() => scene.end());

  const rolesOf = async (tenantId: string): Promise<Record<string, string>> =>
    Object.fromEntries(
      (
        await scene.look<{ id: string; role: string }>(
          'SELECT user_id AS id, role FROM members WHERE tenant_id = $1',
          [tenantId],
        )
      ).map(({ id, role }) => [id, role]),
    );
  const changeRole = (who: SignedUpTenant, userId: string, role: string) =>
    who.client.patch(`/tenant/members/${userId}`, { role });

  it('get another role by an owner, which is written down', async () => {
    const owner = await scene.signUp();
    const editor = await scene.addMember(owner, 'editor');
    expect(await changeRole(owner, editor.userId, 'admin')).toMatchObject({
      status: 200,
      body: { id: editor.userId, email: editor.email, role: 'admin' },
    });
    expect(await scene.audited(owner.tenantId, 'member.%')).toMatchObject([
      { action: 'member.joined', details: { role: 'editor' } },
      { action: 'member.role_changed', details: { from: 'editor', to: 'admin' } },
    ]);
  });

  it('feel a new role at once, also in a process that knows the old one', async () => {
    const owner = await scene.signUp();
    const viewer = await scene.addMember(owner, 'viewer');
    const elsewhere = await startTestApplication(
      { ARAUTO_ROLES: 'api', ...KEYS },
      { database: scene.application.database },
    );
    try {
      const there = new ApiClient(elsewhere.url, viewer.accessToken);
      const makeTag = async () => (await there.post('/tags', { name: randomUUID() })).status;
      expect(await makeTag()).toBe(403);
      expect((await changeRole(owner, viewer.userId, 'editor')).status).toBe(200);
      // What a process remembers for ten seconds would keep it longer.
      await waitUntil(async () => (await makeTag()) === 201, 3_000);
      expect((await owner.client.delete(`/tenant/members/${viewer.userId}`)).status).toBe(204);
      await waitUntil(async () => (await there.get('/tenant')).status === 401, 3_000);
    } finally {
      await elsewhere.close();
    }
  });

  it('that were removed have no session any more, and none to refresh', async () => {
    const owner = await scene.signUp();
    const admin = await scene.addMember(owner, 'admin');
    expect((await owner.client.delete(`/tenant/members/${admin.userId}`)).status).toBe(204);
    await waitUntil(async () => (await admin.client.get('/tenant')).status === 401, 3_000);
    const { refreshToken } = admin;
    expect((await scene.anonymous().post('/auth/refresh', { refreshToken })).status).toBe(401);
    expect(await scene.audited(owner.tenantId, 'member.removed')).toMatchObject([
      { details: { role: 'admin' } },
    ]);
  });

  it.each([
    ['admin', 'admin', 'viewer', 403],
    ['admin', 'owner', 'viewer', 403],
    ['admin', 'editor', 'admin', 403],
    ['admin', 'editor', 'owner', 403],
    ['admin', 'editor', 'viewer', 200],
    ['editor', 'viewer', 'editor', 403],
    ['viewer', 'viewer', 'owner', 403],
  ] as const)('%s may turn %s into %s: %i', async (actorRole, role, newRole, status) => {
    const owner = await scene.signUp();
    const actor = await scene.addMember(owner, actorRole);
    const target = role === 'owner' ? owner : await scene.addMember(owner, role);
    expect((await changeRole(actor, target.userId, newRole)).status).toBe(status);
    const expected = status === 200 ? newRole : role;
    expect((await rolesOf(owner.tenantId))[target.userId]).toBe(expected);
    if (status === 200) return;
    expect((await actor.client.delete(`/tenant/members/${target.userId}`)).status).toBe(
      actorRole === 'admin' && role === 'editor' ? 204 : 403,
    );
  });

  it('cannot raise themselves, with whatever they send', async () => {
    const owner = await scene.signUp();
    const admin = await scene.addMember(owner, 'admin');
    for (const role of ['owner', 'admin', 'viewer'])
      expect((await changeRole(admin, admin.userId, role)).status).toBe(403);
    const { client, userId } = admin;
    expect((await client.post('/tenant/transfer-ownership', { userId, password: PASSWORD })).status).toBe(
      403,
    );
    expect((await rolesOf(owner.tenantId))[admin.userId]).toBe('admin');
  });

  it('of another tenant are nobody here', async () => {
    const [owner, stranger] = [await scene.signUp(), await scene.signUp()];
    for (const id of [stranger.userId, randomUUID()]) {
      expect((await changeRole(owner, id, 'viewer')).status).toBe(404);
      expect((await owner.client.delete(`/tenant/members/${id}`)).status).toBe(404);
      expect(
        (await owner.client.post('/tenant/transfer-ownership', { userId: id, password: PASSWORD })).status,
      ).toBe(404);
    }
    expect(await rolesOf(stranger.tenantId)).toEqual({ [stranger.userId]: 'owner' });
  });

  it('keep a last owner: who can neither leave, nor be removed, nor step down', async () => {
    const owner = await scene.signUp();
    await scene.addMember(owner, 'admin');
    const refused = [
      await owner.client.post('/tenant/leave'),
      await owner.client.delete(`/tenant/members/${owner.userId}`),
      await changeRole(owner, owner.userId, 'admin'),
    ];
    for (const answer of refused) expect(answer).toMatchObject({ status: 409, body: { code: 'last_owner' } });
    expect((await rolesOf(owner.tenantId))[owner.userId]).toBe('owner');
  });

  it('keep a last owner when two owners step down at the same moment', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const owner = await scene.signUp();
      const second = await scene.addMember(owner, 'owner');
      const answers = await Promise.all([
        owner.client.post('/tenant/leave'),
        changeRole(second, second.userId, 'viewer'),
      ]);
      expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(1);
      expect(Object.values(await rolesOf(owner.tenantId)).filter((role) => role === 'owner')).toHaveLength(1);
    }
  });

  it('have their new role at once, also where no hint gets through', async () => {
    const cut = () =>
      scene.look(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'arauto-listen' AND datname = current_database()`,
      );
    const owner = await scene.signUp();
    const viewer = await scene.addMember(owner, 'viewer');
    const makeTag = async () => (await viewer.client.post('/tags', { name: randomUUID() })).status;
    expect(await makeTag()).toBe(403);
    await cut();
    expect((await changeRole(owner, viewer.userId, 'editor')).status).toBe(200);
    expect(await makeTag()).toBe(201);
    await cut();
    expect((await owner.client.delete(`/tenant/members/${viewer.userId}`)).status).toBe(204);
    expect(await makeTag()).toBe(401);
  });

  it('leave, and are members elsewhere still', async () => {
    const owner = await scene.signUp();
    const editor = await scene.addMember(owner, 'editor');
    expect((await editor.client.post('/tenant/leave')).status).toBe(204);
    await waitUntil(async () => (await editor.client.get('/tenant')).status === 401, 3_000);
    expect(await rolesOf(owner.tenantId)).toEqual({ [owner.userId]: 'owner' });
    expect(await scene.audited(owner.tenantId, 'member.left')).toHaveLength(1);
    const memberships = await scene.look('SELECT FROM members WHERE user_id = $1', [editor.userId]);
    expect(memberships).toHaveLength(1);
  });

  it('hand ownership over once, however often it is asked at the same moment', async () => {
    const owner = await scene.signUp();
    const heirs = [await scene.addMember(owner, 'editor'), await scene.addMember(owner, 'viewer')];
    const answers = await Promise.all(
      heirs.map(({ userId }) =>
        owner.client.post('/tenant/transfer-ownership', { userId, password: PASSWORD }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    const roles = await rolesOf(owner.tenantId);
    expect(roles[owner.userId]).toBe('admin');
    expect(Object.values(roles).filter((role) => role === 'owner')).toHaveLength(1);
    const heir = heirs.find(({ userId }) => roles[userId] === 'owner');
    expect(
      await heir?.client.post('/tenant/transfer-ownership', { userId: heir.userId, password: PASSWORD }),
    ).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'userId' }] },
    });
  });

  it('make further tenants of their own, up to a bound', async () => {
    const owner = await scene.signUp();
    const made = await owner.client.post<{ id: string }>('/tenants', {
      name: 'Second',
      timeZone: 'Europe/Lisbon',
    });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'Second', language: 'en', timeZone: 'Europe/Lisbon', state: 'active' },
    });
    expect(await owner.client.get('/auth/me')).toMatchObject({
      body: {
        tenant: { id: owner.tenantId },
        tenants: [{ id: owner.tenantId }, { id: made.body.id, role: 'owner' }],
      },
    });
    expect(await scene.audited(made.body.id, 'tenant.created')).toHaveLength(1);
    const keys = await scene.look('SELECT FROM tenant_data_keys WHERE tenant_id = $1', [made.body.id]);
    expect(keys).toHaveLength(1);
    const more = await Promise.all(
      Array.from({ length: 22 }, (_, n) => owner.client.post('/tenants', { name: `More ${n}` })),
    );
    expect(more.filter(({ status }) => status === 201)).toHaveLength(18);
    expect(more.filter(({ body }) => body['code'] === 'too_many_tenants')).toHaveLength(4);
  });
});
