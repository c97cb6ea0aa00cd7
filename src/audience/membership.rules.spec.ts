import { type Chat, type ChatMember } from '../telegram/index.js';
import { reachabilityOf, titleOf } from './membership.rules.js';

const member = (fields: object): ChatMember => ({ user: { id: 1 }, ...fields }) as unknown as ChatMember;

describe('reachabilityOf', () => {
  it.each<[Chat['type'], object, string, string | null]>([
    ['private', { status: 'member' }, 'active', null],
    ['private', { status: 'kicked' }, 'unreachable', 'blocked'],
    ['group', { status: 'kicked' }, 'unreachable', 'kicked'],
    ['group', { status: 'left' }, 'unreachable', 'not_member'],
    ['group', { status: 'member' }, 'active', null],
    ['supergroup', { status: 'administrator' }, 'active', null],
    ['supergroup', { status: 'restricted', is_member: true, can_send_messages: true }, 'active', null],
    [
      'supergroup',
      { status: 'restricted', is_member: true, can_send_messages: false },
      'unreachable',
      'no_rights',
    ],
    ['supergroup', { status: 'restricted', is_member: false }, 'unreachable', 'not_member'],
    ['channel', { status: 'administrator', can_post_messages: true }, 'active', null],
    ['channel', { status: 'administrator' }, 'unreachable', 'no_rights'],
    ['channel', { status: 'member' }, 'unreachable', 'no_rights'],
    ['channel', { status: 'creator' }, 'active', null],
  ])('in a %s, %j is %s', (type, fields, state, reason) => {
    expect(reachabilityOf(type, member(fields))).toEqual({ state, reason });
  });
});

describe('titleOf', () => {
  it('is the title, or the name of the person', () => {
    expect(titleOf({ id: -1, type: 'group', title: 'Choir' })).toBe('Choir');
    expect(titleOf({ id: 1, type: 'private', first_name: 'Ana' })).toBe('Ana');
    expect(titleOf({ id: 1, type: 'private', first_name: 'Ana', last_name: 'Sá' })).toBe('Ana Sá');
  });
});
