import { Secret, TOTP } from 'otpauth';
import { PASSWORD, type SignedUpTenant } from '../../harness/accounts.js';
import { ApiClient } from '../../harness/client.js';
import { AccountScene, unusedEmail } from './account-scene.js';

/** A stolen session must not be enough to take everything along, give it away or delete it. */
describe('the password once more', () => {
  let scene: AccountScene;
  let owner: SignedUpTenant;
  let heirId: string;
  beforeAll(async () => {
    scene = await AccountScene.open();
  });
  afterAll(() => scene.end());
  beforeEach(async () => {
    owner = await scene.signUp();
    heirId = (await scene.signUp()).userId;
    await scene.join(heirId, owner.tenantId);
  });

  const acts = (): readonly (readonly [path: string, body: object])[] => [
    ['/tenant/exports', {}],
    ['/tenant/transfer-ownership', { userId: heirId }],
    ['/tenant/deletion', { tenantName: 'Acme Clinics' }],
  ];
  /** The password stays what it is, so that the others may follow. */
  const ownActs = (): readonly (readonly [path: string, body: object])[] => [
    ['/auth/change-email', { email: unusedEmail(), password: PASSWORD }],
    ['/auth/change-password', { currentPassword: PASSWORD, newPassword: PASSWORD }],
  ];
  /** Nothing was exported, handed over or begun to delete. */
  async function expectNothingDone(): Promise<void> {
    const rows = await scene.look<{ role: string; state: string; exports: number }>(
      `SELECT role, state, (SELECT count(*)::int FROM exports WHERE tenant_id = tenants.id) AS exports
       FROM tenants JOIN members ON tenant_id = tenants.id AND user_id = $1`,
      [owner.userId],
    );
    expect(rows).toEqual([{ role: 'owner', state: 'active', exports: 0 }]);
  }

  it('is asked for before an export, a transfer and a deletion, and then lets them pass', async () => {
    for (const [path, body] of acts()) {
      expect(await owner.client.post(path, body)).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'password' }] },
      });
      expect(await owner.client.post(path, { ...body, password: `${PASSWORD}!` })).toMatchObject({
        status: 403,
        body: { code: 'wrong_password' },
      });
      expect(
        await owner.client.post(path, {
          ...body,
          password: PASSWORD,
          code: '123456',
          recoveryCode: 'abcd-efgh-2345-wxyz',
        }),
      ).toMatchObject({ status: 400 });
    }
    await expectNothingDone();
    const [exporting, transfer, deletion] = acts();
    expect((await owner.client.post(exporting![0], { password: PASSWORD })).status).toBe(201);
    expect((await owner.client.post(deletion![0], { ...deletion![1], password: PASSWORD })).status).toBe(200);
    const another = await scene.signUp();
    await scene.join(heirId, another.tenantId);
    expect((await another.client.post(transfer![0], { ...transfer![1], password: PASSWORD })).status).toBe(
      200,
    );
  });

  it('is no way to guess it: wrong ones wait longer and longer', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 40 && statuses.at(-1) !== 429; n++) {
      statuses.push((await owner.client.post('/tenant/exports', { password: `guess ${n}` })).status);
    }
    expect(statuses.at(-1)).toBe(429);
    const right = await owner.client.post('/tenant/exports', { password: PASSWORD });
    expect(right.status).toBe(429);
    expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0);
    await expectNothingDone();
    // Everybody here comes from one network.
    await scene.look('DELETE FROM guess_counts');
  });

  it('takes the second factor too, where one is on', async () => {
    await scene.confirmAddressOf(owner.userId);
    const { client, userId } = owner;
    const { body } = await client.post<{ secret: string }>('/auth/second-factor/set-up', {
      password: PASSWORD,
    });
    const totp = new TOTP({ secret: Secret.fromBase32(body.secret) });
    const confirmed = await client.post<{ recoveryCodes: string[] }>('/auth/second-factor/confirm', {
      code: totp.generate(),
    });
    const [recoveryCode, another, third] = confirmed.body.recoveryCodes;
    for (const [path, given] of acts()) {
      expect(await client.post(path, { ...given, password: PASSWORD })).toMatchObject({
        status: 403,
        body: { code: 'second_factor_required' },
      });
    }
    for (const [path, given] of ownActs()) {
      expect(await client.post(path, given)).toMatchObject({
        status: 403,
        body: { code: 'second_factor_required' },
      });
      expect(await client.post(path, { ...given, recoveryCode: 'abcd-efgh-2345-wxyz' })).toMatchObject({
        status: 403,
        body: { code: 'wrong_code' },
      });
      const both = { ...given, code: '123456', recoveryCode: 'abcd-efgh-2345-wxyz' };
      expect((await client.post(path, both)).status).toBe(400);
    }
    const wrong = { password: PASSWORD, recoveryCode: 'abcd-efgh-2345-wxyz' };
    expect(await client.post('/tenant/exports', wrong)).toMatchObject({
      status: 403,
      body: { code: 'wrong_code' },
    });
    await expectNothingDone();
    // What was used to confirm is used up; the clock is turned back instead of waiting for the next code.
    await scene.look('UPDATE second_factors SET last_step = 0 WHERE user_id = $1', [userId]);
    expect((await client.post('/tenant/exports', { password: PASSWORD, code: totp.generate() })).status).toBe(
      201,
    );
    const [email, password] = ownActs();
    expect((await client.post(email![0], { ...email![1], recoveryCode: another })).status).toBe(202);
    expect((await client.post(password![0], { ...password![1], recoveryCode: third })).status).toBe(204);
    const deletion = { tenantName: 'Acme Clinics', password: PASSWORD, recoveryCode };
    expect((await client.post('/tenant/deletion', deletion)).status).toBe(200);
  });

  it('is nothing that a program has', async () => {
    const { body } = await owner.client.post<{ key: string }>('/api-keys', {
      name: 'all',
      scopes: ['tenant:read'],
    });
    const program = new ApiClient(scene.application.url, body.key);
    expect((await program.get('/tenant')).status).toBe(200);
    for (const [path, given] of acts())
      expect((await program.post(path, { ...given, password: PASSWORD })).status).toBe(403);
    await expectNothingDone();
  });
});
