import { type SignedUpTenant } from '../../harness/accounts.js';
import { BotScene, type SceneBot, waitUntil } from '../bots/bot-scene.js';

interface ChatBody {
  id: string;
  type: string;
  title: string;
  state: string;
  stateReason: string | null;
  telegramChatId: number;
  tags: string[];
  contactId: string | null;
}

jest.setTimeout(60_000);

describe('the audience that bots meet', () => {
  let scene: BotScene;
  let tenant: SignedUpTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await BotScene.open();
    await scene.start('api,worker,poller,scheduler');
    tenant = await scene.signUp();
    bot = await scene.connect(tenant);
  });
  afterAll(() => scene.end());

  const list = async (query = ''): Promise<ChatBody[]> => {
    const answer = await tenant.client.get<{ items: ChatBody[] }>(`/chats${query}`);
    expect(answer.status).toBe(200);
    return answer.body.items;
  };
  const chatOf = async (telegramChatId: number): Promise<ChatBody | undefined> =>
    (await list('?limit=200')).find((chat) => chat.telegramChatId === telegramChatId);
  const waitForState = (telegramChatId: number, state: string): Promise<ChatBody> =>
    waitUntil(async () => {
      const chat = await chatOf(telegramChatId);
      return chat?.state === state && chat;
    });
  const answersTo = (telegramChatId: number): Promise<{ text: string }[]> =>
    scene.look(
      `SELECT parameters ->> 'text' AS text FROM replies WHERE parameters ->> 'chat_id' = $1 ORDER BY no`,
      [String(telegramChatId)],
    );

  it('registers who presses Start, and greets in the language of the person', async () => {
    const { people } = await scene.control.must<{ people: { id: number }[] }>('POST', '/people', {
      firstName: 'Bia',
      languageCode: 'pt-br',
    });
    const personId = people[0]?.id ?? 0;
    await scene.control.must('POST', `/people/${personId}/start`, { botId: bot.sandboxId });
    const chat = await waitForState(personId, 'active');
    expect(chat).toMatchObject({ type: 'private', title: 'Bia', tags: [] });
    const contact = await tenant.client.get(`/contacts/${chat.contactId}`);
    expect(contact.body).toMatchObject({ firstName: 'Bia', languageCode: 'pt-br', telegramUserId: personId });
    const [greeting] = await waitUntil(async () => {
      const answers = await answersTo(personId);
      return answers.length > 0 && answers;
    });
    expect(greeting?.text).toMatch(/^Olá, Bia!/);
  });

  it('keeps consent: /stop, and /start again', async () => {
    const personId = await scene.control.createPerson();
    await scene.control.must('POST', `/people/${personId}/start`, { botId: bot.sandboxId });
    await waitForState(personId, 'active');
    await scene.control.must('POST', `/people/${personId}/message`, { botId: bot.sandboxId, text: '/stop' });
    await waitForState(personId, 'stopped');
    await scene.control.must('POST', `/people/${personId}/message`, { botId: bot.sandboxId, text: 'hello?' });
    await scene.control.must('POST', `/people/${personId}/message`, { botId: bot.sandboxId, text: '/help' });
    await waitUntil(async () => (await answersTo(personId)).length === 3);
    expect((await chatOf(personId))?.state).toBe('stopped');
    await scene.control.must('POST', `/people/${personId}/start`, { botId: bot.sandboxId });
    await waitForState(personId, 'active');
    await waitUntil(async () => (await answersTo(personId)).at(-1)?.text.startsWith('Welcome back'));
  });

  it('notes who blocks the bot, and who unblocks it', async () => {
    const personId = await scene.control.createPerson();
    await scene.control.must('POST', `/people/${personId}/start`, { botId: bot.sandboxId });
    await waitForState(personId, 'active');
    await scene.control.must('POST', `/people/${personId}/block`, { botId: bot.sandboxId });
    expect(await waitForState(personId, 'unreachable')).toMatchObject({ stateReason: 'blocked' });
    await scene.control.must('POST', `/people/${personId}/unblock`, { botId: bot.sandboxId });
    expect(await waitForState(personId, 'active')).toMatchObject({ stateReason: null });
  });

  it('keeps one chat when a group becomes a supergroup, with its number and its tags', async () => {
    const { groups } = await scene.control.must<{ groups: { id: number }[] }>('POST', '/groups', {
      title: 'Choir',
      type: 'group',
    });
    const groupId = groups[0]?.id ?? 0;
    await scene.control.must('POST', `/groups/${groupId}/add-bot`, { botId: bot.sandboxId });
    const before = await waitForState(groupId, 'active');
    await tenant.client.put(`/chats/${before.id}/tags/choirs`);
    const [numbered] = await scene.look<{ no: string }>('SELECT no FROM chats WHERE id = $1', [before.id]);

    const upgraded = await scene.control.must<{ id: number }>('POST', `/groups/${groupId}/upgrade`);
    const after = await waitUntil(() => chatOf(upgraded.id));
    await waitUntil(async () => (await chatOf(groupId)) === undefined);
    expect(after).toMatchObject({ id: before.id, type: 'supergroup', state: 'active', tags: ['choirs'] });
    expect(await scene.look('SELECT no FROM chats WHERE id = $1', [after.id])).toEqual([numbered]);

    await scene.control.must('POST', `/groups/${upgraded.id}/remove-bot`, { botId: bot.sandboxId });
    expect(await waitForState(upgraded.id, 'unreachable')).toMatchObject({
      stateReason: expect.stringMatching(/kicked|not_member/) as string,
    });
  });

  it('filters, tags many, counts and previews', async () => {
    const people = await Promise.all([1, 2, 3].map((n) => scene.control.createPerson(`100% Zoe_${n}`)));
    await scene.control.must('POST', '/actions/start', { botId: bot.sandboxId, personIds: people });
    for (const personId of people) await waitForState(personId, 'active');

    expect(await list('?search=100%25%20zoe_&type=private')).toHaveLength(3);
    expect(await list('?search=1001')).toHaveLength(0);
    expect(await list(`?botId=${bot.id}&state=stopped`)).toHaveLength(0);

    const tagged = await tenant.client.post('/chats/tags', { tag: 'zoes', filter: { search: '100%' } });
    expect(tagged).toMatchObject({ status: 200, body: { chats: 3 } });
    expect(await list('?tag=zoes')).toHaveLength(3);
    const page = await tenant.client.get<{ items: ChatBody[]; nextCursor: string }>(
      '/chats?tag=zoes&limit=2',
    );
    expect(page.body.items).toHaveLength(2);
    expect(await list(`?tag=zoes&limit=2&cursor=${page.body.nextCursor}`)).toHaveLength(1);

    const size = await tenant.client.post('/audience/preview', { audience: { to: 'tags', tags: ['zoes'] } });
    expect(size).toMatchObject({ status: 200, body: { chats: 3, estimatedSeconds: 1 } });
    const everybody = await tenant.client.post<{ chats: number }>('/audience/preview', {
      audience: { to: 'everybody', botIds: [bot.id], chatTypes: ['private'] },
    });
    const active = (await list('?state=active&type=private&limit=200')).length;
    expect(everybody.body.chats).toBe(active);

    const [first] = await list('?tag=zoes');
    await tenant.client.delete(`/chats/${first?.id}/tags/zoes`);
    const tags = await tenant.client.get<{ items: { name: string; chats: number }[] }>('/tags');
    expect(tags.body.items.find((tag) => tag.name === 'zoes')?.chats).toBe(2);
    expect((await tenant.client.delete('/tags/zoes')).status).toBe(204);
    expect((await tenant.client.delete('/tags/zoes')).status).toBe(404);
    const counts = await tenant.client.get<{ counts: unknown[] }>('/audience/counts');
    expect(counts.body.counts).toContainEqual({
      botId: bot.id,
      type: 'private',
      state: 'active',
      chats: active,
    });
  });

  it.each([
    ['an unknown tag', { to: 'tags', tags: ['nobody-has-it'] }, 'audience.tags.0', 'unknown_tag'],
    [
      'an unknown bot',
      { to: 'everybody', botIds: ['00000000-0000-4000-8000-000000000000'] },
      'audience.botIds.0',
      'unknown_bot',
    ],
    [
      'an unknown chat',
      { to: 'chats', chatIds: ['00000000-0000-4000-8000-000000000000'] },
      'audience.chatIds.0',
      'unknown_chat',
    ],
    ['an unknown way', { to: 'nobody' }, 'audience.to', undefined],
    ['an unknown field', { to: 'everybody', x: 1 }, 'audience.x', 'unknown_field'],
  ])('refuses an audience with %s', async (_, audience, field, code) => {
    const answer = await tenant.client.post('/audience/preview', { audience });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field, ...(code && { code }) }] } });
  });

  it('shows one tenant nothing of another, and the same 404 for foreign and absent', async () => {
    const stranger = await scene.signUp('Strangers');
    const [chat] = await list();
    const foreign = await stranger.client.get(`/chats/${chat?.id}`);
    const absent = await stranger.client.get('/chats/00000000-0000-7000-8000-000000000000');
    expect(foreign.status).toBe(404);
    expect({ ...foreign.body, requestId: '' }).toEqual({ ...absent.body, requestId: '' });
    expect((await stranger.client.get(`/contacts/${chat?.contactId}`)).status).toBe(404);
    expect((await stranger.client.get('/chats')).body).toEqual({ items: [], nextCursor: null });
    expect((await stranger.client.put(`/chats/${chat?.id}/tags/x`)).status).toBe(404);
    const tagging = await stranger.client.post('/chats/tags', { tag: 'x', chatIds: [chat?.id] });
    expect(tagging).toMatchObject({ status: 400, body: { errors: [{ code: 'unknown_chat' }] } });
    const audience = { to: 'chats', chatIds: [chat?.id] };
    expect((await stranger.client.post('/audience/preview', { audience })).status).toBe(400);
    expect((await stranger.client.get('/chats/no-uuid')).status).toBe(400);
  });
});
