import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

import { type RunningSandbox } from '../../../src/sandbox/index.js';
import { callMethod, ControlClient, openSandbox, waitFor, type WireAnswer } from './control-client.js';

interface Update {
  update_id: number;
  message?: {
    text?: string;
    chat: { id: number };
    migrate_to_chat_id?: number;
    migrate_from_chat_id?: number;
    new_chat_members?: unknown[];
  };
  my_chat_member?: { old_chat_member: { status: string }; new_chat_member: { status: string } };
  channel_post?: { text: string };
}

let sandbox: RunningSandbox;
let control: ControlClient;

beforeAll(async () => {
  sandbox = await openSandbox();
  control = new ControlClient(sandbox.url);
});
afterAll(() => sandbox.close());

const getUpdates = (token: string, parameters: Record<string, unknown> = {}): Promise<WireAnswer<Update[]>> =>
  callMethod<Update[]>(sandbox.url, token, 'getUpdates', parameters);

describe('getUpdates', () => {
  it('gives updates until they are confirmed', async () => {
    const { bot, personId } = await control.createPair();
    await control.must('POST', `/people/${personId}/message`, { botId: bot.id, text: 'two' });
    const first = await getUpdates(bot.token);
    expect(first.result.map(({ message }) => message?.text)).toEqual(['/start', 'two']);
    expect((await getUpdates(bot.token, { limit: 1 })).result).toHaveLength(1);
    const offset = (first.result[0]?.update_id ?? 0) + 1;
    expect((await getUpdates(bot.token, { offset })).result.map(({ message }) => message?.text)).toEqual([
      'two',
    ]);
    expect((await getUpdates(bot.token, { offset: -1 })).result).toHaveLength(1);
    expect((await getUpdates(bot.token, { offset: offset + 1 })).result).toEqual([]);
  });

  it('waits for an update that is not there yet', async () => {
    const { bot, personId } = await control.createPair();
    const [{ update_id: last }] = (await getUpdates(bot.token)).result as [Update];
    const waiting = getUpdates(bot.token, { offset: last + 1, timeout: 20 });
    await control.must('POST', `/people/${personId}/message`, { botId: bot.id, text: 'now' });
    expect((await waiting).result.map(({ message }) => message?.text)).toEqual(['now']);
  });

  it('sends the older of two pollers away with 409', async () => {
    const bot = await control.createBot();
    const older = getUpdates(bot.token, { timeout: 20 });
    const waiting = waitFor(async () => {
      const { rows } = await control.must<{ rows: unknown[] }>('GET', `/ledger?botId=${bot.id}`);
      return rows.length > 0 ? rows : undefined;
    });
    // Only a poll that already waits can be sent away: ask until the first one has been.
    const newer: Promise<unknown>[] = [];
    const asking = setInterval(() => newer.push(getUpdates(bot.token)), 10);
    expect(await older).toMatchObject({
      status: 409,
      description:
        'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
    });
    clearInterval(asking);
    await Promise.all([waiting, ...newer]);
  });

  it('refuses while a webhook is set', async () => {
    const bot = await control.createBot();
    await callMethod(sandbox.url, bot.token, 'setWebhook', { url: 'http://127.0.0.1:9/hook' });
    expect(await getUpdates(bot.token)).toMatchObject({
      status: 409,
      description:
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    });
    await callMethod(sandbox.url, bot.token, 'deleteWebhook');
    expect((await getUpdates(bot.token)).ok).toBe(true);
  });

  it('gives only the kinds that were asked for', async () => {
    const { bot, personId } = await control.createPair();
    await getUpdates(bot.token, { offset: -1, allowed_updates: ['my_chat_member'] });
    await control.must('POST', `/people/${personId}/message`, { botId: bot.id, text: 'unheard' });
    await control.must('POST', `/people/${personId}/block`, { botId: bot.id });
    const { result } = await getUpdates(bot.token);
    expect(result.at(-1)?.my_chat_member).toMatchObject({
      old_chat_member: { status: 'member' },
      new_chat_member: { status: 'kicked' },
    });
    expect(result.some(({ message }) => message?.text === 'unheard')).toBe(false);
  });
});

