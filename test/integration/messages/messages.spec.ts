import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { signUpTenant, type SignedUpTenant } from '../../harness/accounts.js';

const ABSENT = '019aaaaa-0000-7000-8000-000000000001';
const content = { kind: 'text', text: 'Hi {{first_name|friend}}' };

describe('messages over HTTP on a real database', () => {
  let application: TestApplication;
  let tenant: SignedUpTenant;
  let stranger: SignedUpTenant;

  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
    tenant = await signUpTenant(application.url);
    stranger = await signUpTenant(application.url);
  });
  afterAll(() => application.close());

  it('keeps, lists, reads and archives', async () => {
    const created = await tenant.client.post('/messages', { content });
    expect(created).toMatchObject({ status: 201, body: { content, archivedAt: null } });
    const path = `/messages/${String(created.body['id'])}`;
    expect(await tenant.client.get(path)).toMatchObject({ status: 200, body: created.body });
    expect(await tenant.client.get('/messages')).toMatchObject({
      status: 200,
      body: { items: [created.body], nextCursor: null },
    });
    expect((await tenant.client.delete(path)).status).toBe(204);
    expect((await tenant.client.get('/messages')).body['items']).toEqual([]);
    expect((await tenant.client.get(path)).body['archivedAt']).toEqual(expect.any(String));
  });

  it('pages from the newest to the oldest', async () => {
    const pager = await signUpTenant(application.url);
    for (const text of ['1', '2', '3'])
      await pager.client.post('/messages', { content: { kind: 'text', text } });
    type Body = { items: { content: { text: string } }[]; nextCursor: string | null };
    const first = await pager.client.get<Body>('/messages?limit=2');
    const second = await pager.client.get<Body>(`/messages?limit=2&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items].map((item) => item.content.text)).toEqual([
      '3',
      '2',
      '1',
    ]);
    expect(second.body.nextCursor).toBeNull();
  });

  it('does a thing once per Idempotency-Key', async () => {
    const once = () => tenant.client.post('/messages', { content }, { 'idempotency-key': 'k1' });
    const [one, other] = [await once(), await once()];
    expect(other.body['id']).toBe(one.body['id']);
  });

  it('shows nothing to another tenant', async () => {
    const { body } = await tenant.client.post('/messages', { content });
    const path = `/messages/${String(body['id'])}`;
    const absent = `/messages/${ABSENT}`;
    for (const method of ['get', 'delete'] as const) {
      const foreign = await stranger.client[method](path);
      const missing = await stranger.client[method](absent);
      expect(foreign.status).toBe(404);
      expect({ ...foreign.body, requestId: '' }).toEqual({ ...missing.body, requestId: '' });
    }
    expect((await stranger.client.get('/messages')).body['items']).toEqual([]);
    expect((await tenant.client.get(path)).body['archivedAt']).toBeNull();
  });

  it('keeps what a broadcast is sending', async () => {
    const broadcast = await tenant.client.post('/broadcasts', {
      message: content,
      audience: { to: 'everybody' },
    });
    const message = `/messages/${String(broadcast.body['messageId'])}`;
    expect(await tenant.client.delete(message)).toMatchObject({
      status: 409,
      body: { code: 'message_in_use' },
    });
    await tenant.client.post(`/broadcasts/${String(broadcast.body['id'])}/cancel`);
    expect((await tenant.client.delete(message)).status).toBe(204);
  });

  it('previews', async () => {
    const answer = await tenant.client.post('/messages/preview', { content, firstName: 'A&B' });
    expect(answer).toMatchObject({
      status: 200,
      body: { html: 'Hi A&amp;B', plainText: 'Hi A&B', plainLength: 6 },
    });
  });

  it.each([
    ['broken HTML', { content: { kind: 'text', text: '<b>a' } }, 'content.text'],
    ['a text over the limit', { content: { kind: 'text', text: 'x'.repeat(4097) } }, 'content.text'],
    ['NUL, which PostgreSQL cannot keep', { content: { kind: 'text', text: 'a\u0000' } }, 'content.text'],
    ['half a surrogate pair', { content: { kind: 'text', text: 'a\ud800' } }, 'content.text'],
    ['an absent file', { content: { kind: 'photo', assetId: ABSENT } }, 'content.assetId'],
    ['a file without id', { content: { kind: 'photo', assetId: 'x' } }, 'content.assetId'],
    ['an unknown field', { content, x: 1 }, 'x'],
    ['an unknown kind', { content: { kind: 'poll' } }, 'content.kind'],
    ['no content', {}, 'content'],
  ])('answers %s with 400 and keeps nothing', async (_, body, field) => {
    const before = await tenant.client.get<{ items: unknown[] }>('/messages?limit=200');
    const answer = await tenant.client.post('/messages', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    expect((answer.body['errors'] as { field: string }[]).map((error) => error.field)).toContain(field);
    const after = await tenant.client.get<{ items: unknown[] }>('/messages?limit=200');
    expect(after.body.items.length).toBe(before.body.items.length);
  });

  it('answers a malformed id with 400', async () => {
    expect((await tenant.client.get('/messages/1')).status).toBe(400);
  });
});
