import { randomUUID } from 'node:crypto';
import { HostileScene, sendRaw } from './hostile-scene.js';

jest.setTimeout(60_000);

/** What people really get wrong, and what each of them hears. */
describe('a refusal', () => {
  let scene: HostileScene;
  beforeAll(async () => {
    scene = await HostileScene.open();
  });
  afterAll(() => scene.end());

  interface Problem {
    code: string;
    detail: string;
    errors?: { field: string; code: string; message: string }[];
  }
  /** Sends it with a key; nothing may be written, not even the key. */
  async function refuse(method: string, path: string, body: unknown): Promise<Problem & { status: number }> {
    const before = await scene.digest();
    const answer = await sendRaw(scene.application.url, method, `/api/v1${path}`, {
      token: scene.ana.accessToken,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'idempotency-key': randomUUID() },
    });
    expect(await scene.digest()).toEqual(before);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    return { status: answer.status, ...(JSON.parse(answer.text) as Problem) };
  }

  describe('of a token', () => {
    const connect = (token: string) => refuse('POST', '/bots', { token, environment: 'sandbox' });
    const tokens: [string, () => Promise<string> | string, number, string][] = [
      ['that is none', () => 'hello', 400, 'invalid_input'],
      ['of nobody', () => `123456789:${'A'.repeat(35)}`, 422, 'token_rejected'],
      [
        'with a wrong secret',
        () => scene.bia.botToken.replace(/.$/, '~').replace('~', 'x'),
        422,
        'token_rejected',
      ],
      ['that the own tenant connected', () => scene.ana.botToken, 409, 'bot_already_connected'],
      ['that a stranger connected', () => scene.bia.botToken, 409, 'bot_connected_elsewhere'],
      [
        'that was revoked',
        async () => {
          const bot = await scene.bots.control.createBot();
          await scene.bots.control.must('POST', `/bots/${bot.id}/revoke-token`);
          return bot.token;
        },
        422,
        'token_rejected',
      ],
    ];
    it.each(tokens)('%s', async (_, prepare, status, code) => {
      const token = await prepare();
      const answer = await connect(token);
      expect(answer).toMatchObject({ status, code });
      expect(JSON.stringify(answer)).not.toContain(token.split(':')[1] ?? token);
    });

    it('of another bot, put in the place of the old one', async () => {
      const { token } = await scene.bots.control.createBot();
      const answer = await refuse('PUT', `/bots/${scene.ana.things.botId}/token`, { token });
      expect(answer).toMatchObject({ status: 400, errors: [{ field: 'token' }] });
    });
  });

  describe('of a message', () => {
    const text = (written: string) => ({ kind: 'text', text: written });
    const button = (one: object) => ({ ...text('Hi'), buttons: [[one]] });
    it.each([
      ['over the limit', text('x'.repeat(4097)), 'text'],
      ['over the limit by what emoji count', text('\u{1f600}'.repeat(2049)), 'text'],
      ['without anything to read', text('<b> </b>'), 'text'],
      ['with a tag that nobody closes', text('<b>bold'), 'text'],
      ['with tags that cross', text('<b><i>x</b></i>'), 'text'],
      ['with a tag that Telegram does not know', text('<marquee>x</marquee>'), 'text'],
      ['with half a tag', text('a <b'), 'text'],
      ['with an unknown variable', text('Hi {{password}}'), 'text'],
      [
        'with a caption over the limit',
        { kind: 'photo', url: 'https://example.org/a.jpg', caption: 'x'.repeat(1025) },
        'caption',
      ],
      ['with a photo from our own network', { kind: 'photo', url: 'http://localhost/a.jpg' }, 'url'],
      ['with a photo from a file', { kind: 'photo', url: 'file:///etc/passwd' }, 'url'],
      [
        'with callback data over 64 bytes',
        button({ text: 'a', callbackData: '\u00e9'.repeat(33) }),
        'buttons.0.0.callbackData',
      ],
      [
        'with a button that does two things',
        button({ text: 'a', callbackData: 'a', url: 'https://example.org' }),
        'buttons.0.0',
      ],
      [
        'with a button that runs a script',
        button({ text: 'a', url: 'javascript:alert(1)' }),
        'buttons.0.0.url',
      ],
    ])('%s', async (_, content, field) => {
      for (const [path, body, prefix] of [
        ['/messages', { content }, 'content'],
        ['/broadcasts', { message: content, audience: { to: 'everybody' } }, 'message'],
      ] as const) {
        const answer = await refuse('POST', path, body);
        expect(answer).toMatchObject({ status: 400, code: 'invalid_input' });
        expect(answer.errors?.map((error) => error.field)).toContain(`${prefix}.${field}`);
      }
    });
  });

  describe('of a schedule', () => {
    const cron = (expression: string) => ({ kind: 'cron', expression });
    it.each([
      ['in an unknown zone', { timeZone: 'Europe/Atlantis' }, 'timeZone'],
      ['in a zone that is an offset', { timeZone: '+03:00' }, 'timeZone'],
      ['in the past', { rule: { kind: 'once', at: '2020-01-01T09:00' } }, 'rule.at'],
      ['on a day that is not', { rule: { kind: 'once', at: '2030-02-30T09:00' } }, 'rule.at'],
      ['at a time that is none', { rule: { kind: 'once', at: 'tomorrow' } }, 'rule.at'],
      ['before there were years', { rule: { kind: 'once', at: '0000-01-01T00:00Z' } }, 'rule.at'],
      ['that never comes due', { rule: cron('0 0 30 2 *') }, 'rule.expression'],
      ['with a line that is no cron', { rule: cron('hello') }, 'rule.expression'],
      ['with a line out of range', { rule: cron('61 * * * *') }, 'rule.expression'],
      [
        'that ends before it begins',
        {
          rule: {
            kind: 'interval',
            everySeconds: 60,
            startAt: '2099-01-02T00:00',
            endAt: '2099-01-01T00:00',
          },
        },
        'rule.endAt',
      ],
      [
        'that is over',
        { rule: { kind: 'interval', everySeconds: 60, endAt: '2020-01-01T00:00' } },
        'rule.endAt',
      ],
    ])('%s', async (_, part, field) => {
      const good = {
        name: 'Weekday',
        message: { kind: 'text', text: 'Hi' },
        audience: { to: 'everybody' },
        rule: cron('0 9 * * *'),
      };
      const created = await refuse('POST', '/schedules', { ...good, ...part });
      expect(created).toMatchObject({ status: 400, code: 'invalid_input', errors: [{ field }] });
      const changed = await refuse('PATCH', `/schedules/${scene.ana.things.scheduleId}`, part);
      expect(changed).toMatchObject({ status: 400, code: 'invalid_input', errors: [{ field }] });
    });

    it.each([
      { kind: 'once', at: '9999-12-31T23:59-23:59' },
      { kind: 'interval', everySeconds: 1, startAt: '0000-01-01T00:00Z' },
      { kind: 'interval', everySeconds: 316_224_000, startAt: '9999-12-31T23:59:59' },
      { kind: 'interval', everySeconds: 316_224_000, endAt: '9999-12-31T23:59:59-23:59' },
      cron('59 59 23 29 2 *'),
    ])('comes only where it is due: the bounds of time do no harm, %j', async (rule) => {
      const { client } = scene.ana;
      expect((await client.post('/schedules/preview', { rule })).status).toBeLessThan(500);
      const created = await client.post<{ id: string }>('/schedules', {
        name: 'Far away',
        message: { kind: 'text', text: 'Hi' },
        audience: { to: 'everybody' },
        rule,
      });
      expect([201, 400]).toContain(created.status);
      expect((await client.get('/schedules')).status).toBe(200);
      if (created.status === 201) await client.delete(`/schedules/${created.body.id}`);
    });
  });

  it('of what is no JSON, and of 20 MB of it', async () => {
    expect(await refuse('POST', '/broadcasts', '{"message":')).toMatchObject({
      status: 400,
      code: 'invalid_json',
    });
    const text = 'x'.repeat(20_000_000);
    expect(await refuse('POST', '/messages', { content: { kind: 'text', text } })).toMatchObject({
      status: 413,
      code: 'body_too_large',
    });
  });
});
