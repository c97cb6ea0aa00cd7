import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type RunningSandbox, signSandboxAccess } from '../../../src/sandbox/index.js';
import { callMethod, ControlClient, openSandbox, SANDBOX_SECRET, waitFor } from './control-client.js';
import { probeWorkspaces } from './workspace-probes.js';

let sandbox: RunningSandbox;
let control: ControlClient;

beforeAll(async () => {
  sandbox = await openSandbox();
  control = new ControlClient(sandbox.url);
});
afterAll(() => sandbox.close());

describe('access', () => {
  it('is refused without a token, with a forged one and with one that is over', async () => {
    const over = new ControlClient(sandbox.url, control.workspace, -1);
    const headers = [
      {},
      { authorization: 'Bearer x.y' },
      { authorization: `Bearer ${over.token}` },
      { authorization: `Basic ${control.token}` },
    ];
    for (const given of headers) {
      const response = await fetch(`${sandbox.url}/sandbox/v1/bots`, { headers: given });
      expect(response.status).toBe(401);
      expect(response.headers.get('content-type')).toMatch('application/problem+json');
    }
  });

  it('shows nothing of another workspace: foreign and absent get the same answer', async () => {
    const { routes, stranger, strangersBotId, ownersBotToken } = await probeWorkspaces(sandbox.url, control);
    for (const { route, foreign, absent } of routes) {
      expect([route, foreign.status]).toEqual([route, 404]);
      expect(foreign).toEqual(absent);
    }
    const lists = await Promise.all(
      ['/bots', '/groups', '/faults'].map((path) => stranger.must('GET', path)),
    );
    expect(lists).toEqual([
      { bots: [expect.objectContaining({ id: strangersBotId })] },
      { groups: [] },
      { faults: [] },
    ]);
    await callMethod(sandbox.url, ownersBotToken, 'getWebhookInfo');
    const { rows } = await stranger.must<{ rows: unknown[] }>('GET', '/ledger');
    expect(rows).toEqual([]);
    await control.must('DELETE', '/faults');
  });
});

describe('bodies', () => {
  it.each([
    ['an unknown field', '/bots', { firstName: 'x', colour: 1 }, 'unrecognized_keys'],
    ['a name too long', '/bots', { firstName: 'x'.repeat(65) }, 'too_big'],
    ["a username that is no bot's", '/bots', { firstName: 'x', username: 'somebody' }, 'invalid_format'],
    ['too many people', '/people', { count: 10_001 }, 'too_big'],
    ['a username for many', '/people', { count: 2, username: 'somebody' }, 'custom'],
    ['an unknown fault', '/faults', { kind: 'earthquake' }, 'invalid_value'],
    ['a status that does not go with the fault', '/faults', { kind: 'redirect', statusCode: 500 }, 'custom'],
    ['a private group type', '/groups', { title: 'x', type: 'private' }, 'invalid_value'],
  ])('refuses %s', async (_what, path, body, code) => {
    const answer = await control.request<{ errors: { code: string }[] }>('POST', path, body);
    expect(answer.status).toBe(400);
    expect(answer.contentType).toMatch('application/problem+json');
    expect(answer.body.errors[0]?.code).toBe(code);
  });

  it.each([
    ['no JSON', 'application/json', '{', 400],
    ['two megabytes', 'application/json', JSON.stringify({ firstName: 'x'.repeat(2_000_000) }), 413],
    ['a form', 'application/x-www-form-urlencoded', 'firstName=x', 415],
  ])('refuses %s', async (_what, contentType, body, status) => {
    const response = await fetch(`${sandbox.url}/sandbox/v1/bots`, {
      method: 'POST',
      headers: { authorization: `Bearer ${control.token}`, 'content-type': contentType },
      body,
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status });
  });

  it('refuses an address that can not be read as it refuses all else', async () => {
    const answer = await control.request('GET', '/people/%ff/chats');
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.contentType).toMatch('application/problem+json');
  });

  it('says what a person can not do at the moment', async () => {
    const bot = await control.createBot();
    const personId = await control.createPerson();
    const write = () => control.request('POST', `/people/${personId}/message`, { botId: bot.id, text: 'x' });
    expect(await write()).toMatchObject({
      status: 409,
      body: { detail: 'Press Start before writing to this bot.' },
    });
    await control.must('POST', `/people/${personId}/start`, { botId: bot.id });
    await control.must('POST', `/people/${personId}/block`, { botId: bot.id });
    expect(await write()).toMatchObject({
      status: 409,
      body: { detail: 'Unblock this bot before writing to it.' },
    });
  });
});

