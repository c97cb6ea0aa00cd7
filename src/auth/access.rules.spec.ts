import { type AccessScope } from '../platform/access/index.js';
import { type TenantRole } from '../platform/identity/index.js';
import { bearerTokenOf, judgeAccess, OPERATING } from './access.rules.js';

const editor = { role: 'editor', isTenantSuspended: false, scopes: undefined } as const;
const key = { ...editor, scopes: ['bots:read', 'messages:write'] } as const;
const route = (role: TenantRole, scope?: AccessScope) => ({ kind: 'member', role, scope }) as const;

describe('judgeAccess', () => {
  it.each([
    ['a route without a label', undefined, editor, 'not_allowed'],
    ['a public route', { kind: 'public' }, undefined, 'allowed'],
    ['nobody', route('viewer'), undefined, 'not_signed_in'],
    ['more than enough', route('viewer'), editor, 'allowed'],
    ['just enough', route('editor'), editor, 'allowed'],
    ['not enough', route('admin'), editor, 'not_allowed'],
    ['a suspended tenant', route('viewer'), { ...editor, isTenantSuspended: true }, 'tenant_suspended'],
    ['a person where a key needs a scope', route('viewer', 'bots:read'), editor, 'allowed'],
    ['a key with the scope', route('viewer', 'bots:read'), key, 'allowed'],
    ['a key with another scope', route('viewer', 'bots:write'), key, 'scope_missing'],
    ['a key where people alone may go', route('viewer'), key, 'members_only'],
    ['a key above its maker’s role', route('admin', 'bots:read'), key, 'not_allowed'],
    ['an operator', { kind: 'operator' }, OPERATING, 'allowed'],
    ['nobody at an operator’s route', { kind: 'operator' }, undefined, 'not_signed_in'],
    ['a member at an operator’s route', { kind: 'operator' }, { ...editor, role: 'owner' }, 'not_signed_in'],
    ['an operator without a look into the tenant', route('viewer'), OPERATING, 'not_signed_in'],
    [
      'a key of a suspended tenant',
      route('viewer', 'bots:read'),
      { ...key, isTenantSuspended: true },
      'tenant_suspended',
    ],
  ] as const)('%s', (_, label, standing, verdict) => {
    expect(judgeAccess(label, standing)).toBe(verdict);
  });
});

describe('bearerTokenOf', () => {
  it.each([
    ['Bearer abc.def-_1', 'abc.def-_1'],
    ['bearer  abc', 'abc'],
    ['Basic abc', undefined],
    ['Bearer', undefined],
    ['Bearer a b', undefined],
    [undefined, undefined],
  ])('%j', (header, token) => {
    expect(bearerTokenOf(header)).toBe(token);
  });
});
