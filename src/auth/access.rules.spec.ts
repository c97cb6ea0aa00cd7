import { bearerTokenOf, judgeAccess, OPERATING } from './access.rules.js';

const editor = { role: 'editor', isTenantSuspended: false } as const;

describe('judgeAccess', () => {
  it.each([
    ['a route without a label', undefined, editor, 'not_allowed'],
    ['a public route', { kind: 'public' }, undefined, 'allowed'],
    ['nobody', { kind: 'member', role: 'viewer' }, undefined, 'not_signed_in'],
    ['more than enough', { kind: 'member', role: 'viewer' }, editor, 'allowed'],
    ['just enough', { kind: 'member', role: 'editor' }, editor, 'allowed'],
    ['not enough', { kind: 'member', role: 'admin' }, editor, 'not_allowed'],
    ['an operator', { kind: 'operator' }, OPERATING, 'allowed'],
    ['nobody at an operator’s route', { kind: 'operator' }, undefined, 'not_signed_in'],
    ['a member at an operator’s route', { kind: 'operator' }, { ...editor, role: 'owner' }, 'not_signed_in'],
    [
      'an operator without a look into the tenant',
      { kind: 'member', role: 'viewer' },
      OPERATING,
      'not_signed_in',
    ],
    [
      'a suspended tenant',
      { kind: 'member', role: 'viewer' },
      { ...editor, isTenantSuspended: true },
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