describe('groups', () => {
  async function createGroup(type: string): Promise<number> {
    const { groups } = await control.must<{ groups: { id: number }[] }>('POST', '/groups', {
      title: 'Friends',
      type,
    });
    return groups[0]?.id ?? 0;
  }

  it('tells the bot of its coming and going, and refuses it afterwards', async () => {
    const bot = await control.createBot();
    const groupId = await createGroup('supergroup');
    const send = () => callMethod(sandbox.url, bot.token, 'sendMessage', { chat_id: groupId, text: 'x' });
    expect((await send()).description).toBe('Bad Request: chat not found');
    await control.must('POST', `/groups/${groupId}/add-bot`, { botId: bot.id });
    expect((await send()).ok).toBe(true);
    await control.must('POST', `/groups/${groupId}/remove-bot`, { botId: bot.id });
    expect(await send()).toMatchObject({
      status: 403,
      description: 'Forbidden: bot was kicked from the supergroup chat',
    });
    const { result } = await getUpdates(bot.token);
    expect(result.map(({ my_chat_member: change }) => change?.new_chat_member.status)).toEqual([
      'member',
      undefined,
      'kicked',
    ]);
    expect(result[1]?.message?.new_chat_members).toHaveLength(1);
  });

  it('keeps privacy mode: commands, mentions and replies only, unless the bot is an administrator', async () => {
    const bot = await control.createBot();
    const administrator = await control.createBot();
    const personId = await control.createPerson();
    const groupId = await createGroup('group');
    await control.must('POST', `/groups/${groupId}/members`, { personIds: [personId] });
    await control.must('POST', `/groups/${groupId}/add-bot`, { botId: bot.id });
    await control.must('POST', `/groups/${groupId}/add-bot`, { botId: administrator.id, asAdmin: true });
    const sent = await callMethod<{ message_id: number }>(sandbox.url, bot.token, 'sendMessage', {
      chat_id: groupId,
      text: 'Ask me',
    });
    const write = (text: string, replyToMessageId?: number) =>
      control.must('POST', `/groups/${groupId}/message`, { personId, text, replyToMessageId });
    await write('chatter');
    await write('/help');
    await write(`/help@${administrator.username}`);
    await write(`hello @${bot.username}`);
    await write('an answer', sent.result.message_id);
    const heard = async (token: string): Promise<unknown[]> =>
      (await getUpdates(token)).result.flatMap(({ message }) => message?.text ?? []);
    expect(await heard(bot.token)).toEqual(['/help', `hello @${bot.username}`, 'an answer']);
    expect(await heard(administrator.token)).toHaveLength(5);
  });

  it('moves a group that is upgraded, and says where to', async () => {
    const bot = await control.createBot();
    const groupId = await createGroup('group');
    await control.must('POST', `/groups/${groupId}/add-bot`, { botId: bot.id });
    const { id: newId } = await control.must<{ id: number }>('POST', `/groups/${groupId}/upgrade`);
    expect(String(newId)).toMatch(/^-100\d+$/);
    expect(
      await callMethod(sandbox.url, bot.token, 'sendMessage', { chat_id: groupId, text: 'x' }),
    ).toMatchObject({
      status: 400,
      description: 'Bad Request: group chat was upgraded to a supergroup chat',
      parameters: { migrate_to_chat_id: newId },
    });
    expect((await callMethod(sandbox.url, bot.token, 'sendMessage', { chat_id: newId, text: 'x' })).ok).toBe(
      true,
    );
    const { result } = await getUpdates(bot.token);
    const moves = result.flatMap(({ message }) => (message?.new_chat_members || !message ? [] : [message]));
    expect(moves[0]).toMatchObject({ chat: { id: groupId }, migrate_to_chat_id: newId });
    expect(moves[1]).toMatchObject({ chat: { id: newId }, migrate_from_chat_id: groupId });
  });

  it('has channels in which only administrators post', async () => {
    const bot = await control.createBot();
    const personId = await control.createPerson();
    const channelId = await createGroup('channel');
    await control.must('POST', `/groups/${channelId}/members`, { personIds: [personId] });
    await control.must('POST', `/groups/${channelId}/add-bot`, { botId: bot.id });
    await control.must('POST', `/groups/${channelId}/message`, { personId, text: 'news' });
    const post = await callMethod(sandbox.url, bot.token, 'sendMessage', { chat_id: channelId, text: 'x' });
    expect(post.result).toMatchObject({ sender_chat: { id: channelId }, chat: { type: 'channel' } });
    const { result } = await getUpdates(bot.token);
    expect(result.find(({ channel_post: news }) => news)?.channel_post?.text).toBe('news');
    const members = await callMethod(sandbox.url, bot.token, 'getChatMemberCount', { chat_id: channelId });
    expect(members.result).toBe(2);
    expect((await callMethod(sandbox.url, bot.token, 'leaveChat', { chat_id: channelId })).ok).toBe(true);
    expect(
      (await callMethod(sandbox.url, bot.token, 'sendMessage', { chat_id: channelId, text: 'x' }))
        .description,
    ).toBe('Forbidden: bot is not a member of the channel chat');
  });
});

