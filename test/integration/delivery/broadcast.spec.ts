import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { signUpTenant, type SignedUpTenant } from '../../harness/accounts.js';
import { type RunningSandbox } from '../../../src/sandbox/index.js';
import { ControlClient, openSandbox, waitFor } from '../sandbox/control-client.js';

interface Report {
  id: string;
  state: string;
  stateReason: string | null;
  latenessMs: number | null;
  counts: Record<string, number> & { reasons: { state: string; reason: string; count: number }[] };
}

const LIFTED = {
  messagesPerSecondPerBot: null,
  messagesPerSecondPerChat: null,
  messagesPerMinutePerGroup: null,
};

describe('a broadcast, from the API to the wire', () => {
  let sandbox: RunningSandbox;
  let application: TestApplication;
  let tenant: SignedUpTenant;
  let control: ControlClient;

  beforeAll(async () => {
    sandbox = await openSandbox();
    application = await startTestApplication({
      ARAUTO_ROLES: 'api,scheduler,worker,poller',
      SANDBOX_URL: sandbox.url,
      PACING_BOT_PER_SECOND: '0',
      PACING_CHAT_PER_SECOND: '0',
      PACING_GROUP_PER_MINUTE: '0',
    });
  });
  afterAll(async () => {
    await application.close();
    await sandbox.close();
  });

  beforeEach(async () => {
    tenant = await signUpTenant(application.url);
    control = new ControlClient(sandbox.url);
    await control.must('PUT', '/limits', LIFTED);
  });

  const connectBot = async (): Promise<{ botId: string; telegramId: number; token: string }> => {
    const bot = await control.createBot();
    const answer = await tenant.client.post<{ id: string }>('/bots', {
      token: bot.token,
      environment: 'sandbox',
    });
    expect(answer.status).toBe(201);
    return { botId: answer.body.id, telegramId: bot.id, token: bot.token };
  };
  const startPeople = async (telegramId: number, count: number): Promise<number[]> => {
    const { people } = await control.must<{ people: { id: number }[] }>('POST', '/people', {
      firstName: 'Rui',
      count,
    });
    const ids = people.map(({ id }) => id);
    await control.must('POST', '/actions/start', { botId: telegramId, personIds: ids });
    await waitFor(async () => {
      const chats = await tenant.client.get<{ items: unknown[] }>('/chats?limit=200');
      return chats.body.items.length >= count || undefined;
    });
    return ids;
  };
  const finish = (id: string): Promise<Report> =>
    waitFor(async () => {
      const { body } = await tenant.client.get<Report>(`/broadcasts/${id}`);
      return body.state !== 'planning' && body.state !== 'sending' ? body : undefined;
    });

  it('reaches everybody once, greets them by name, and passes over who blocked the bot', async () => {
    const { telegramId } = await connectBot();
    const people = await startPeople(telegramId, 25);
    await control.must('POST', `/people/${people[0]}/block`, { botId: telegramId });
    await waitFor(async () => {
      const chats = await tenant.client.get<{ items: unknown[] }>('/chats?limit=200&state=unreachable');
      return chats.body.items.length === 1 || undefined;
    });
    const created = await tenant.client.post<Report>('/broadcasts', {
      message: { kind: 'text', text: 'Hello {{first_name|friend}}' },
      audience: { to: 'everybody' },
    });
    expect(created.status).toBe(201);
    const report = await finish(created.body.id);
    expect(report.state).toBe('finished');
    expect(report.counts).toMatchObject({ accepted: 24, sent: 24, failed: 0, unknown: 0, queued: 0 });
    const seen = await control.messages(people[1]!, telegramId);
    expect(seen.filter((message) => message.text?.startsWith('Hello Rui'))).toHaveLength(1);
  });

  it('answers a press on a button', async () => {
    const { telegramId } = await connectBot();
    const [person] = await startPeople(telegramId, 1);
    const created = await tenant.client.post<Report>('/broadcasts', {
      message: { kind: 'text', text: 'Coming?', buttons: [[{ text: 'Yes', callbackData: 'yes' }]] },
      audience: { to: 'everybody' },
    });
    await finish(created.body.id);
    const seen = await control.messages(person!, telegramId);
    const { message_id: messageId } = seen.find((message) => message.text === 'Coming?')!;
    await control.must('POST', `/people/${person}/press`, {
      botId: telegramId,
      messageId,
      callbackData: 'yes',
    });
    await waitFor(async () => {
      const { rows } = await control.must<{ rows: { method: string; status: number }[] }>(
        'GET',
        '/ledger?method=answerCallbackQuery',
      );
      return rows.length === 1 || undefined;
    });
  });
});
