import { decideQuiet, type QuietHours } from './quiet-hours.rules.js';

const ONE = '019aaaaa-0000-7000-8000-000000000001';
const OTHER = '019aaaaa-0000-7000-8000-000000000002';
const night: QuietHours = { botId: null, hours: { from: '22:00', to: '08:00' }, policy: 'hold' };
const everybody = { to: 'everybody' } as const;
const decide = (all: QuietHours[], at: string, audience: Parameters<typeof decideQuiet>[1] = everybody) => {
  const decision = decideQuiet(all, audience, 'Europe/Lisbon', new Date(at));
  return decision?.kind === 'hold' ? decision.until.toISOString() : (decision?.kind ?? null);
};

describe('decideQuiet', () => {
  it.each([
    ['before them', '2026-07-15T20:59:59Z', null],
    ['with their beginning', '2026-07-15T21:00:00Z', '2026-07-16T07:00:00.000Z'],
    ['after midnight', '2026-07-16T02:00:00Z', '2026-07-16T07:00:00.000Z'],
    ['with their end', '2026-07-16T07:00:00Z', null],
    ['in the night that loses an hour', '2026-03-28T23:00:00Z', '2026-03-29T07:00:00.000Z'],
    ['in the night that gains one', '2026-10-24T23:00:00Z', '2026-10-25T08:00:00.000Z'],
  ])('holds until morning: %s', (_, at, expected) => {
    expect(decide([night], at)).toBe(expected);
  });

  it.each([
    ['the first time', '2026-10-25T00:00:00Z', '2026-10-25T00:30:00.000Z'],
    ['again', '2026-10-25T01:00:00Z', '2026-10-25T01:30:00.000Z'],
  ])('ends after now where clocks show the end twice: %s', (_, at, expected) => {
    expect(decide([{ ...night, hours: { from: '22:00', to: '01:30' } }], at)).toBe(expected);
  });

  it('lets a skip outdo a hold', () => {
    expect(decide([night, { ...night, botId: ONE, policy: 'skip' }], '2026-07-15T23:00:00Z')).toBe('skip');
  });

  it('holds until the last of several ends', () => {
    const longer = { ...night, botId: ONE, hours: { from: '23:00', to: '10:00' } };
    expect(decide([night, longer], '2026-07-15T23:00:00Z')).toBe('2026-07-16T09:00:00.000Z');
  });

  it('counts the days on which they begin', () => {
    const weekend: QuietHours = { ...night, hours: { from: '22:00', to: '08:00', weekdays: ['SA'] } };
    expect(decide([weekend], '2026-07-19T02:00:00Z')).toBe('2026-07-19T07:00:00.000Z');
    expect(decide([weekend], '2026-07-20T02:00:00Z')).toBeNull();
  });

  it("heeds a bot's hours for whoever the bot could write to", () => {
    const ofOne = { ...night, botId: ONE };
    const at = '2026-07-15T23:00:00Z';
    expect(decide([ofOne], at, { to: 'everybody', botIds: [OTHER] })).toBeNull();
    expect(decide([ofOne], at, { to: 'everybody', botIds: [OTHER, ONE] })).not.toBeNull();
    expect(decide([ofOne], at)).not.toBeNull();
    expect(decide([ofOne], at, { to: 'chats', chatIds: [OTHER] })).not.toBeNull();
  });
});
