import { randomUUID } from 'node:crypto';
import { PASSWORD, type SignedUpTenant } from '../../harness/accounts.js';
import { appointOperator } from '../../harness/operators.js';
import { TeamScene } from './team-scene.js';

jest.setTimeout(60_000);

describe('invitations', () => {
  let scene: TeamScene;
  beforeAll(async () => {
    scene = await TeamScene.open();
  });
  afterAll(() => scene.end());

  const newAddress = () => `${randomUUID()}@example.org`;
  const invite = (who: SignedUpTenant, email: string, role = 'editor') =>
    who.client.post<{ id: string; code: string }>('/tenant/invitations', { email, role });
  const accept = (who: SignedUpTenant, token: string) => who.client.post('/invitations/accept', { token });
  const acceptWithAccount = (token: string, password = PASSWORD) =>
    scene.anonymous().post('/invitations/accept-with-account', { token, password, name: 'Bia' });

  it('go by mail to the address alone, in the language of the tenant', async () => {
    const owner = await scene.signUp('Clínica');
    await owner.client.patch('/tenant', { language: 'pt-BR' });
    const email = newAddress();
    const invited = await invite(owner, email.toUpperCase());
    expect(invited).toMatchObject({ status: 201, body: { email, role: 'editor', invitedBy: owner.userId } });
    const mail = await scene.invitationTo(email);
    expect(mail.subject).toBe('Ana convidou você para Clínica');
    const token = await scene.tokenOf(email);
    expect(token).toHaveLength(43);
    expect(JSON.stringify(invited.body)).not.toContain(token);
    const [row] = await scene.look<Record<string, unknown>>('SELECT * FROM invitations WHERE email = $1', [
      email,
    ]);
    expect(JSON.stringify(row)).not.toContain(token);
    expect(await scene.audited(owner.tenantId, 'invitation.created')).toHaveLength(1);
  });

  it('are made by nobody whose own address is not confirmed', async () => {
    const owner = await scene.signUp();
    await scene.look('UPDATE users SET email_confirmed_at = NULL WHERE id = $1', [owner.userId]);
    expect(await invite(owner, newAddress())).toMatchObject({
      status: 409,
      body: { code: 'email_not_confirmed' },
    });
  });

  it('show who invites whereto, and nothing else', async () => {
    const owner = await scene.signUp();
    const email = newAddress();
    await invite(owner, email, 'viewer');
    const preview = await scene
      .anonymous()
      .post('/invitations/preview', { token: await scene.tokenOf(email) });
    expect(preview).toMatchObject({ status: 200 });
    expect(preview.body).toEqual({ tenantName: 'Acme Clinics', role: 'viewer', inviterName: 'Ana' });
  });

  it('let a signed-in person in once, with the role that was meant', async () => {
    const [owner, person] = [await scene.signUp(), await scene.signUp('Own')];
    await invite(owner, person.email);
    const token = await scene.tokenOf(person.email);
    expect(await accept(person, token)).toMatchObject({
      status: 200,
      body: { tenantId: owner.tenantId, tenantName: 'Acme Clinics', role: 'editor' },
    });
    expect(await accept(person, token)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await person.client.get('/auth/me')).toMatchObject({
      body: {
        tenant: { id: person.tenantId },
        tenants: [
          { id: person.tenantId, role: 'owner' },
          { id: owner.tenantId, role: 'editor' },
        ],
      },
    });
    expect(await owner.client.get('/tenant/invitations')).toMatchObject({ body: { items: [] } });
    expect(await scene.audited(owner.tenantId, 'member.joined')).toMatchObject([
      { details: { role: 'editor' } },
    ]);
  });

  it('let in whoever comes first, of many at the same moment', async () => {
    const [owner, person] = [await scene.signUp(), await scene.signUp()];
    await invite(owner, person.email);
    const token = await scene.tokenOf(person.email);
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => accept(person, token)),
      acceptWithAccount(token),
      acceptWithAccount(token),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404, 404, 404]);
    expect(await scene.audited(owner.tenantId, 'member.joined')).toHaveLength(1);
  });

  it('are for the invited address and no other, and stay open for it', async () => {
    const [owner, person, thief] = [await scene.signUp(), await scene.signUp(), await scene.signUp()];
    await invite(owner, person.email);
    const token = await scene.tokenOf(person.email);
    expect(await accept(thief, token)).toMatchObject({
      status: 403,
      body: { code: 'invited_with_another_address' },
    });
    expect((await accept(person, token)).status).toBe(200);
    expect(await scene.look('SELECT FROM members WHERE user_id = $1', [thief.userId])).toHaveLength(1);
  });

  it('make an account for whoever has none, which can sign in', async () => {
    const owner = await scene.signUp();
    const email = newAddress();
    await invite(owner, email, 'viewer');
    const token = await scene.tokenOf(email);
    const answers = await Promise.all([acceptWithAccount(token), acceptWithAccount(token)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404]);
    // The link came by mail: nobody is asked to confirm the address once more.
    expect(
      await scene.look('SELECT FROM users WHERE email = $1 AND email_confirmed_at IS NOT NULL', [email]),
    ).toHaveLength(1);
    const signedIn = await scene.anonymous().post('/auth/sign-in', { email, password: PASSWORD });
    expect(signedIn).toMatchObject({
      status: 200,
      body: { role: 'viewer', tenant: { id: owner.tenantId }, user: { name: 'Bia', language: 'en' } },
    });
  });

  it('take an account that is there by its password, also of somebody without any tenant', async () => {
    const [first, second] = [await scene.signUp(), await scene.signUp()];
    const email = newAddress();
    await invite(first, email);
    expect((await acceptWithAccount(await scene.tokenOf(email))).status).toBe(200);
    const [person] = await scene.look<{ id: string }>('SELECT id FROM users WHERE email = $1', [email]);
    expect((await first.client.delete(`/tenant/members/${person?.id}`)).status).toBe(204);
    await invite(second, email);
    const token = await scene.tokenOf(email, 2);
    expect(await acceptWithAccount(token, 'not the password')).toMatchObject({
      status: 401,
      body: { code: 'wrong_credentials' },
    });
    expect((await acceptWithAccount(token)).status).toBe(200);
    const signedIn = await scene.anonymous().post('/auth/sign-in', { email, password: PASSWORD });
    expect(signedIn).toMatchObject({ status: 200, body: { tenant: { id: second.tenantId } } });
  });

  it.each([
    ['admin', 'owner', 403],
    ['admin', 'admin', 403],
    ['admin', 'editor', 201],
    ['owner', 'admin', 201],
    ['owner', 'owner', 201],
    ['editor', 'viewer', 403],
  ] as const)('%s may invite an %s: %i', async (role, invited, status) => {
    const owner = await scene.signUp();
    const inviter = role === 'owner' ? owner : await scene.addMember(owner, role);
    expect((await invite(inviter, newAddress(), invited)).status).toBe(status);
  });

  it('are worth nothing once revoked, expired, or their maker lost the right', async () => {
    const owner = await scene.signUp();
    const admin = await scene.addMember(owner, 'admin');
    const spoil: Record<string, (id: string) => Promise<unknown>> = {
      revoked: (id) => owner.client.delete(`/tenant/invitations/${id}`),
      expired: (id) => scene.look('UPDATE invitations SET expires_at = now() WHERE id = $1', [id]),
      demoted: () => owner.client.patch(`/tenant/members/${admin.userId}`, { role: 'editor' }),
      suspended: () => scene.look(`UPDATE tenants SET state = 'suspended' WHERE id = $1`, [owner.tenantId]),
    };
    for (const [how, make] of Object.entries(spoil)) {
      const email = newAddress();
      const { status, body } = await invite(how === 'suspended' ? owner : admin, email, 'viewer');
      expect({ how, status }).toEqual({ how, status: 201 });
      const token = await scene.tokenOf(email);
      await make(body.id);
      for (const answer of [
        await scene.anonymous().post('/invitations/preview', { token }),
        await acceptWithAccount(token),
      ])
        expect({ how, ...answer }).toMatchObject({ how, status: 404, body: { code: 'not_found' } });
      expect(await scene.look('SELECT FROM users WHERE email = $1', [email])).toEqual([]);
    }
  });

  it('leave with whoever made them', async () => {
    const owner = await scene.signUp();
    const admin = await scene.addMember(owner, 'admin');
    const email = newAddress();
    await invite(admin, email, 'viewer');
    await owner.client.delete(`/tenant/members/${admin.userId}`);
    expect((await acceptWithAccount(await scene.tokenOf(email))).status).toBe(404);
    expect((await invite(owner, email)).status).toBe(201);
  });

  it('are one for each address, and none for a member', async () => {
    const owner = await scene.signUp();
    const email = newAddress();
    const answers = await Promise.all(Array.from({ length: 4 }, () => invite(owner, email)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('already_invited');
    await scene.look('UPDATE invitations SET expires_at = now() WHERE email = $1', [email]);
    expect((await invite(owner, email)).status).toBe(201);
    expect(await invite(owner, owner.email)).toMatchObject({ status: 409, body: { code: 'already_member' } });
    // Who is a member elsewhere is nobody's business here.
    const stranger = await scene.signUp();
    expect((await invite(owner, stranger.email)).status).toBe(201);
  });

  it('are mailed again with another link, neither at once nor for ever', async () => {
    const owner = await scene.signUp();
    const email = newAddress();
    const { body } = await invite(owner, email);
    const resend = () => owner.client.post<{ code: string }>(`/tenant/invitations/${body.id}/resend`);
    const first = await scene.tokenOf(email);
    const early = await resend();
    expect(early).toMatchObject({ status: 429, body: { code: 'mailed_just_now' } });
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
    const statuses: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      await scene.look(`UPDATE invitations SET mailed_at = mailed_at - interval '1 minute' WHERE id = $1`, [
        body.id,
      ]);
      statuses.push((await resend()).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 409]);
    const last = await scene.tokenOf(email, 5);
    expect((await acceptWithAccount(first)).status).toBe(404);
    expect((await acceptWithAccount(last)).status).toBe(200);
    expect((await resend()).status).toBe(404);
  });

  it('are mailed again only by whoever might invite', async () => {
    const owner = await scene.signUp('Free money at evil.example');
    const admin = await scene.addMember(owner, 'admin');
    const email = newAddress();
    const { body } = await invite(owner, email, 'admin');
    const { text } = await scene.invitationTo(email);
    expect(text).toContain('evil[.]example');
    expect(text).not.toContain('evil.example');
    await scene.look(`UPDATE invitations SET mailed_at = mailed_at - interval '1 minute' WHERE id = $1`, [
      body.id,
    ]);
    const resend = ({ client }: SignedUpTenant) =>
      client.post<{ code: string }>(`/tenant/invitations/${body.id}/resend`);
    expect(await resend(admin)).toMatchObject({ status: 403, body: { code: 'not_allowed' } });
    await scene.look('UPDATE users SET email_confirmed_at = NULL WHERE id = $1', [owner.userId]);
    expect(await resend(owner)).toMatchObject({ status: 409, body: { code: 'email_not_confirmed' } });
    await scene.look('UPDATE users SET email_confirmed_at = now() WHERE id = $1', [owner.userId]);
    expect((await resend(owner)).status).toBe(200);
  });

  it('are bounded for a tenant and a day', async () => {
    const owner = await scene.signUp();
    await scene.look(
      `INSERT INTO invitations (tenant_id, email, role, invited_by, token_hash, expires_at, ended_at, ended_reason)
       SELECT $1, n || '@example.org', 'viewer', $2, sha256($3 || n::text::bytea), now(), now(), 'revoked'
       FROM generate_series(1, 100) AS n`,
      [owner.tenantId, owner.userId, Buffer.from(owner.tenantId)],
    );
    expect(await invite(owner, newAddress())).toMatchObject({
      status: 429,
      body: { code: 'too_many_invitations' },
    });
  });

  it('need a place among the members of the plan, and keep it until they are accepted or over', async () => {
    const owner = await scene.signUp();
    const operator = await appointOperator(scene.application);
    const limit = async (members: number): Promise<void> => {
      const { body } = await operator.client.post<{ id: string }>('/operator/plans', {
        name: randomUUID(),
        limits: { members },
      });
      const path = `/operator/tenants/${owner.tenantId}/plan`;
      expect((await operator.client.put(path, { planId: body.id })).status).toBe(200);
    };
    await limit(2);
    const addresses = Array.from({ length: 6 }, newAddress);
    const invited = await Promise.all(addresses.map((email) => invite(owner, email)));
    expect(invited.map(({ status }) => status).sort()).toEqual([201, 402, 402, 402, 402, 402]);
    const first = invited.findIndex(({ status }) => status === 201);
    const token = await scene.tokenOf(addresses[first]!);
    expect((await owner.client.get<{ quotas: unknown[] }>('/tenant/usage')).body.quotas).toContainEqual(
      expect.objectContaining({ name: 'members', limit: 2, used: 2 }),
    );

    await limit(1);
    expect(await acceptWithAccount(token)).toMatchObject({ status: 402, body: { code: 'quota_exceeded' } });
    await limit(2);
    expect((await acceptWithAccount(token)).status).toBe(200);
    expect((await invite(owner, newAddress())).status).toBe(402);
    await limit(3);
    const next = await invite(owner, newAddress());
    expect(next.status).toBe(201);
    expect((await owner.client.delete(`/tenant/invitations/${next.body.id}`)).status).toBe(204);
    expect((await invite(owner, newAddress())).status).toBe(201);
  });
});