describe('the ledger', () => {
  it('is read in pages and forgotten on demand', async () => {
    const { bot, personId } = await control.createPair();
    await control.must('PUT', '/limits', { messagesPerSecondPerChat: null });
    for (let index = 0; index < 5; index++) {
      await callMethod(sandbox.url, bot.token, 'sendMessage', { chat_id: personId, text: `page ${index}` });
    }
    interface Page {
      rows: { text: string }[];
      hasMore: boolean;
      nextSinceSequence: number;
    }
    const first = await control.must<Page>('GET', `/ledger?botId=${bot.id}&limit=3`);
    const second = await control.must<Page>(
      'GET',
      `/ledger?botId=${bot.id}&limit=3&sinceSequence=${first.nextSinceSequence}`,
    );
    expect([...first.rows, ...second.rows].map(({ text }) => text)).toEqual(
      [0, 1, 2, 3, 4].map((n) => `page ${n}`),
    );
    expect([first.hasMore, second.hasMore]).toEqual([true, false]);
    const groups = await control.must<{ textGroups: { prefix: string; requests: number }[] }>(
      'GET',
      `/ledger/summary?botId=${bot.id}&textPrefixCharacters=4`,
    );
    expect(groups.textGroups).toEqual([expect.objectContaining({ prefix: 'page', requests: 5 })]);
    expect((await control.request('DELETE', '/ledger')).status).toBe(204);
    expect(await control.must('GET', '/ledger/summary')).toMatchObject({ requests: 0, rowsFallenOff: 0 });
  });

  it("shows the operator everybody's rows, and none of unknown tokens, which anybody could fill it with", async () => {
    const operator = new ControlClient(sandbox.url, '*');
    const { bot, personId } = await control.createPair();
    await callMethod(sandbox.url, bot.token, 'sendMessage', { chat_id: personId, text: 'for the operator' });
    await callMethod(sandbox.url, `1:${'x'.repeat(35)}`, 'getMe');
    const { rows } = await operator.must<{ rows: { status: number; text: string }[] }>('GET', '/ledger');
    expect(rows.some(({ text }) => text === 'for the operator')).toBe(true);
    expect(rows.some(({ status }) => status === 401)).toBe(false);
  });
});

describe('events', () => {
  it('stream what happens in the workspace, and only there', async () => {
    const { bot, personId } = await control.createPair();
    const other = new ControlClient(sandbox.url);
    const foreign = await other.createPair();
    const ending = new AbortController();
    const response = await fetch(`${sandbox.url}/sandbox/v1/events`, {
      headers: { authorization: `Bearer ${control.token}` },
      signal: ending.signal,
    });
    let text = '';
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array);
    })().catch((error: unknown) => error);
    await waitFor(() => (text.includes('welcome') ? true : undefined));
    await callMethod(sandbox.url, foreign.bot.token, 'sendMessage', {
      chat_id: foreign.personId,
      text: 'theirs',
    });
    await callMethod(sandbox.url, bot.token, 'sendMessage', { chat_id: personId, text: 'ours' });
    await waitFor(() => (text.includes('ours') ? true : undefined));
    expect(text).toMatch(/^event: message$/m);
    expect(text).not.toContain('theirs');
    ending.abort();
    await reading;
  });
});

