import { type RunningSandbox } from '../../../src/sandbox/index.js';
import { callMethod, ControlClient, openSandbox, waitFor } from './control-client.js';

// Real: HTTP against the sandbox, every encoding that Telegram takes.
let sandbox: RunningSandbox;
let control: ControlClient;
let bot: { id: number; token: string };
let personId: number;

beforeAll(async () => {
  sandbox = await openSandbox({
    limits: {
      messagesPerSecondPerBot: null,
      messagesPerSecondPerChat: null,
      messagesPerMinutePerGroup: null,
    },
  });
  control = new ControlClient(sandbox.url);
  ({ bot, personId } = await control.createPair());
});
afterAll(() => sandbox.close());

const call = <Result = Record<string, unknown>>(method: string, parameters?: Record<string, unknown>) =>
  callMethod<Result>(sandbox.url, bot.token, method, parameters);
const send = (parameters: Record<string, unknown>) =>
  call<{ message_id: number }>('sendMessage', { chat_id: personId, text: 'Hello', ...parameters });

describe('tokens and methods', () => {
  it('answers as Telegram does to wrong tokens and methods', async () => {
    const [id] = bot.token.split(':');
    const stranger = await callMethod(sandbox.url, `${id}:${'x'.repeat(35)}`, 'getMe');
    expect(stranger).toEqual({ status: 401, ok: false, error_code: 401, description: 'Unauthorized' });
    const shapeless = await callMethod(sandbox.url, 'x', 'getMe');
    expect(shapeless).toMatchObject({ status: 404, description: 'Not Found' });
    expect(await call('getNothing')).toMatchObject({
      status: 404,
      description: 'Not Found: method not found',
    });
    expect(await call('createInvoiceLink')).toMatchObject({ status: 400 });
    expect(await call('getMyStarBalance')).toMatchObject({
      status: 501,
      description: 'Not Implemented: the sandbox does not act out getMyStarBalance',
    });
  });

  it('takes a token no longer once it was revoked', async () => {
    const other = await control.createBot();
    const renewed = await control.must<{ token: string }>('POST', `/bots/${other.id}/revoke-token`);
    expect((await callMethod(sandbox.url, other.token, 'getMe')).status).toBe(401);
    expect((await callMethod(sandbox.url, renewed.token, 'getme')).result).toMatchObject({ id: other.id });
  });
});

