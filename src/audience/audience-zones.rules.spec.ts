import { zonesOf } from './audience-zones.rules.js';

const [one, other] = ['01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002'];
const bots = [
  { botId: one, timeZone: 'UTC', ofChats: ['Asia/Tokyo', 'Europe/Lisbon'] },
  { botId: other, timeZone: 'Europe/Lisbon', ofChats: ['America/Lima'] },
];

describe('zonesOf', () => {
  it('names each zone of the bots and their chats once', () => {
    expect(zonesOf(bots, { to: 'everybody' }, 'chat')).toEqual([
      ...['America/Lima', 'Asia/Tokyo', 'Europe/Lisbon', 'UTC'],
    ]);
    expect(zonesOf(bots, { to: 'everybody' }, 'bot')).toEqual(['Europe/Lisbon', 'UTC']);
  });

  it('looks only at bots that the audience names', () => {
    expect(zonesOf(bots, { to: 'tags', tags: ['a'], botIds: [other] }, 'chat')).toEqual([
      ...['America/Lima', 'Europe/Lisbon'],
    ]);
  });
});