describe('the page', () => {
  it('is served with a strict policy and nothing inline', async () => {
    const response = await fetch(sandbox.url);
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'/);
    const markup = await response.text();
    expect(markup).toMatch('<script src="/page.js" defer></script>');
    expect(markup).not.toMatch(/<script>| style=| on[a-z]+=/);
    for (const path of ['/page.js', '/page.css']) {
      expect((await fetch(sandbox.url + path)).status).toBe(200);
    }
    expect((await fetch(`${sandbox.url}/nothing`)).status).toBe(404);
  });
});

describe('a restart', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sandbox-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('keeps bots, people, groups and who blocked whom, and hands no number out twice', async () => {
    const before = await openSandbox({ dataDirectory: directory });
    const first = new ControlClient(before.url);
    const { bot, personId } = await first.createPair();
    const blocker = await first.createPerson();
    await first.must('POST', `/people/${blocker}/start`, { botId: bot.id });
    await first.must('POST', `/people/${blocker}/block`, { botId: bot.id });
    const { groups } = await first.must<{ groups: { id: number }[] }>('POST', '/groups', {
      title: 'Kept',
      type: 'group',
    });
    const groupId = groups[0]?.id ?? 0;
    await first.must('POST', `/groups/${groupId}/add-bot`, { botId: bot.id });
    const sent = await callMethod<{ message_id: number }>(before.url, bot.token, 'sendMessage', {
      chat_id: personId,
      text: 'x',
    });
    await before.close();
    const file = join('workspaces', `${first.workspace}.json`);
    expect(await readdir(directory)).toEqual(['sandbox.json', 'workspaces']);
    for (const path of ['sandbox.json', file]) {
      expect((await stat(join(directory, path))).mode & 0o777).toBe(0o600);
    }

    const after = await openSandbox({ dataDirectory: directory });
    const second = new ControlClient(after.url, first.workspace);
    const send = (chatId: number) =>
      callMethod<{ message_id: number }>(after.url, bot.token, 'sendMessage', { chat_id: chatId, text: 'x' });
    expect((await send(personId)).result.message_id).toBe(sent.result.message_id + 1);
    expect((await send(blocker)).status).toBe(403);
    expect((await send(groupId)).ok).toBe(true);
    expect(await second.createPerson()).toBeGreaterThan(blocker);
    expect((await second.createBot()).id).toBeGreaterThan(bot.id);
    await after.close();
  });

  it('after a crash skips ahead of what it may have handed out since it last wrote', async () => {
    const running = await openSandbox({ dataDirectory: directory });
    const first = new ControlClient(running.url);
    const { bot, personId } = await first.createPair();
    const file = join(directory, 'workspaces', `${first.workspace}.json`);
    const content = await waitFor(async () => {
      const text = await readFile(file, 'utf8').catch(() => '');
      return text.includes(`[${personId},"started",`) ? text : undefined;
    });
    const counters = await waitFor(async () => {
      const text = await readFile(join(directory, 'sandbox.json'), 'utf8');
      return text.includes(`"person":${personId + 1}`) ? text : undefined;
    });
    const unwritten = await first.createPerson();
    const sent = await callMethod<{ message_id: number }>(running.url, bot.token, 'sendMessage', {
      chat_id: personId,
      text: 'x',
    });
    await running.close();
    // What a killed process would have left behind.
    await writeFile(file, content);
    await writeFile(join(directory, 'sandbox.json'), counters);

    const next = await openSandbox({ dataDirectory: directory });
    const second = new ControlClient(next.url, first.workspace);
    expect(await second.createPerson()).toBeGreaterThan(unwritten);
    const again = await callMethod<{ message_id: number }>(next.url, bot.token, 'sendMessage', {
      chat_id: personId,
      text: 'x',
    });
    expect(again.result.message_id).toBeGreaterThan(sent.result.message_id);
    await next.close();
  });

  it('writes down again nothing but the workspaces that changed, and forgets those that were deleted', async () => {
    const running = await openSandbox({ dataDirectory: directory });
    const [quiet, busy] = [new ControlClient(running.url), new ControlClient(running.url)];
    const pathOf = ({ workspace }: ControlClient) => join(directory, 'workspaces', `${workspace}.json`);
    const find = (path: string) => stat(path, { bigint: true }).catch(() => undefined);
    await quiet.createPair();
    const before = await waitFor(() => find(pathOf(quiet)));
    await busy.must('POST', '/people', { count: 5000 });
    await waitFor(async () => (await readFile(pathOf(busy), 'utf8').catch(() => '')).includes('Person 5000'));
    expect((await find(pathOf(quiet)))?.ino).toBe(before.ino);
    expect((await quiet.request('DELETE', '/workspace')).status).toBe(204);
    expect(await find(pathOf(quiet))).toBeUndefined();
    await running.close();
    const after = await openSandbox({ dataDirectory: directory });
    const { people } = await new ControlClient(after.url, busy.workspace).must<{ people: unknown[] }>(
      'GET',
      '/people?limit=1000',
    );
    expect(people).toHaveLength(1000);
    await after.close();
  });

  it('refuses a file that it can not read, rather than beginning anew over it', async () => {
    await writeFile(join(directory, 'sandbox.json'), '{"version":');
    await expect(openSandbox({ dataDirectory: directory })).rejects.toThrow('Move it away to begin anew');
  });
});