describe('encodings', () => {
  const address = (): string => `${sandbox.url}/bot${bot.token}/sendMessage`;

  it('takes a query, a form, JSON and multipart alike', async () => {
    const query = new URLSearchParams({ chat_id: String(personId), text: 'by query' });
    const form = new FormData();
    form.set('chat_id', String(personId));
    form.set('text', 'by multipart');
    const answers = await Promise.all([
      fetch(`${address()}?${query.toString()}`),
      fetch(address(), { method: 'POST', body: query }),
      fetch(address(), { method: 'POST', body: form }),
      fetch(`${address()}?chat_id=${personId}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"text":"by both"}',
      }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it.each([
    ['no JSON', 'application/json', '{"chat_id":', 400],
    ['a list', 'application/json', '[]', 400],
    ['null', 'application/json', 'null', 400],
    ['multipart without a boundary', 'multipart/form-data', 'x', 400],
    ['broken multipart', 'multipart/form-data; boundary=x', '--x\r\nnonsense', 400],
    ['nothing at all', 'application/json', '', 400],
    ['two megabytes', 'application/json', JSON.stringify({ text: 'x'.repeat(2_000_000) }), 413],
  ])('refuses %s with a 4xx', async (_what, contentType, body, status) => {
    const response = await fetch(address(), {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ ok: false, error_code: status });
  });
});

describe('texts', () => {
  it.each([
    ['nothing', { text: '' }, 'Bad Request: message text is empty'],
    ['blanks', { text: '  \n ' }, 'Bad Request: message text is empty'],
    ['only tags', { text: '<b></b>', parse_mode: 'HTML' }, 'Bad Request: message text is empty'],
    ['4097 characters', { text: 'x'.repeat(4097) }, 'Bad Request: message is too long'],
    [
      'broken HTML',
      { text: '<b>x', parse_mode: 'HTML' },
      'Bad Request: can\'t parse entities: Can\'t find end tag corresponding to start tag "b"',
    ],
    ['an unknown mode', { parse_mode: 'BBCode' }, 'Bad Request: unsupported parse_mode'],
    ['an unknown parameter', { colour: 1 }, 'Bad Request: unknown parameter "colour"'],
    ['a topic that is none', { message_thread_id: 5 }, 'Bad Request: message thread not found'],
    [
      'a reply to nothing',
      { reply_parameters: { message_id: 999_999 } },
      'Bad Request: message to be replied not found',
    ],
    [
      'long callback data',
      { reply_markup: { inline_keyboard: [[{ text: 'x', callback_data: 'x'.repeat(65) }]] } },
      'Bad Request: BUTTON_DATA_INVALID',
    ],
    [
      'entities out of bounds',
      { entities: [{ type: 'bold', offset: 3, length: 9 }] },
      'Bad Request: ENTITY_BOUNDS_INVALID',
    ],
  ])('refuses %s', async (_what, parameters, description) => {
    expect(await send(parameters)).toEqual({ status: 400, ok: false, error_code: 400, description });
  });

  it('counts after the entities are parsed, and characters rather than units', async () => {
    expect((await send({ text: `<b>${'x'.repeat(4096)}</b>`, parse_mode: 'HTML' })).ok).toBe(true);
    expect((await send({ text: '👋'.repeat(4096) })).ok).toBe(true);
    expect((await send({ text: '👋'.repeat(4097) })).ok).toBe(false);
  });

  it('gives back what it understood', async () => {
    const { result } = await send({ text: '  <b>Hi</b> there ', parse_mode: 'HTML', protect_content: true });
    expect(result).toMatchObject({
      text: 'Hi there',
      entities: [{ type: 'bold', offset: 0, length: 2 }],
      from: { id: bot.id, is_bot: true },
      chat: { id: personId, type: 'private' },
      has_protected_content: true,
    });
  });

  it('lets strictness be switched off for those who send more than the table knows', async () => {
    const lax = new ControlClient(sandbox.url);
    const pair = await lax.createPair();
    await lax.must('PUT', '/strictness', { isStrict: false });
    const answer = await callMethod(sandbox.url, pair.bot.token, 'sendMessage', {
      chat_id: pair.personId,
      text: 'x',
      colour: 1,
    });
    expect(answer.ok).toBe(true);
  });
});

describe('who can be reached', () => {
  it("refuses strangers, blockers and the deactivated with Telegram's words", async () => {
    const stranger = await control.createPerson();
    expect(await send({ chat_id: stranger })).toMatchObject({
      status: 403,
      description: "Forbidden: bot can't initiate conversation with a user",
    });
    expect(await send({ chat_id: 999 })).toMatchObject({
      status: 400,
      description: 'Bad Request: chat not found',
    });
    expect(await send({ chat_id: '@nobody_here' })).toMatchObject({
      description: 'Bad Request: chat not found',
    });

    const other = await control.createPerson();
    await control.must('POST', `/people/${other}/start`, { botId: bot.id });
    await control.must('POST', `/people/${other}/block`, { botId: bot.id });
    expect(await send({ chat_id: other })).toMatchObject({
      status: 403,
      description: 'Forbidden: bot was blocked by the user',
    });
    await control.must('POST', `/people/${other}/unblock`, { botId: bot.id });
    expect((await send({ chat_id: other })).ok).toBe(true);
    await control.must('POST', `/people/${other}/deactivate`);
    expect(await send({ chat_id: other })).toMatchObject({
      status: 403,
      description: 'Forbidden: user is deactivated',
    });
  });

  it("does not let one workspace's bot see another workspace's people or groups", async () => {
    const foreign = new ControlClient(sandbox.url);
    const pair = await foreign.createPair();
    const { groups } = await foreign.must<{ groups: { id: number }[] }>('POST', '/groups', {
      title: 'Theirs',
      type: 'channel',
      username: 'their_channel',
    });
    for (const chatId of [pair.personId, groups[0]?.id, '@their_channel']) {
      expect(await send({ chat_id: chatId })).toMatchObject({
        status: 400,
        description: 'Bad Request: chat not found',
      });
    }
  });
});

describe('editing and deleting', () => {
  it('edits text once, and says when nothing would change', async () => {
    const { result } = await send({
      reply_markup: { inline_keyboard: [[{ text: 'A', callback_data: 'a' }]] },
    });
    const target = { chat_id: personId, message_id: result.message_id };
    expect((await call('editMessageText', { ...target, text: 'Changed' })).result).toMatchObject({
      text: 'Changed',
      edit_date: expect.any(Number) as number,
    });
    expect((await call('editMessageText', { ...target, text: 'Changed' })).description).toMatch(
      /^Bad Request: message is not modified: specified new message content/,
    );
    expect((await call('editMessageCaption', { ...target, caption: 'x' })).description).toBe(
      'Bad Request: there is no caption in the message to edit',
    );
    expect((await call('editMessageText', { ...target, message_id: 99_999, text: 'x' })).description).toBe(
      'Bad Request: message to edit not found',
    );
    const [started] = await control.messages(personId, bot.id);
    expect(
      (await call('editMessageText', { ...target, message_id: started?.message_id, text: 'x' })).description,
    ).toBe("Bad Request: message can't be edited");
  });

  it('copies, forwards, pins and deletes', async () => {
    const { result } = await send({ text: 'Original' });
    const source = { chat_id: personId, from_chat_id: personId, message_id: result.message_id };
    const copy = await call<{ message_id: number }>('copyMessage', source);
    expect(copy.result.message_id).toBeGreaterThan(result.message_id);
    expect((await call('forwardMessage', source)).result).toMatchObject({
      text: 'Original',
      forward_origin: { type: 'user' },
    });
    expect((await call('copyMessage', { ...source, message_id: 99_999 })).description).toBe(
      'Bad Request: message to copy not found',
    );
    const several = await call<unknown[]>('copyMessages', {
      chat_id: personId,
      from_chat_id: personId,
      message_ids: [result.message_id, 99_999],
    });
    expect(several.result).toEqual([{ message_id: expect.any(Number) as number }]);
    const target = { chat_id: personId, message_id: copy.result.message_id };
    expect((await call('pinChatMessage', target)).ok).toBe(true);
    expect((await call('getChat', { chat_id: personId })).result).toMatchObject({
      pinned_message: { text: 'Original' },
    });
    expect((await call('unpinChatMessage', target)).ok).toBe(true);
    expect((await call('deleteMessage', target)).ok).toBe(true);
    expect((await call('deleteMessage', target)).description).toBe(
      'Bad Request: message to delete not found',
    );
    expect(
      (await call('deleteMessages', { chat_id: personId, message_ids: [result.message_id, 1] })).ok,
    ).toBe(true);
  });

  it('refuses to answer a press that it does not know', async () => {
    expect(await call('answerCallbackQuery', { callback_query_id: '1' })).toMatchObject({
      description: 'Bad Request: query is too old and response timeout expired or query ID is invalid',
    });
  });
});

describe('files', () => {
  async function upload(token: string, method: string, field: string, bytes: number): Promise<Response> {
    const form = new FormData();
    form.set('chat_id', String(personId));
    form.set(field, new Blob([Buffer.alloc(bytes, 1)]), 'file.bin');
    return fetch(`${sandbox.url}/bot${token}/${method}`, { method: 'POST', body: form });
  }

  it('gives a file_id that belongs to one bot, and the bytes back', async () => {
    const response = await upload(bot.token, 'sendDocument', 'document', 1000);
    const { result } = (await response.json()) as { result: { document: { file_id: string } } };
    const fileId = result.document.file_id;
    const file = await call<{ file_path: string }>('getFile', { file_id: fileId });
    const download = await fetch(`${sandbox.url}/file/bot${bot.token}/${file.result.file_path}`);
    expect((await download.arrayBuffer()).byteLength).toBe(1000);
    expect((await call('sendDocument', { chat_id: personId, document: fileId })).ok).toBe(true);

    const other = await control.createBot();
    await control.must('POST', `/people/${personId}/start`, { botId: other.id });
    expect(
      (await callMethod(sandbox.url, other.token, 'sendDocument', { chat_id: personId, document: fileId }))
        .description,
    ).toBe('Bad Request: wrong file identifier/HTTP URL specified');
    expect((await fetch(`${sandbox.url}/file/bot${other.token}/${file.result.file_path}`)).status).toBe(404);
  });

  it('takes an address for granted without ever fetching it', async () => {
    const photo = 'http://169.254.169.254/latest/meta-data/photo.png';
    expect((await call('sendPhoto', { chat_id: personId, photo, caption: 'x' })).ok).toBe(true);
    expect(
      (await call('sendPhoto', { chat_id: personId, photo, caption: 'x'.repeat(1025) })).description,
    ).toBe('Bad Request: message caption is too long');
    expect((await call('sendPhoto', { chat_id: personId, photo: 'gopher://x' })).description).toBe(
      'Bad Request: wrong file identifier/HTTP URL specified',
    );
  });

  it('refuses photos over 10 MB, anything over 50 MB, and empty files', async () => {
    expect((await upload(bot.token, 'sendPhoto', 'photo', 10 * 1024 * 1024 + 1)).status).toBe(413);
    expect((await upload(bot.token, 'sendDocument', 'document', 0)).status).toBe(400);
    expect((await upload(bot.token, 'sendDocument', 'document', 10 * 1024 * 1024 + 1)).status).toBe(200);
  });

  it.each(['video', 'audio', 'animation', 'voice', 'sticker', 'video_note'])('sends a %s', async (kind) => {
    const method = `send${kind.replace(/(?:^|_)(\w)/g, (_match, letter: string) => letter.toUpperCase())}`;
    const sent = await call(method, { chat_id: personId, [kind]: 'https://example.com/file.bin' });
    expect(sent.result[kind]).toMatchObject({ file_id: expect.any(String) as string });
    const { file_id: fileId } = sent.result[kind] as { file_id: string };
    expect((await call(method, { chat_id: personId, [kind]: fileId })).ok).toBe(true);
    const upload = await uploadAs(method, kind);
    expect(upload.result[kind]).toMatchObject({ file_size: 3 });
  });

  async function uploadAs(method: string, kind: string): Promise<{ result: Record<string, unknown> }> {
    const form = new FormData();
    form.set('chat_id', String(personId));
    form.set(kind, 'attach://part');
    form.set('part', new Blob(['abc']), 'file.bin');
    const response = await fetch(`${sandbox.url}/bot${bot.token}/${method}`, { method: 'POST', body: form });
    return (await response.json()) as { result: Record<string, unknown> };
  }

  it('sends no photo as a document, nor the other way round', async () => {
    const { result } = await call<{ photo: { file_id: string }[] }>('sendPhoto', {
      chat_id: personId,
      photo: 'https://example.com/a.png',
    });
    const photo = result.photo[0]?.file_id;
    expect((await call('sendVideo', { chat_id: personId, video: photo })).description).toBe(
      "Bad Request: can't use file of type Photo as Video",
    );
  });

  it('exchanges the media and the caption of a message', async () => {
    const sent = await call<{ message_id: number }>('sendPhoto', {
      chat_id: personId,
      photo: 'https://example.com/a.png',
      caption: 'before',
    });
    const target = { chat_id: personId, message_id: sent.result.message_id };
    expect((await call('editMessageCaption', { ...target, caption: 'after' })).result).toMatchObject({
      caption: 'after',
      photo: [{}],
    });
    const media = {
      type: 'document',
      media: 'https://example.com/b.pdf',
      caption: '<b>b</b>',
      parse_mode: 'HTML',
    };
    const { result } = await call('editMessageMedia', { ...target, media });
    expect(result).toMatchObject({ caption: 'b', caption_entities: [{ type: 'bold' }], document: {} });
    expect(result['photo']).toBeUndefined();
    expect((await call('editMessageText', { ...target, text: 'x' })).description).toBe(
      'Bad Request: there is no text in the message to edit',
    );
    const keyboard = { inline_keyboard: [[{ text: 'Go', callback_data: 'go' }]] };
    expect(
      (await call('editMessageReplyMarkup', { ...target, reply_markup: keyboard })).result,
    ).toMatchObject({
      reply_markup: keyboard,
      caption: 'b',
    });
  });

  it('sends albums of two to ten that go together', async () => {
    const photo = { type: 'photo', media: 'https://example.com/a.png' };
    const album = await call<{ media_group_id: string }[]>('sendMediaGroup', {
      chat_id: personId,
      media: [photo, photo],
    });
    expect(new Set(album.result.map(({ media_group_id }) => media_group_id)).size).toBe(1);
    expect((await call('sendMediaGroup', { chat_id: personId, media: [photo] })).status).toBe(400);
    const mixed = [photo, { type: 'document', media: 'https://example.com/a.pdf' }];
    expect((await call('sendMediaGroup', { chat_id: personId, media: mixed })).status).toBe(400);
  });
});

describe('what a bot says about itself', () => {
  it('keeps names, descriptions and commands per language and scope', async () => {
    await call('setMyDescription', { description: 'We send news' });
    await call('setMyDescription', { description: 'Mandamos notícias', language_code: 'pt' });
    expect((await call('getMyDescription', { language_code: 'pt' })).result).toEqual({
      description: 'Mandamos notícias',
    });
    expect((await call('getMyDescription', { language_code: 'es' })).result).toEqual({
      description: 'We send news',
    });
    const commands = [{ command: 'help', description: 'Help' }];
    await call('setMyCommands', { commands, scope: { type: 'all_group_chats' } });
    expect((await call('getMyCommands', { scope: { type: 'all_group_chats' } })).result).toEqual(commands);
    expect((await call('getMyCommands')).result).toEqual([]);
    expect(
      (await call('setMyCommands', { commands: [{ command: 'No!', description: 'x' }] })).description,
    ).toBe('Bad Request: BOT_COMMAND_INVALID');
  });
});

describe('the answer time', () => {
  it('can be set for one bot', async () => {
    const { bot: slow, personId: person } = await control.createPair();
    await control.must('PUT', '/latency', { botId: slow.id, minimumMs: 120 });
    const began = performance.now();
    await callMethod(sandbox.url, slow.token, 'sendMessage', { chat_id: person, text: 'x' });
    expect(performance.now() - began).toBeGreaterThanOrEqual(118);
    await waitFor(async () => (await control.messages(person, slow.id)).find(({ text }) => text === 'x'));
  });
});
