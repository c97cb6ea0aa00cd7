import { findTimeZone, zonesOf } from './local-time.rules.js';

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

describe('findTimeZone', () => {
  it.each([
    ['Europe/Lisbon', 'Europe/Lisbon'],
    [' europe/lisbon ', 'Europe/Lisbon'],
    ['São Paulo', 'America/Sao_Paulo'],
    ['new york', 'America/New_York'],
    ['utc', 'UTC'],
    ['Atlantis', null],
    ['+03:00', null],
    ['', null],
  ])('takes %s for %s', (text, zone) => {
    expect(findTimeZone(text)).toBe(zone);
  });
});
