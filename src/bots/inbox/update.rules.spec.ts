import { groupByChat, MOST_ATTEMPTS, readUpdate, retryAfterSeconds } from './update.rules.js';

describe('readUpdate', () => {
  it.each([
    ['a text', 'update'],
    ['a list', []],
    ['nothing', null],
    ['no number', { message: {} }],
    ['a number as text', { update_id: '5' }],
    ['a fraction', { update_id: 1.5 }],
    ['a negative number', { update_id: -1 }],
    ['a number that is not exact', { update_id: 2 ** 60 }],
  ])('refuses %s', (_, value) => {
    expect(readUpdate(value)).toBeUndefined();
  });

  it.each([
    ['a message', { message: { chat: { id: -7 }, from: { id: 3 } } }, -7],
    ['a press on a button', { callback_query: { from: { id: 3 }, message: { chat: { id: -7 } } } }, -7],
    ['a press under a message of another bot', { callback_query: { from: { id: 3 } } }, 3],
    ['a membership', { my_chat_member: { chat: { id: 9 }, from: { id: 3 } } }, 9],
    ['a poll', { poll: { id: 'x' } }, 0],
    ['a chat id that PostgreSQL would not take', { message: { chat: { id: 1e30 } } }, 0],
    ['nothing at all', {}, 0],
  ])('finds the chat of %s', (_, update, chatKey) => {
    expect(readUpdate({ update_id: 1, ...update })?.chatKey).toBe(chatKey);
  });

  it('keeps the update as it is, but for what jsonb has no place for', () => {
    const plain = { update_id: 1, message: { text: 'ação 🎉 \\u0000', chat: { id: 1 } } };
    expect(JSON.parse(readUpdate(plain)?.json ?? '')).toEqual(plain);
    const odd = { update_id: 1, message: { text: 'a\u0000b\ud800c🎉', 'made\u0000up': 1, '\ud800': 1 } };
    expect(JSON.parse(readUpdate(odd)?.json ?? '')).toEqual({
      update_id: 1,
      message: { text: 'ab\uFFFDc🎉' },
    });
  });
});

describe('the inbox', () => {
  it('repeats later and later, within a few minutes', () => {
    const rests = Array.from({ length: MOST_ATTEMPTS - 1 }, (_, n) => retryAfterSeconds(n + 1));
    expect(rests).toEqual([1, 4, 16, 64]);
  });

  it('keeps each chat in its order', () => {
    const update = (updateId: number, chatKey: string) => ({ updateId, chatKey });
    const updates = [update(1, 'a'), update(2, 'b'), update(3, 'a')];
    expect(groupByChat(updates)).toEqual([[update(1, 'a'), update(3, 'a')], [update(2, 'b')]]);
  });
});
