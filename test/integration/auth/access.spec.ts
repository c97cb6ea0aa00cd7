import { Controller, Get, Module } from '@nestjs/common';
import pg from 'pg';
import { ROOMS } from '../../../src/app/index.js';
import { signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';

@Controller('forgotten')
class ForgottenController {
  @Get()
  read() {
    return {};
  }
}

@Module({ controllers: [ForgottenController] })
class ForgottenModule {}

describe('who may do what', () => {
  let application: TestApplication;
  let dispatcher: pg.Pool;

  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
    dispatcher = new pg.Pool({ connectionString: application.database.urls.dispatcher, max: 1 });
  });
  afterAll(async () => {
    await dispatcher.end();
    await application.close();
  });

  it('lets owners change the tenant and everybody in it read', async () => {
    const { client, tenantId } = await signUpTenant(application.url);
    const change = { name: 'Acme Hospitals', timeZone: 'America/Sao_Paulo' };
    expect(await client.patch('/tenant', change)).toMatchObject({
      status: 200,
      body: { id: tenantId, ...change },
    });
    expect(await client.get('/tenant')).toMatchObject({ body: { ...change, language: 'en' } });
  });

  it.each([{}, { timeZone: '+03:00' }, { state: 'suspended' }, { name: 'a\nb' }])(
    'refuses the change %j',
    async (change) => {
      const { client } = await signUpTenant(application.url);
      expect(await client.patch('/tenant', change)).toMatchObject({
        status: 400,
        body: { code: 'invalid_input' },
      });
    },
  );

  it.each(['admin', 'editor', 'viewer'])(
    'refuses an owner’s route to an %s, naming the role',
    async (role) => {
      const { client, tenantId } = await signUpTenant(application.url);
      await dispatcher.query('UPDATE members SET role = $2 WHERE tenant_id = $1', [tenantId, role]);
      expect((await client.get('/tenant')).status).toBe(200);
      const answer = await client.patch('/tenant', { name: 'Mine now' });
      expect(answer).toMatchObject({ status: 403, body: { code: 'not_allowed' } });
      expect(answer.body['detail']).toContain('owner');
      expect(await client.get('/tenant')).toMatchObject({ body: { name: 'Acme Clinics' } });
    },
  );

  it('shows the members of one’s own tenant alone, page by page', async () => {
    const { client, tenantId, email } = await signUpTenant(application.url);
    const second = await signUpTenant(application.url);
    await signUpTenant(application.url);
    await dispatcher.query(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'editor')`, [
      tenantId,
      second.userId,
    ]);
    const first = await client.get('/tenant/members?limit=1');
    expect(first).toMatchObject({ body: { items: [{ email: second.email, role: 'editor' }] } });
    const rest = await client.get(`/tenant/members?limit=1&cursor=${String(first.body['nextCursor'])}`);
    expect(rest).toMatchObject({ body: { items: [{ email, role: 'owner' }], nextCursor: null } });
  });

  it('turns away everybody of a suspended tenant', async () => {
    const { client, tenantId } = await signUpTenant(application.url);
    await dispatcher.query(`UPDATE tenants SET state = 'suspended' WHERE id = $1`, [tenantId]);
    expect(await client.get('/tenant')).toMatchObject({ status: 403, body: { code: 'tenant_suspended' } });
  });

  it('does not start with a route that nobody labelled', async () => {
    const attempt = startTestApplication(
      { ARAUTO_ROLES: 'api' },
      { rooms: [...ROOMS, { api: [ForgottenModule] }], database: application.database },
    );
    await expect(attempt).rejects.toThrow('ForgottenController.read');
  });
});
