import { ChatHistory, MessageShelf } from './chat-history.js';
import { SharedRoom } from './shared-room.js';
import { type WireMessage } from './wire-objects.js';

function message(messageId: number, text = 'x'): WireMessage {
  return { message_id: messageId, date: 0, chat: { id: 1, type: 'private' }, text };
}

/** Room for so many messages of one letter. */
const roomFor = (messages: number) => new SharedRoom(messages * 513);
const idsIn = (history: ChatHistory): number[] => history.newest(10_000).map(({ message_id: id }) => id);

describe('MessageShelf', () => {
  it('drops the oldest message of all its chats when there are too many', () => {
    const [first, second] = [new ChatHistory(), new ChatHistory()];
    const shelf = new MessageShelf(roomFor(3));
    shelf.put(first, message(1));
    shelf.put(second, message(1));
    shelf.put(first, message(2));
    shelf.put(second, message(2));
    expect([idsIn(first), idsIn(second)]).toEqual([[2], [1, 2]]);
  });

  it('drops nothing of somebody who has less', () => {
    const room = roomFor(10);
    const [greedy, modest] = [new ChatHistory(), new ChatHistory()];
    new MessageShelf(room).put(modest, message(1));
    const shelf = new MessageShelf(room);
    for (let id = 1; id <= 10_000; id++) shelf.put(greedy, message(id));
    expect(idsIn(modest)).toEqual([1]);
    expect(idsIn(greedy)).toEqual([9992, 9993, 9994, 9995, 9996, 9997, 9998, 9999, 10_000]);
  });

  it('drops as many as a long one needs', () => {
    const history = new ChatHistory();
    const shelf = new MessageShelf(roomFor(5));
    for (let id = 1; id <= 5; id++) shelf.put(history, message(id));
    shelf.put(history, message(6, 'x'.repeat(1400)));
    expect(idsIn(history)).toEqual([5, 6]);
  });

  it('counts an edited message anew, and does not drop it for its former self', () => {
    const history = new ChatHistory();
    const shelf = new MessageShelf(roomFor(3));
    shelf.put(history, message(1));
    shelf.put(history, message(1, 'e'));
    shelf.put(history, message(2));
    shelf.put(history, message(3));
    expect(idsIn(history)).toEqual([1, 2, 3]);
    shelf.put(history, message(4));
    expect(idsIn(history)).toEqual([2, 3, 4]);
  });

  it('lets go of what was deleted', () => {
    const history = new ChatHistory();
    const shelf = new MessageShelf(roomFor(2));
    shelf.put(history, message(1));
    history.remove(1);
    shelf.put(history, message(2));
    shelf.put(history, message(3));
    expect(idsIn(history)).toEqual([2, 3]);
  });
});