describe('a limit of requests', () => {
  it('holds each workspace for itself, and nobody who has the secret', async () => {
    const limited = await openSandbox({
      controlRequestsPerMinute: 5,
      accessOracle: { isStanding: () => Promise.resolve(true) },
    });
    const seconds = Math.floor(Date.now() / 1000);
    const enter = () =>
      ControlClient.with(
        limited.url,
        signSandboxAccess(SANDBOX_SECRET, {
          workspace: randomUUID(),
          expiresAt: seconds + 60,
          holder: 'somebody',
          renewableUntil: seconds + 60,
        }),
      );
    const [hasty, calm] = [enter(), enter()];
    for (let n = 0; n < 4; n++) expect((await hasty.request('GET', '/bots')).status).toBe(200);
    // Whoever deletes everything and begins anew has no more requests for it.
    expect((await hasty.request('DELETE', '/workspace')).status).toBe(204);
    const stopped = await fetch(`${limited.url}/sandbox/v1/bots`, {
      headers: { authorization: `Bearer ${hasty.token}` },
    });
    expect(stopped.status).toBe(429);
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(stopped.headers.get('ratelimit-remaining')).toBe('0');
    expect((await calm.request('GET', '/bots')).status).toBe(200);
    const owner = new ControlClient(limited.url);
    for (let n = 0; n < 10; n++) expect((await owner.request('GET', '/bots')).status).toBe(200);
    await limited.close();
  });
});

describe('usernames', () => {
  it('are taken once in a workspace, and tell nothing of others', async () => {
    const other = new ControlClient(sandbox.url);
    const bot = { firstName: 'x', username: 'everybodys_bot' };
    expect((await control.request('POST', '/bots', bot)).status).toBe(201);
    expect((await control.request('POST', '/bots', bot)).status).toBe(409);
    expect((await other.request('POST', '/bots', bot)).status).toBe(201);
  });
});

describe('deleting the contents', () => {
  it('leaves nothing of the workspace', async () => {
    const leaving = new ControlClient(sandbox.url);
    const { bot } = await leaving.createPair();
    expect((await leaving.request('DELETE', '/contents')).status).toBe(204);
    expect((await callMethod(sandbox.url, bot.token, 'getMe')).status).toBe(401);
    expect(await leaving.must('GET', '/people')).toEqual({ people: [], hasMore: false });
  });
});
