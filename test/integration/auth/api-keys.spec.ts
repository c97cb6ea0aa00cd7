import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { ACCESS_SCOPES, AccessChanges } from '../../../src/platform/access/index.js';
import { PASSWORD, type SignedUpTenant, signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { type Answer, ApiClient } from '../../harness/client.js';
import { appointOperator } from '../../harness/operators.js';
import { waitUntil } from '../../harness/wait.js';
import { addressOf, apiDocument, operations } from '../security/operations.js';
import { absentThings, sendRaw } from '../security/hostile-scene.js';

jest.setTimeout(60_000);

interface CreatedKey {
  readonly id: string;
  readonly key: string;
  readonly expiresAt: string | null;
}

describe('API keys', () => {
  let application: TestApplication;
  let dispatcher: pg.Pool;
  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api', ...KEYS });
    dispatcher = new pg.Pool({ connectionString: application.database.urls.dispatcher, max: 1 });
  });
  afterAll(async () => {
    await dispatcher.end();
    await application.close();
  });

  const program = (key: string, url = application.url) => new ApiClient(url, key);
  async function makeKey(
    { client }: SignedUpTenant,
    scopes: readonly string[],
    expiresInDays?: number,
  ): Promise<CreatedKey> {
    const answer = await client.post<CreatedKey>('/api-keys', { name: 'Booking', scopes, expiresInDays });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  }
  const isRefused = ({ status, body }: Answer, unknown: Answer) => ({
    status,
    body: { ...body, requestId: unknown.body['requestId'] },
  });

  it('act in their tenant, within their scopes', async () => {
    const tenant = await signUpTenant(application.url);
    const { key } = await makeKey(tenant, ['audience:write', 'tenant:read']);
    expect(await program(key).get('/tenant')).toMatchObject({ status: 200, body: { id: tenant.tenantId } });
    expect((await program(key).post('/tags', { name: 'from-a-program' })).status).toBe(201);
    const refused = await program(key).get('/tags');
    expect(refused).toMatchObject({ status: 403, body: { code: 'scope_missing' } });
    expect(refused.body['detail']).toContain('audience:read');
    expect((await tenant.client.get<{ items: unknown[] }>('/tags')).body.items).toHaveLength(1);
  });

  it('are shown once and kept as a hash', async () => {
    const tenant = await signUpTenant(application.url);
    const { id, key } = await makeKey(tenant, ['bots:read']);
    const secret = key.split('_').slice(2).join('_');
    const list = await tenant.client.get<{ items: object[] }>('/api-keys');
    expect(list.body.items).toEqual([
      {
        id,
        name: 'Booking',
        scopes: ['bots:read'],
        role: 'owner',
        createdBy: tenant.userId,
        createdAt: expect.any(String) as string,
        expiresAt: null,
        lastUsedAt: null,
      },
    ]);
    const { rows } = await dispatcher.query<{ row: string }>('SELECT api_keys::text AS row FROM api_keys');
    const kept = await dispatcher.query<{ row: string }>(
      'SELECT audit_entries::text AS row FROM audit_entries',
    );
    for (const { row } of [...rows, ...kept.rows]) expect(row).not.toContain(secret);
  });

  it('say when they were last used, once a minute', async () => {
    const tenant = await signUpTenant(application.url);
    const { id, key } = await makeKey(tenant, ['tenant:read']);
    const lastUse = async () =>
      (await tenant.client.get<{ items: { lastUsedAt: string | null }[] }>('/api-keys')).body.items[0]
        ?.lastUsedAt;
    await program(key).get('/tenant');
    const first = await lastUse();
    expect(first).toEqual(expect.any(String));
    await program(key).get('/tenant');
    expect(await lastUse()).toBe(first);
    expect(id).toBe((await tenant.client.get<{ items: CreatedKey[] }>('/api-keys')).body.items[0]?.id);
  });

  it('answer alike when they are unknown, wrong, expired or deleted', async () => {
    const tenant = await signUpTenant(application.url);
    const [deleted, expired, wrong] = [
      await makeKey(tenant, ['tenant:read']),
      await makeKey(tenant, ['tenant:read'], 1),
      await makeKey(tenant, ['tenant:read']),
    ];
    expect(expired.expiresAt).not.toBeNull();
    expect((await tenant.client.delete(`/api-keys/${deleted.id}`)).status).toBe(204);
    await dispatcher.query('UPDATE api_keys SET expires_at = now() WHERE id = $1', [expired.id]);
    const ask = (key: string) => program(key).get('/tenant');
    const unknown = await ask(`arauto_${'0'.repeat(32)}_${'x'.repeat(43)}`);
    expect(unknown).toMatchObject({ status: 401, body: { code: 'not_signed_in' } });
    expect(unknown.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    for (const key of [
      deleted.key,
      expired.key,
      wrong.key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
      wrong.key.slice(0, -1),
      'arauto_',
    ])
      expect(isRefused(await ask(key), unknown)).toEqual(isRefused(unknown, unknown));
    expect((await ask(wrong.key)).status).toBe(200);
  });

  it('open nothing any more once deleted, also in a process that knows them', async () => {
    const tenant = await signUpTenant(application.url);
    const { id, key } = await makeKey(tenant, ['tenant:read']);
    const elsewhere = await startTestApplication(
      { ARAUTO_ROLES: 'api', ...KEYS },
      { database: application.database },
    );
    try {
      const ask = async () => (await program(key, elsewhere.url).get('/tenant')).status;
      expect(await ask()).toBe(200);
      await tenant.client.delete(`/api-keys/${id}`);
      await waitUntil(async () => (await ask()) === 401, 3_000);
    } finally {
      await elsewhere.close();
    }
  });

  it('turn away with their tenant', async () => {
    const tenant = await signUpTenant(application.url);
    const { key } = await makeKey(tenant, ['tenant:read']);
    expect((await program(key).get('/tenant')).status).toBe(200);
    await dispatcher.query(`UPDATE tenants SET state = 'suspended' WHERE id = $1`, [tenant.tenantId]);
    await application.app.get(AccessChanges, { strict: false }).announce(dispatcher, tenant.tenantId);
    await waitUntil(async () => (await program(key).get('/tenant')).status === 403, 3_000);
    expect(await program(key).get('/tenant')).toMatchObject({ body: { code: 'tenant_suspended' } });
    expect((await tenant.client.get('/tenant')).status).toBe(403);
  });

  it('never do more than their maker might, nor than their maker may, and go with them', async () => {
    const tenant = await signUpTenant(application.url);
    const { id, key } = await makeKey(tenant, ['bots:write', 'bots:read', 'audience:write']);
    await dispatcher.query(`UPDATE api_keys SET role = 'editor' WHERE id = $1`, [id]);
    expect((await program(key).post('/tags', { name: 'x' })).status).toBe(201);
    expect(await program(key).post('/bots', {})).toMatchObject({
      status: 403,
      body: { code: 'not_allowed' },
    });
    await dispatcher.query(`UPDATE api_keys SET role = 'owner' WHERE id = $1`, [id]);
    const email = `${randomUUID()}@example.org`;
    const operator = await appointOperator(application, email);
    await dispatcher.query('INSERT INTO members VALUES ($1, $2, $3)', [
      tenant.tenantId,
      operator.userId,
      'owner',
    ]);
    const signedIn = await new ApiClient(application.url).post<{ accessToken: string }>('/auth/sign-in', {
      email,
      password: PASSWORD,
    });
    const successor = new ApiClient(application.url, signedIn.body.accessToken);
    const member = `/tenant/members/${tenant.userId}`;
    expect((await successor.patch(member, { role: 'viewer' })).status).toBe(200);
    await waitUntil(async () => (await program(key).post('/tags', { name: 'y' })).status === 403, 3_000);
    expect((await program(key).get('/bots')).status).toBe(200);
    expect((await successor.patch(member, { role: 'editor' })).status).toBe(200);
    await waitUntil(async () => (await program(key).post('/tags', { name: 'z' })).status === 201, 3_000);

    expect((await successor.delete(member)).status).toBe(204);
    await waitUntil(async () => (await program(key).get('/bots')).status === 401, 3_000);
    expect((await successor.get<{ items: unknown[] }>('/api-keys')).body.items).toEqual([]);
    const { rows } = await dispatcher.query(
      `SELECT action, subject_id AS id FROM audit_entries WHERE tenant_id = $1 ORDER BY number DESC LIMIT 2`,
      [tenant.tenantId],
    );
    expect(rows).toEqual([
      { action: 'member.removed', id: tenant.userId },
      { action: 'api_key.revoked', id },
    ]);
  });

  it('are made, seen and deleted by admins of their tenant alone', async () => {
    const [tenant, stranger] = [await signUpTenant(application.url), await signUpTenant(application.url)];
    const { id, key } = await makeKey(tenant, [...ACCESS_SCOPES]);
    expect((await stranger.client.delete(`/api-keys/${id}`)).status).toBe(404);
    expect((await stranger.client.delete(`/api-keys/${randomUUID()}`)).status).toBe(404);
    expect((await stranger.client.get<{ items: unknown[] }>('/api-keys')).body.items).toEqual([]);
    // Not even a key with every scope.
    for (const answer of [
      await program(key).get('/api-keys'),
      await program(key).post('/api-keys', { name: 'Child', scopes: ['bots:read'] }),
      await program(key).delete(`/api-keys/${id}`),
    ])
      expect(answer).toMatchObject({ status: 403, body: { code: 'members_only' } });
    expect((await program(key).get('/tenant')).status).toBe(200);
  });

  it('are bounded in number', async () => {
    const tenant = await signUpTenant(application.url);
    await dispatcher.query(
      `INSERT INTO api_keys (tenant_id, name, role, scopes, secret_hash, created_by)
       SELECT $1, 'one of many', 'admin', '[]', sha256('x'), $2 FROM generate_series(1, 50)`,
      [tenant.tenantId, tenant.userId],
    );
    expect(await tenant.client.post('/api-keys', { name: 'x', scopes: ['bots:read'] })).toMatchObject({
      status: 409,
      body: { code: 'too_many_keys' },
    });
  });

  it('open each operation with the scope that the document names, and with no other', async () => {
    const tenant = await signUpTenant(application.url);
    const scopeOf = (template: string, method: string): string | undefined =>
      (
        apiDocument.paths[template]?.[method.toLowerCase()] as unknown as {
          security?: { apiKey?: string[] }[];
        }
      ).security?.flatMap(({ apiKey = [] }) => apiKey)[0];
    let opened = 0;
    for (const operation of operations.filter(({ role }) => role !== 'public')) {
      const scope = scopeOf(operation.template, operation.method);
      const target = addressOf(operation, operation.path?.(absentThings()) ?? {});
      const ask = async (scopes: readonly string[]) => {
        const { id, key } = await makeKey(tenant, scopes);
        const { status, text } = await sendRaw(application.url, operation.method, target, {
          token: key,
          ...(operation.bodySchema && { body: '{}' }),
        });
        await tenant.client.delete(`/api-keys/${id}`);
        return { status, code: /"code":"(\w+)"/.exec(text)?.[1] };
      };
      const others = await ask(ACCESS_SCOPES.filter((other) => other !== scope));
      // To an operator's routes a tenant's key is nobody's.
      const refusal =
        operation.role === 'operator'
          ? { status: 401, code: 'not_signed_in' }
          : { status: 403, code: scope === undefined ? 'members_only' : 'scope_missing' };
      expect({ id: operation.id, ...others }).toEqual({ id: operation.id, ...refusal });
      if (scope === undefined) continue;
      opened += 1;
      expect([200, 201, 400, 404, 415]).toContain((await ask([scope])).status);
    }
    expect(opened).toBeGreaterThan(40);
  });
});

const KEYS = {
  ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  SESSION_KEY: randomBytes(32).toString('base64'),
};
