import { Clock } from '../../../src/platform/clock/index.js';
import { type RunningSandbox } from '../../../src/sandbox/index.js';
import { callMethod, ControlClient, openSandbox } from './control-client.js';

/** A clock that can be set forward. */
class TurnableClock extends Clock {
  private aheadMs = 0;

  turnForward(hours: number): void {
    this.aheadMs += hours * 3_600_000;
  }

  override now(): Date {
    return new Date(super.now().getTime() + this.aheadMs);
  }
}

let clock: TurnableClock;
let sandbox: RunningSandbox;
let control: ControlClient;
let bot: { id: number; token: string };
let personId: number;

beforeEach(async () => {
  clock = new TurnableClock();
  sandbox = await openSandbox({ clock });
  control = new ControlClient(sandbox.url, undefined, 1_000_000);
  ({ bot, personId } = await control.createPair());
});
afterEach(() => sandbox.close());

const call = <Result = Record<string, unknown>>(method: string, parameters: Record<string, unknown> = {}) =>
  callMethod<Result>(sandbox.url, bot.token, method, parameters);

it('deletes a message within 48 hours and not after', async () => {
  const { result } = await call<{ message_id: number }>('sendMessage', { chat_id: personId, text: 'old' });
  const target = { chat_id: personId, message_id: result.message_id };
  clock.turnForward(48.01);
  expect((await call('deleteMessage', target)).description).toBe(
    "Bad Request: message can't be deleted for everyone",
  );
  expect((await call('deleteMessages', { chat_id: personId, message_ids: [result.message_id] })).ok).toBe(
    true,
  );
  expect((await control.messages(personId, bot.id)).map(({ text }) => text)).toContain('old');
  const young = await call<{ message_id: number }>('sendMessage', { chat_id: personId, text: 'young' });
  expect((await call('deleteMessage', { ...target, message_id: young.result.message_id })).ok).toBe(true);
});

it('takes answers to a press for some minutes only', async () => {
  const keyboard = { inline_keyboard: [[{ text: 'Go', callback_data: 'go' }]] };
  const { result } = await call<{ message_id: number }>('sendMessage', {
    chat_id: personId,
    text: 'x',
    reply_markup: keyboard,
  });
  const press = { botId: bot.id, messageId: result.message_id, callbackData: 'go' };
  const { callbackQueryId } = await control.must<{ callbackQueryId: string }>(
    'POST',
    `/people/${personId}/press`,
    press,
  );
  expect((await call('answerCallbackQuery', { callback_query_id: callbackQueryId })).ok).toBe(true);
  clock.turnForward(0.1);
  expect((await call('answerCallbackQuery', { callback_query_id: callbackQueryId })).description).toMatch(
    'query is too old',
  );
  const missing = await control.request('POST', `/people/${personId}/press`, {
    ...press,
    callbackData: 'other',
  });
  expect(missing.status).toBe(409);
});

it('forgets updates after a day', async () => {
  clock.turnForward(24.01);
  await control.must('POST', `/people/${personId}/message`, { botId: bot.id, text: 'fresh' });
  const { result } = await call<{ message: { text: string } }[]>('getUpdates');
  expect(result.map(({ message }) => message.text)).toEqual(['fresh']);
});
