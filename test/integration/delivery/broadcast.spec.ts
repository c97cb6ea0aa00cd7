import { PASSWORD } from '../../harness/accounts.js';
import { ApiClient } from '../../harness/client.js';
import { UNPACED, type Report, type SceneBot, type SceneTenant } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(90_000);

/** One pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('a broadcast, from the API to the wire', () => {
  let scene: DeliveryScene;
  let apiUrl: string;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await DeliveryScene.open(UNPACED);
    apiUrl = (await scene.start()).url;
  });
  afterAll(() => scene.end());

  beforeEach(async () => {
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
  });

  const textsTo = async (person: number, of: SceneBot = bot): Promise<string[]> =>
    (await tenant.control.messages(person, of.telegramId)).flatMap(({ text }) => text ?? []);

  it('reaches everybody once, greets them by name, and passes over who blocked the bot', async () => {
    const people = await tenant.startPeople(bot, 25);
    await tenant.control.must('POST', `/people/${people[0]}/block`, { botId: bot.telegramId });
    await waitUntil(async () => (await tenant.chatOf(bot, people[0]!)).state === 'unreachable', 30_000);
    const { id } = await tenant.broadcast('Good day, {{first_name|friend}}');
    const report = await tenant.untilEnded(id);
    expect(report).toMatchObject({
      state: 'finished',
      counts: { accepted: 24, sent: 24, failed: 0, unknown: 0, queued: 0, reasons: [] },
    });
    expect(report.endedAt).not.toBeNull();
    expect((await textsTo(people[1]!)).filter((text) => text === 'Good day, Rui 2')).toHaveLength(1);
    expect(await tenant.ledger('Good day')).toHaveLength(24);
  });

  it('says the fallback where there is no name', async () => {
    await tenant.startPeople(bot, 1);
    const group = await tenant.addGroup(bot);
    const { id } = await tenant.broadcast('Dear {{first_name|friends}} of {{chat_title|here}}');
    await tenant.untilEnded(id);
    const seen = await tenant.control.messages(group, bot.telegramId);
    expect(seen.at(-1)?.text ?? seen[0]?.text).toBe('Dear friends of Neighbours');
  });

  it('goes to tags and to chats, and to nobody else', async () => {
    const people = await tenant.startPeople(bot, 6);
    const chats = await tenant.chats(bot);
    const idsOf = (...numbers: number[]) =>
      chats.filter((chat) => numbers.includes(chat.telegramChatId)).map(({ id }) => id);
    await tenant.client.post('/chats/tags', { tag: 'a', chatIds: idsOf(people[0]!, people[1]!) });
    await tenant.client.post('/chats/tags', { tag: 'b', chatIds: idsOf(people[1]!, people[2]!) });

    const tagged = await tenant.broadcast('Tagged', { audience: { to: 'tags', tags: ['a', 'b'] } });
    const chosen = await tenant.broadcast('Chosen', {
      audience: { to: 'chats', chatIds: idsOf(people[3]!, people[5]!) },
    });
    await Promise.all([tenant.untilEnded(tagged.id), tenant.untilEnded(chosen.id)]);
    const reached = async (text: string) =>
      (await tenant.ledger(text)).map(({ chatId }) => chatId).sort((one, other) => one - other);
    expect(await reached('Tagged')).toEqual(people.slice(0, 3));
    expect(await reached('Chosen')).toEqual([people[3], people[5]]);
  });

  it('is finished at once where the audience is empty', async () => {
    const { id } = await tenant.broadcast('Nobody hears');
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { accepted: 0 } });
  });

  it('uploads a photo once per bot and names it from then on', async () => {
    const other = await tenant.connectBot();
    await tenant.startPeople(bot, 12);
    await tenant.startPeople(other, 8);
    const form = new FormData();
    form.append('file', new Blob([PNG], { type: 'image/png' }), 'harbour.png');
    const uploaded = await fetch(`${apiUrl}/api/v1/assets?kind=photo`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.account.accessToken}` },
      body: form,
    });
    const asset = (await uploaded.json()) as { id: string };
    const message = {
      kind: 'photo',
      assetId: asset.id,
      caption: 'The harbour, {{first_name|friends}}',
      buttons: [
        [
          { text: 'Like', callbackData: 'like' },
          { text: 'More', url: 'https://example.org/more' },
        ],
      ],
    };
    for (const round of [1, 2]) {
      const { id } = await tenant.broadcast('', { message });
      expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: 20 } });
      expect((await tenant.ledger('The harbour')).length).toBe(20 * round);
    }
    const files = await scene.look<{ bot_id: string; file_id: string }>(
      'SELECT bot_id, file_id FROM asset_files WHERE asset_id = $1',
      [asset.id],
    );
    expect(files.map((file) => file.bot_id).sort()).toEqual([bot.id, other.id].sort());
    // Every message of a bot shows the very file of the bot's one upload.
    for (const [some, fileId] of [bot, other].map(
      (one) => [one, files.find((file) => file.bot_id === one.id)?.file_id] as const,
    )) {
      for (const { telegramChatId } of await tenant.chats(some)) {
        const seen = await tenant.control.messages(telegramChatId, some.telegramId);
        const photos = seen.filter(({ photo }) => photo);
        expect(photos).toHaveLength(2);
        for (const photo of photos) {
          expect(photo.photo).toMatchObject([{ file_id: fileId }]);
          expect(photo.reply_markup?.inline_keyboard[0]).toHaveLength(2);
        }
      }
    }
  });

  it('lists its deliveries by state, page by page', async () => {
    const people = await tenant.startPeople(bot, 23);
    for (const person of people.slice(0, 3)) await tenant.fault('forbidden', { chatId: person, count: 1 });
    const { id } = await tenant.broadcast('Listed');
    await tenant.untilEnded(id);

    const seen: number[] = [];
    const sizes: number[] = [];
    let cursor: string | null = null;
    do {
      const path: string = `/broadcasts/${id}/deliveries?state=sent&limit=8${cursor ? `&cursor=${cursor}` : ''}`;
      const page = await tenant.client.get<{
        items: { telegramChatId: string }[];
        nextCursor: string | null;
      }>(path);
      sizes.push(page.body.items.length);
      seen.push(...page.body.items.map(({ telegramChatId }) => Number(telegramChatId)));
      cursor = page.body.nextCursor;
    } while (cursor !== null);
    expect(sizes).toEqual([8, 8, 4]);
    expect(seen.sort((one, other) => one - other)).toEqual(people.slice(3));
    const failed = await tenant.deliveries(id, 'failed');
    expect(failed).toHaveLength(3);
    const countOf = async (filter: string) =>
      (await tenant.client.get<{ items: unknown[] }>(`/broadcasts/${id}/deliveries?limit=200&${filter}`)).body
        .items.length;
    expect(await countOf(`reason=${failed[0]?.reason}`)).toBe(3);
    expect(await countOf('reason=too_long')).toBe(0);
    expect(await countOf(`botId=${failed[0]?.botId}`)).toBe(23);
    expect(await countOf(`botId=${id}`)).toBe(0);
    expect((await tenant.client.get(`/broadcasts/${id}/deliveries?reason=%00`)).status).toBe(400);
    expect((await tenant.client.get(`/broadcasts/${id}/deliveries?cursor=%21%21`)).status).toBe(400);
    expect((await tenant.client.get(`/broadcasts/${id}/deliveries?state=lost`)).status).toBe(400);
  });

  it('is made once for one Idempotency-Key', async () => {
    await tenant.startPeople(bot, 5);
    const headers = { 'idempotency-key': 'the-same-click' };
    const body = { message: { kind: 'text', text: 'Once' }, audience: { to: 'everybody' } };
    const answers = await Promise.all(
      [1, 2, 3].map(() => tenant.client.post<Report>('/broadcasts', body, headers)),
    );
    // Those that came while the first was being made may be told to come again; then they get what was made.
    const again = await tenant.client.post<Report>('/broadcasts', body, headers);
    expect(again.status).toBe(201);
    for (const answer of answers.filter(({ status }) => status === 201)) {
      expect(answer.body.id).toBe(again.body.id);
    }
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    const other = { ...body, message: { kind: 'text', text: 'Twice' } };
    expect((await tenant.client.post('/broadcasts', other, headers)).status).toBe(422);
    await tenant.untilEnded(again.body.id);
    expect(await tenant.ledger('Once')).toHaveLength(5);
    expect(await tenant.ledger('Twice')).toHaveLength(0);
  });

  it('is not there for another tenant', async () => {
    await tenant.startPeople(bot, 1);
    const { id } = await tenant.broadcast('Mine');
    await tenant.untilEnded(id);
    const stranger = await scene.signUp();
    const answers = [
      await stranger.client.get(`/broadcasts/${id}`),
      await stranger.client.get(`/broadcasts/${id}/deliveries`),
      await stranger.client.get(`/broadcasts/${id}/events`),
      await stranger.client.post(`/broadcasts/${id}/cancel`),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    const list = await stranger.client.get<{ items: unknown[] }>('/broadcasts');
    expect(list.body.items).toEqual([]);
    const [chat] = await tenant.chats(bot);
    const refused = await stranger.client.post('/broadcasts', {
      message: { kind: 'text', text: 'Yours' },
      audience: { to: 'chats', chatIds: [chat!.id] },
    });
    expect(refused.status).toBe(400);
  });

  it('can be watched to its end', async () => {
    await tenant.startPeople(bot, 5);
    await tenant.control.must('PUT', '/latency', { minimumMs: 300 });
    const { id } = await tenant.broadcast('Watched');
    const response = await fetch(`${apiUrl}/api/v1/broadcasts/${id}/events`, {
      headers: { authorization: `Bearer ${tenant.account.accessToken}` },
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    // The stream ends by itself; were it not to, the test would run into its time-out.
    const events = (await response.text())
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice('data: '.length)) as Report);
    expect(events.length).toBeGreaterThan(1);
    expect(events.at(-1)).toMatchObject({ id, state: 'finished', counts: { sent: 5, sending: 0 } });
  });

  it('is watched no longer than the session lasts', async () => {
    await tenant.startPeople(bot, 5);
    await tenant.control.must('PUT', '/latency', { minimumMs: 2_000 });
    const { id } = await tenant.broadcast('Watched for a moment');
    const signedIn = await new ApiClient(apiUrl).post<{ accessToken: string }>('/auth/sign-in', {
      email: tenant.account.email,
      password: PASSWORD,
    });
    const { accessToken } = signedIn.body;
    const response = await fetch(`${apiUrl}/api/v1/broadcasts/${id}/events`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(response.status).toBe(200);
    expect((await new ApiClient(apiUrl, accessToken).post('/auth/sign-out')).status).toBe(204);
    const last = (await response.text()).trim().split('\n\n').at(-1);
    expect(last).toMatch(/^event: error$/m);
    expect(last).toContain('"code":"not_signed_in"');
    await tenant.untilEnded(id);
  });

  it('answers a press on a button', async () => {
    const [person] = await tenant.startPeople(bot, 1);
    const { id } = await tenant.broadcast('', {
      message: { kind: 'text', text: 'Coming?', buttons: [[{ text: 'Yes', callbackData: 'yes' }]] },
    });
    await tenant.untilEnded(id);
    const seen = await tenant.control.messages(person!, bot.telegramId);
    const { message_id: messageId } = seen.find((message) => message.text === 'Coming?')!;
    const { callbackQueryId } = await tenant.control.must<{ callbackQueryId: string }>(
      'POST',
      `/people/${person}/press`,
      { botId: bot.telegramId, messageId, callbackData: 'yes' },
    );
    await waitUntil(async () => {
      const query = await tenant.control.must<{ isAnswered: boolean }>(
        'GET',
        `/callback-queries/${callbackQueryId}?botId=${bot.telegramId}`,
      );
      return query.isAnswered;
    }, 30_000);
  });
});
