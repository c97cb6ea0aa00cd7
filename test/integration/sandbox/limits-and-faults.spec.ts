import { Agent, request } from 'undici';

import { type RunningSandbox } from '../../../src/sandbox/index.js';
import { callMethod, ControlClient, openSandbox } from './control-client.js';

// Real: sockets that break, as undici sees them.
let sandbox: RunningSandbox;
let control: ControlClient;
let agent: Agent;

beforeAll(async () => {
  sandbox = await openSandbox();
  control = new ControlClient(sandbox.url);
  agent = new Agent();
});
afterAll(async () => {
  await agent.destroy();
  await sandbox.close();
});

interface LedgerRow {
  status: number;
  hasEffect: boolean;
  isViolation: boolean;
  fault: string | null;
  text: string;
  messageId: number;
}

const readLedger = async (botId: number): Promise<LedgerRow[]> =>
  (await control.must<{ rows: LedgerRow[] }>('GET', `/ledger?botId=${botId}&method=sendMessage`)).rows;

describe('limits', () => {
  it('answers 429 beyond 30 in a second and during the rest, and writes the violations down', async () => {
    const bot = await control.createBot();
    const { people } = await control.must<{ people: { id: number }[] }>('POST', '/people', { count: 40 });
    await control.must('POST', '/actions/start', { botId: bot.id, personIds: people.map(({ id }) => id) });
    const answers = await Promise.all(
      people.map(({ id }) => callMethod(sandbox.url, bot.token, 'sendMessage', { chat_id: id, text: 'x' })),
    );
    const refused = answers.filter(({ ok }) => !ok);
    expect(refused).toHaveLength(10);
    expect(refused[0]).toEqual({
      status: 429,
      ok: false,
      error_code: 429,
      description: 'Too Many Requests: retry after 3',
      parameters: { retry_after: 3 },
    });
    const summary = await control.must('GET', `/ledger/summary?botId=${bot.id}`);
    expect(summary).toMatchObject({
      requests: 40,
      effects: 30,
      violations: 10,
      counts: { sendMessage: { 200: 30, 429: 10 } },
      busiestSecondPerBot: [{ botId: bot.id, calls: 40 }],
      duplicates: { surplus: 0 },
    });
  });

  it('lets a burst of three pass in one chat, and can be lifted for a bot', async () => {
    const { bot, personId } = await control.createPair();
    const send = () => callMethod(sandbox.url, bot.token, 'sendMessage', { chat_id: personId, text: 'x' });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index++) statuses.push((await send()).status);
    expect(statuses).toEqual([200, 200, 200, 429]);

    const { bot: free, personId: other } = await control.createPair();
    await control.must('PUT', '/limits', { botId: free.id, messagesPerSecondPerChat: null });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        callMethod(sandbox.url, free.token, 'sendMessage', { chat_id: other, text: 'x' }),
      ),
    );
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(await control.must('GET', `/ledger/summary?botId=${free.id}`)).toMatchObject({
      duplicates: { surplus: 19, examples: [{ botId: free.id, chatId: other, content: 'x', times: 20 }] },
    });
  });
});

describe('faults', () => {
  /** What a sender sees: a status and body, or the code of what broke. */
  async function send(
    token: string,
    chatId: number,
    timeoutMs = 5000,
  ): Promise<{ status: number; body: string } | string> {
    try {
      const response = await request(`${sandbox.url}/bot${token}/sendMessage`, {
        method: 'POST',
        dispatcher: agent,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ chat_id: chatId, text: 'fragile' }),
        headersTimeout: timeoutMs,
      });
      return { status: response.statusCode, body: await response.body.text() };
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  it.each([
    ['refuse', {}, /^UND_ERR_SOCKET$/, 0, false],
    ['reset_before_effect', {}, /^(ECONNRESET|UND_ERR_SOCKET)$/, 0, false],
    ['reset_after_effect', {}, /^(ECONNRESET|UND_ERR_SOCKET)$/, 0, true],
    ['truncated', {}, /^UND_ERR_SOCKET$/, 200, true],
    ['hang', {}, /^UND_ERR_HEADERS_TIMEOUT$/, 0, false],
    ['hang', { hasEffect: true }, /^UND_ERR_HEADERS_TIMEOUT$/, 0, true],
  ])('%s %j breaks the connection', async (kind, settings, code, status, hasEffect) => {
    const { bot, personId } = await control.createPair();
    await control.must('POST', '/faults', {
      kind,
      botId: bot.id,
      method: 'sendMessage',
      count: 1,
      ...settings,
    });
    expect(await send(bot.token, personId, kind === 'hang' ? 300 : 5000)).toMatch(code);
    const [row] = await readLedger(bot.id);
    expect(row).toMatchObject({ fault: kind, status, hasEffect });
    const arrived = (await control.messages(personId, bot.id)).filter(({ text }) => text === 'fragile');
    expect(arrived).toHaveLength(hasEffect ? 1 : 0);
    expect(await send(bot.token, personId)).toMatchObject({ status: 200 });
  });

  it.each([
    ['html', {}, 200, /<!DOCTYPE html>/],
    ['html', { statusCode: 502, hasEffect: true }, 502, /<!DOCTYPE html>/],
    ['server_error', { statusCode: 503 }, 503, /"error_code":503/],
    ['unauthorized', {}, 401, /"Unauthorized"/],
    ['forbidden', {}, 403, /bot was blocked by the user/],
    ['too_many_requests', { retryAfterSeconds: 17 }, 429, /"retry_after":17/],
    ['redirect', {}, 302, /^$/],
  ])('%s %j answers what was ordered', async (kind, settings, status, body) => {
    const { bot, personId } = await control.createPair();
    await control.must('POST', '/faults', { kind, botId: bot.id, count: 1, ...settings });
    const seen = await send(bot.token, personId);
    expect(seen).toMatchObject({ status, body: expect.stringMatching(body) as string });
    const [row] = await readLedger(bot.id);
    const hasEffect = 'hasEffect' in settings;
    expect(row).toMatchObject({ fault: kind, status, hasEffect, isViolation: false, text: 'fragile' });
    const arrived = (await control.messages(personId, bot.id)).filter(({ text }) => text === 'fragile');
    expect(arrived).toHaveLength(hasEffect ? 1 : 0);
  });

  it('are listed with how often they struck, and deleted', async () => {
    const { bot, personId } = await control.createPair();
    const { id } = await control.must<{ id: number }>('POST', '/faults', {
      kind: 'server_error',
      botId: bot.id,
      chatId: personId,
      probability: 1,
      seed: 5,
    });
    await send(bot.token, personId);
    const { faults } = await control.must<{ faults: { id: number; struckTimes: number }[] }>(
      'GET',
      '/faults',
    );
    expect(faults.find((fault) => fault.id === id)).toMatchObject({ struckTimes: 1, kind: 'server_error' });
    expect((await control.request('DELETE', `/faults/${id}`)).status).toBe(204);
    expect((await control.request('DELETE', `/faults/${id}`)).status).toBe(404);
    expect(await send(bot.token, personId)).toMatchObject({ status: 200 });
  });
});
