import { SignJWT } from 'jose';
import { Secret, TOTP } from 'otpauth';
import pg from 'pg';
import { PASSWORD, signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { appointOperator } from '../../harness/operators.js';

describe('operators', () => {
  let application: TestApplication;
  let superuser: pg.Pool;
  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
    superuser = new pg.Pool({ connectionString: application.database.urls.superuser, max: 1 });
  });
  afterAll(async () => {
    await superuser.end();
    await application.close();
  });
  const signIn = (email: string, password: string) =>
    new ApiClient(application.url).post('/operator/sign-in', { email, password });

  it('sign in, act and sign out', async () => {
    const { client } = await appointOperator(application);
    const tenant = await signUpTenant(application.url);
    expect((await client.get('/operator/tenants')).status).toBe(200);
    const look = await client.post<{ accessToken: string }>(
      `/operator/tenants/${tenant.tenantId}/support-accesses`,
      { reason: 'Ticket', minutes: 5 },
    );
    const within = new ApiClient(application.url, look.body.accessToken);
    expect((await within.get('/tenant')).status).toBe(200);
    expect((await client.post('/operator/sign-out')).status).toBe(204);
    expect((await within.get('/tenant')).status).toBe(401);
    expect(await client.get('/operator/tenants')).toMatchObject({
      status: 401,
      body: { code: 'not_signed_in' },
    });
  });

  it('are told apart from nobody: the same answer to a stranger, a member and a wrong password', async () => {
    const operator = await appointOperator(application);
    const tenant = await signUpTenant(application.url);
    const answers = await Promise.all([
      signIn('nobody@example.org', 'correct horse battery'),
      signIn(tenant.email, 'correct horse battery'),
      signIn(operator.email, 'wrong horse battery'),
    ]);
    for (const { status, body } of answers) {
      expect({ status, ...body, requestId: '' }).toEqual({
        ...answers[0]?.body,
        requestId: '',
        status: 401,
        code: 'wrong_credentials',
      });
    }
  });

  it('are in no tenant, and members are no operators', async () => {
    const operator = await appointOperator(application);
    const tenant = await signUpTenant(application.url);
    expect((await operator.client.get('/tenant')).status).toBe(401);
    expect((await operator.client.get('/bots')).status).toBe(401);
    expect((await tenant.client.get('/operator/tenants')).status).toBe(401);
    expect((await new ApiClient(application.url).get('/operator/tenants')).status).toBe(401);
    const forged = await new SignJWT({ sub: operator.userId, sid: operator.userId })
      .setProtectedHeader({ alg: 'HS256', typ: 'operator+jwt' })
      .setIssuer('arauto')
      .setExpirationTime('1h')
      .sign(Buffer.alloc(32));
    expect((await new ApiClient(application.url, forged).get('/operator/tenants')).status).toBe(401);
  });

  it('show their second factor too, where they have one', async () => {
    const { client, email, userId } = await signUpTenant(application.url);
    await appointOperator(application, email);
    const { body } = await client.post<{ secret: string }>('/auth/second-factor/set-up', {
      password: PASSWORD,
    });
    const showCode = () => new TOTP({ secret: Secret.fromBase32(body.secret) }).generate();
    expect((await client.post('/auth/second-factor/confirm', { code: showCode() })).status).toBe(200);
    await superuser.query('UPDATE second_factors SET last_step = 0 WHERE user_id = $1', [userId]);

    const show = (shown: object) =>
      new ApiClient(application.url).post('/operator/sign-in', { email, password: PASSWORD, ...shown });
    expect(await show({})).toMatchObject({ status: 401, body: { code: 'second_factor_required' } });
    const wrong = String((Number(showCode()) + 500_000) % 1_000_000).padStart(6, '0');
    expect(await show({ code: wrong })).toMatchObject({ status: 401, body: { code: 'wrong_code' } });
    const code = showCode();
    expect((await show({ code })).status).toBe(200);
    expect(await show({ code })).toMatchObject({ status: 401, body: { code: 'wrong_code' } });
  });

  it('can be members too, with the same password and another session', async () => {
    const tenant = await signUpTenant(application.url);
    const operator = await appointOperator(application, tenant.email);
    expect(operator.userId).toBe(tenant.userId);
    expect((await operator.client.get('/operator/tenants')).status).toBe(200);
    expect((await tenant.client.get('/operator/tenants')).status).toBe(401);
  });

  it('are out at once when they are removed, and after an hour', async () => {
    const [removed, late] = [await appointOperator(application), await appointOperator(application)];
    await superuser.query('DELETE FROM operators WHERE user_id = $1', [removed.userId]);
    await superuser.query('UPDATE operator_sessions SET expires_at = now() WHERE user_id = $1', [
      late.userId,
    ]);
    expect((await removed.client.get('/operator/tenants')).status).toBe(401);
    expect((await late.client.get('/operator/tenants')).status).toBe(401);
  });
});
