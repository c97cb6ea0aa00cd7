import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { verifyAudit } from '../../../src/app/index.js';
import { readConfiguration } from '../../../src/config/index.js';
import { BotScene } from '../bots/bot-scene.js';
import { type SignedUpTenant } from '../../harness/accounts.js';
import { waitUntil } from '../../harness/wait.js';

interface Entry {
  readonly number: number;
  readonly action: string;
  readonly actorKind: string;
  readonly actorId: string;
  readonly subjectId: string;
  readonly hash: string;
}

describe('the audit log', () => {
  let scene: BotScene;
  let tenant: SignedUpTenant;

  beforeAll(async () => {
    scene = await BotScene.open();
    await scene.start('api');
    tenant = await scene.signUp();
  });
  afterAll(() => scene.end());

  const read = async (who: SignedUpTenant, query = '') =>
    (await who.client.get<{ items: Entry[]; nextCursor: string | null }>(`/tenant/audit?${query}`)).body;
  const verify = async (who: SignedUpTenant) => (await who.client.get('/tenant/audit/verification')).body;

  it('tells who did what to bots, broadcasts and schedules, in order and without gaps', async () => {
    const { client } = tenant;
    const bot = await scene.connect(tenant);
    await client.post(`/bots/${bot.id}/pause`);
    await client.post(`/bots/${bot.id}/pause`);
    await client.post(`/bots/${bot.id}/resume`);
    const { token } = await scene.control.must<{ token: string }>(
      'POST',
      `/bots/${bot.sandboxId}/revoke-token`,
    );
    expect((await client.put(`/bots/${bot.id}/token`, { token })).status).toBe(200);
    const message = { kind: 'text', text: 'Hi' };
    const headers = { 'idempotency-key': 'once' };
    const audience = { to: 'everybody' };
    const broadcast = await client.post<{ id: string }>('/broadcasts', { message, audience }, headers);
    await client.post('/broadcasts', { message, audience }, headers);
    await client.post(`/broadcasts/${broadcast.body.id}/cancel`);
    await client.post(`/broadcasts/${broadcast.body.id}/cancel`);
    const schedule = await client.post<{ id: string }>('/schedules', {
      name: 'Weekday',
      message,
      audience,
      rule: { kind: 'cron', expression: '0 9 * * *' },
    });
    await client.delete(`/schedules/${schedule.body.id}`);
    expect((await client.delete(`/schedules/${schedule.body.id}`)).status).toBe(404);
    await client.delete(`/bots/${bot.id}`);

    const { items } = await read(tenant, 'limit=200');
    const own = items.filter(({ action }) => /^(bot|broadcast|schedule)\./.test(action)).reverse();
    expect(own.map(({ action, subjectId }) => [action, subjectId])).toEqual([
      ['bot.connected', bot.id],
      ['bot.paused', bot.id],
      ['bot.resumed', bot.id],
      ['bot.token_replaced', bot.id],
      ['broadcast.started', broadcast.body.id],
      ['broadcast.cancelled', broadcast.body.id],
      ['schedule.created', schedule.body.id],
      ['schedule.deleted', schedule.body.id],
      ['bot.disconnected', bot.id],
    ]);
    expect(items.map(({ number }) => number).reverse()).toEqual(items.map((_, index) => index + 1));
    expect(new Set(own.map(({ actorKind, actorId }) => `${actorKind} ${actorId}`))).toEqual(
      new Set([`member ${tenant.userId}`]),
    );
    expect(await verify(tenant)).toMatchObject({ isWhole: true, entries: items.length, brokenAt: null });
  });

  it('is read in pages and by action, person and time', async () => {
    const page = await read(tenant, 'limit=3');
    const next = await read(tenant, `limit=200&cursor=${page.nextCursor}`);
    expect(page.items[2]!.number).toBe(next.items[0]!.number + 1);
    expect((await read(tenant, 'action=bot.paused')).items).toHaveLength(1);
    expect((await read(tenant, `actorId=${tenant.userId}`)).items.length).toBeGreaterThan(7);
    expect((await read(tenant, 'to=2020-01-01T00:00:00Z')).items).toEqual([]);
    expect((await read(tenant, 'from=2020-01-01T00:00:00Z&action=bot.paused')).items).toHaveLength(1);
    expect((await tenant.client.get('/tenant/audit?action=x')).status).toBe(400);
  });

  it('keeps one chain a tenant, also when many act at once', async () => {
    const [one, other] = [await scene.signUp(), await scene.signUp()];
    const act = (who: SignedUpTenant) =>
      who.client.post('/webhooks', { url: 'https://example.org/', events: ['webhook.test'] });
    const before = (await read(one, 'limit=200')).items.length;
    const answers = await Promise.all(Array.from({ length: 24 }, (_, n) => act(n % 2 ? one : other)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    for (const who of [one, other])
      expect(await verify(who)).toMatchObject({ isWhole: true, entries: before + 12 });
  });

  it('is verified once at a time, by whichever process, and again afterwards', async () => {
    const many = await scene.signUp();
    const holder = new Client({ connectionString: scene.database.urls.dispatcher });
    await holder.connect();
    try {
      // Somebody is writing an entry: who begins to verify waits for the head.
      await holder.query('BEGIN');
      await holder.query('SELECT FROM audit_heads WHERE tenant_id = $1 FOR UPDATE', [many.tenantId]);
      const answers = Array.from({ length: 6 }, () => many.client.get('/tenant/audit/verification'));
      await waitUntil(async () => {
        const [row] = await scene.look<{ count: number }>(
          `SELECT count(DISTINCT pid)::int AS count FROM pg_locks JOIN pg_stat_activity USING (pid)
           WHERE NOT granted AND datname = current_database()`,
        );
        return (row?.count ?? 0) > 1;
      });
      await holder.query('COMMIT');
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set([200, 409]));
    } finally {
      await holder.end();
    }
    expect(await verify(many)).toMatchObject({ isWhole: true });
    // As another process does, which then dies.
    await scene.look(
      `UPDATE audit_heads SET verified_until = now() + interval '1 minute' WHERE tenant_id = $1`,
      [many.tenantId],
    );
    expect(await verify(many)).toMatchObject({ code: 'verification_under_way' });
    await scene.look('UPDATE audit_heads SET verified_until = now() WHERE tenant_id = $1', [many.tenantId]);
    expect(await verify(many)).toMatchObject({ isWhole: true });
  });

  it('names the entry where somebody changed, took or cut something', async () => {
    const last = (await read(tenant)).items[0]!.number;
    const broken = async (change: string, parameters: unknown[]) => {
      const backup = await scene.look<Record<string, unknown>>(
        'SELECT to_jsonb(e) AS row FROM audit_entries e WHERE tenant_id = $1',
        [tenant.tenantId],
      );
      await scene.look(change, parameters);
      const found = await verify(tenant);
      await scene.look('DELETE FROM audit_entries WHERE tenant_id = $1', [tenant.tenantId]);
      for (const { row } of backup)
        await scene.look(
          'INSERT INTO audit_entries SELECT * FROM jsonb_populate_record(NULL::audit_entries, $1)',
          [row],
        );
      return found;
    };
    const where = 'WHERE tenant_id = $1 AND number = $2';
    expect(await broken(`UPDATE audit_entries SET actor_id = NULL ${where}`, [tenant.tenantId, 3])).toEqual({
      isWhole: false,
      entries: 2,
      brokenAt: 3,
      problem: 'changed',
    });
    expect(await broken(`DELETE FROM audit_entries ${where}`, [tenant.tenantId, 5])).toMatchObject({
      brokenAt: 5,
      problem: 'missing',
    });
    expect(await broken(`DELETE FROM audit_entries ${where}`, [tenant.tenantId, last])).toMatchObject({
      brokenAt: last,
      problem: 'missing',
    });
    expect(await verify(tenant)).toMatchObject({ isWhole: true });
  });

  it('is verified for all tenants by a command, which names what is broken', async () => {
    const { app, dispatcher } = scene.database.urls;
    const configuration = readConfiguration({
      NODE_ENV: 'test',
      ARAUTO_HOME: mkdtempSync(join(tmpdir(), 'arauto-audit-')),
      DATABASE_URL: app,
      DATABASE_DISPATCHER_URL: dispatcher,
    });
    const said: string[] = [];
    const run = () =>
      verifyAudit(
        configuration,
        () => undefined,
        (line) => said.push(line),
      );
    expect(await run()).toBe(true);
    expect(said).toEqual([expect.stringMatching(/^\d+ entries of 4 tenants hold$/)]);
    await scene.look('UPDATE audit_heads SET number = number + 1 WHERE tenant_id = $1', [tenant.tenantId]);
    expect(await run()).toBe(false);
    expect(said[1]).toContain(`tenant ${tenant.tenantId}: entry`);
    await scene.look('UPDATE audit_heads SET number = number - 1 WHERE tenant_id = $1', [tenant.tenantId]);
  });

  it('only grows: neither login may change or take an entry', async () => {
    for (const login of ['app', 'dispatcher'] as const) {
      const client = new Client({ connectionString: scene.database.urls[login] });
      await client.connect();
      try {
        await client.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenant.tenantId]);
        for (const statement of [
          `UPDATE audit_entries SET action = 'x.y'`,
          'DELETE FROM audit_entries',
          'TRUNCATE audit_entries',
          'DELETE FROM audit_heads',
        ])
          await expect(client.query(statement)).rejects.toThrow('permission denied');
      } finally {
        await client.end();
      }
    }
  });
});
