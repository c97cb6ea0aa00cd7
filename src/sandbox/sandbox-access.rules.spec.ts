import { createHmac } from 'node:crypto';

import { signSandboxAccess, verifySandboxAccess } from './sandbox-access.rules.js';

const secret = 'a key of sixteen or more';
const access = { workspace: '3f8a1c52-0f5a-4c1b-9d5e-2b6a7c8d9e0f', expiresAt: 2000 };

function signed(content: string): string {
  const claims = Buffer.from(content).toString('base64url');
  return `${claims}.${createHmac('sha256', secret).update(claims).digest('base64url')}`;
}

describe('sandbox access', () => {
  it('grants what was signed until it is over', () => {
    const token = signSandboxAccess(secret, access);
    expect(verifySandboxAccess(secret, token, 1999)).toEqual(access);
    expect(verifySandboxAccess(secret, token, 2000)).toBeUndefined();
  });

  it('grants the operator the workspace of everybody', () => {
    const token = signSandboxAccess(secret, { workspace: '*', expiresAt: 2000 });
    expect(verifySandboxAccess(secret, token, 0)?.workspace).toBe('*');
  });

  it.each([
    ['another key', signSandboxAccess('another key, also long', access)],
    [
      'claims exchanged',
      `${Buffer.from('{}').toString('base64url')}.${signSandboxAccess(secret, access).split('.')[1]}`,
    ],
    ['no signature', signSandboxAccess(secret, access).split('.')[0] ?? ''],
    ['a third part', `${signSandboxAccess(secret, access)}.x`],
    ['a cut signature', signSandboxAccess(secret, access).slice(0, -4)],
    ['no JSON', signed('no JSON')],
    ['null', signed('null')],
    ['a workspace that is none', signed('{"workspace":"somebody","expiresAt":9999}')],
    ['no end', signed(`{"workspace":"${access.workspace}"}`)],
    ['endless text', 'x'.repeat(100_000)],
    ['nothing', ''],
  ])('refuses %s', (_what, token) => {
    expect(verifySandboxAccess(secret, token, 0)).toBeUndefined();
  });
});
