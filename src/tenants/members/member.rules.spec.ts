import { TENANT_ROLES } from '../../platform/identity/index.js';
import { judgeLeaving, judgeRemoval, judgeRoleChange, mayManage } from './member.rules.js';

describe('mayManage', () => {
  it.each([
    ['owner', ['owner', 'admin', 'editor', 'viewer']],
    ['admin', ['editor', 'viewer']],
    ['editor', []],
    ['viewer', []],
  ] as const)('lets an %s manage %j', (actor, managed) => {
    expect(TENANT_ROLES.filter((role) => mayManage(actor, role))).toEqual(managed);
  });
});

describe('judgeRoleChange', () => {
  it.each([
    ['owner', 'viewer', 'owner', 1, 'allowed'],
    ['owner', 'owner', 'admin', 2, 'allowed'],
    ['owner', 'owner', 'admin', 1, 'last_owner'],
    ['owner', 'owner', 'owner', 1, 'allowed'],
    ['admin', 'editor', 'viewer', 1, 'allowed'],
    ['admin', 'editor', 'admin', 1, 'not_allowed'],
    ['admin', 'admin', 'viewer', 1, 'not_allowed'],
    ['admin', 'owner', 'viewer', 2, 'not_allowed'],
    ['editor', 'viewer', 'viewer', 1, 'not_allowed'],
  ] as const)('%s: %s to %s, %i owners: %s', (actor, from, to, owners, verdict) => {
    expect(judgeRoleChange({ actor, from, to, owners })).toBe(verdict);
  });
});

describe('judgeRemoval', () => {
  it.each([
    ['owner', 'owner', 2, 'allowed'],
    ['owner', 'owner', 1, 'last_owner'],
    ['admin', 'viewer', 1, 'allowed'],
    ['admin', 'admin', 1, 'not_allowed'],
    ['admin', 'owner', 2, 'not_allowed'],
  ] as const)('%s removes %s, %i owners: %s', (actor, member, owners, verdict) => {
    expect(judgeRemoval(actor, member, owners)).toBe(verdict);
  });
});

describe('judgeLeaving', () => {
  it('keeps the last owner and nobody else', () => {
    expect(TENANT_ROLES.map((role) => judgeLeaving(role, 1))).toEqual([
      'last_owner',
      'allowed',
      'allowed',
      'allowed',
    ]);
    expect(judgeLeaving('owner', 2)).toBe('allowed');
  });
});
