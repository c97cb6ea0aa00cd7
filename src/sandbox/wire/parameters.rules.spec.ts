import { botMethods, findBotMethod, type BotMethod } from './bot-method.rules.js';
import { readParameters } from './parameters.rules.js';

function methodOf(name: string): BotMethod {
  const method = findBotMethod(name);
  if (!method) throw new Error(`${name} is not in the table`);
  return method;
}

const read = (name: string, parameters: Record<string, unknown>, isStrict = true): unknown =>
  readParameters(methodOf(name), { parameters }, isStrict);

describe('the table of methods', () => {
  it('has all 180 methods of Bot API 10.1 and finds them in any case', () => {
    expect(botMethods).toHaveLength(180);
    expect(findBotMethod('SENDMESSAGE')?.name).toBe('sendMessage');
    expect(findBotMethod('sendNothing')).toBeUndefined();
    expect(findBotMethod('constructor')).toBeUndefined();
  });

  it('knows which methods send', () => {
    const sending = botMethods.filter(({ isSending }) => isSending).map(({ name }) => name);
    expect(sending).toEqual(
      expect.arrayContaining(['sendMessage', 'sendMediaGroup', 'copyMessage', 'forwardMessage']),
    );
    expect(sending).not.toContain('sendChatAction');
    expect(sending).not.toContain('getMe');
  });
});

describe('readParameters', () => {
  it('gives numbers, booleans and structures their own types, also from a form', () => {
    expect(
      read('sendMessage', {
        chat_id: '-100123',
        text: 5,
        disable_notification: 'true',
        reply_markup: '{"inline_keyboard":[]}',
      }),
    ).toEqual({
      chat_id: -100123,
      text: '5',
      disable_notification: true,
      reply_markup: { inline_keyboard: [] },
    });
  });

  it('takes null for absent', () => {
    expect(read('getUpdates', { offset: null })).toEqual({});
  });

  it.each([
    ['sendMessage', { chat_id: 1 }, 'message text is empty'],
    ['sendMessage', { text: 'x' }, 'chat_id is empty'],
    ['sendMessage', { chat_id: 'somebody', text: 'x' }, 'chat not found'],
    ['sendMessage', { chat_id: 1.5, text: 'x' }, 'invalid chat_id specified'],
    ['sendMessage', { chat_id: { id: 1 }, text: 'x' }, 'invalid chat_id specified'],
    ['sendMessage', { chat_id: 1, text: { a: 1 } }, 'field "text" must be of type String'],
    ['sendMessage', { chat_id: 1, text: 'x', colour: 'red' }, 'unknown parameter "colour"'],
    ['sendMessage', { chat_id: 1, text: 'x', reply_markup: '{' }, "can't parse reply_markup JSON object"],
    ['sendMessage', { chat_id: 1, text: 'x', reply_markup: [] }, 'object expected as reply markup'],
    ['sendMessage', { chat_id: 1, text: 'x', disable_notification: 'maybe' }, 'must be of type Boolean'],
    ['getUpdates', { limit: 'many' }, 'field "limit" must be a valid Number'],
    ['getUpdates', { allowed_updates: 'message' }, "can't parse allowed_updates JSON array"],
    ['sendPhoto', { chat_id: 1 }, 'there is no photo in the request'],
    ['deleteMessage', { chat_id: 1 }, 'message identifier is not specified'],
  ])('refuses %s %j', (method, parameters, problem) => {
    expect(() => read(method, parameters)).toThrow(problem);
  });

  it('ignores unknown parameters when it need not be strict', () => {
    expect(read('getMe', { colour: 'red' }, false)).toEqual({});
  });

  it('is not impressed by names that objects inherit', () => {
    const parameters = JSON.parse('{"__proto__":{"a":1},"constructor":1}') as Record<string, unknown>;
    expect(() => read('getMe', parameters)).toThrow('unknown parameter');
  });
});