describe('webhooks', () => {
  let server: Server;
  let seen: { update: Update; secret: string | undefined; at: number }[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let url: string;

  beforeEach(async () => {
    seen = [];
    answer = (_request, response) => response.end('ok');
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const secret = request.headers['x-telegram-bot-api-secret-token'] as string | undefined;
        seen.push({ update: JSON.parse(body) as Update, secret, at: performance.now() });
        answer(request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('delivers again, later each time, until the answer is 2xx, and keeps the order of a chat', async () => {
    const { bot, personId } = await control.createPair();
    let failures = 2;
    answer = (_request, response) => {
      if (failures-- > 0) response.statusCode = 500;
      response.end();
    };
    await callMethod(sandbox.url, bot.token, 'setWebhook', { url, secret_token: 'one-Secret_1' });
    await control.must('POST', `/people/${personId}/message`, { botId: bot.id, text: 'second' });
    await waitFor(() => (seen.length >= 4 ? true : undefined));
    expect(seen.map(({ update }) => update.message?.text)).toEqual(['/start', '/start', '/start', 'second']);
    expect(seen.every(({ secret }) => secret === 'one-Secret_1')).toBe(true);
    const gaps = seen.slice(1, 3).map(({ at }, index) => at - (seen[index]?.at ?? 0));
    expect(gaps[0]).toBeGreaterThanOrEqual(450);
    expect(gaps[1]).toBeGreaterThanOrEqual(950);
    const info = await waitFor(async () => {
      const { result } = await callMethod(sandbox.url, bot.token, 'getWebhookInfo');
      return result['pending_update_count'] === 0 ? result : undefined;
    });
    expect(info).toMatchObject({ url, last_error_message: 'Wrong response from the webhook: 500' });
    await callMethod(sandbox.url, bot.token, 'deleteWebhook');
  });

  it('carries out a call that comes as the answer', async () => {
    const { bot, personId } = await control.createPair();
    answer = (_request, response) => {
      response.end(JSON.stringify({ method: 'sendMessage', chat_id: personId, text: 'in the answer' }));
    };
    await callMethod(sandbox.url, bot.token, 'setWebhook', { url });
    await waitFor(async () =>
      (await control.messages(personId, bot.id)).find(({ text }) => text === 'in the answer'),
    );
    const { rows } = await control.must<{ rows: { method: string; isWebhookReply: boolean }[] }>(
      'GET',
      `/ledger?botId=${bot.id}&method=sendMessage`,
    );
    expect(rows).toEqual([expect.objectContaining({ method: 'sendMessage', isWebhookReply: true })]);
    await callMethod(sandbox.url, bot.token, 'deleteWebhook');
  });

  it('drops what waits when asked to', async () => {
    const { bot } = await control.createPair();
    await callMethod(sandbox.url, bot.token, 'setWebhook', { url, drop_pending_updates: true });
    await callMethod(sandbox.url, bot.token, 'deleteWebhook');
    expect((await getUpdates(bot.token)).result).toEqual([]);
    expect(seen).toEqual([]);
  });

  it('goes nowhere but where it may', async () => {
    const { bot } = await control.createPair();
    for (const target of [
      'http://169.254.169.254/',
      'https://example.com/',
      'file:///etc/passwd',
      'nonsense',
    ]) {
      const refused = await callMethod(sandbox.url, bot.token, 'setWebhook', { url: target });
      expect(refused.description).toMatch(/^Bad Request: bad webhook: /);
    }
    expect(
      (await callMethod(sandbox.url, bot.token, 'setWebhook', { url, secret_token: 'no blanks' })).status,
    ).toBe(400);
  });

  it('checks the addresses of a name when it connects', async () => {
    const wary = await openSandbox({
      webhookTargets: { isTargetAllowed: () => true, isAddressAllowed: () => false },
    });
    const client = new ControlClient(wary.url);
    const { bot } = await client.createPair();
    const target = url.replace('127.0.0.1', 'localhost');
    expect((await callMethod(wary.url, bot.token, 'setWebhook', { url: target })).ok).toBe(true);
    const info = await waitFor(async () => {
      const { result } = await callMethod(wary.url, bot.token, 'getWebhookInfo');
      return result['last_error_message'] ? result : undefined;
    });
    expect(info['last_error_message']).toBe('Connection failed');
    expect(seen).toEqual([]);
    await wary.close();
  });
});
