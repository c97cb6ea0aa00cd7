import { createHmac } from 'node:crypto';

import {
  renewSandboxAccess,
  SANDBOX_ACCESS_SECONDS,
  signSandboxAccess,
  verifySandboxAccess,
} from './sandbox-access.rules.js';

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

  it('keeps for whom it was issued', () => {
    const held = { ...access, holder: 'a session', renewableUntil: 9000 };
    expect(verifySandboxAccess(secret, signSandboxAccess(secret, held), 0)).toEqual(held);
  });

  it('is renewed for its holder until it has been long enough', () => {
    const held = { ...access, holder: 'a session', renewableUntil: 9000 };
    expect(renewSandboxAccess(held, 3000)).toEqual({ ...held, expiresAt: 3000 + SANDBOX_ACCESS_SECONDS });
    expect(renewSandboxAccess(held, 8900)).toEqual({ ...held, expiresAt: 9000 });
    expect(renewSandboxAccess(held, 9000)).toBeUndefined();
    expect(renewSandboxAccess(access, 0)).toBeUndefined();
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
    ['a holder that is no text', signed(`{"workspace":"${access.workspace}","expiresAt":9,"holder":1}`)],
    ['endless text', 'x'.repeat(100_000)],
    ['nothing', ''],
  ])('refuses %s', (_what, token) => {
    expect(verifySandboxAccess(secret, token, 0)).toBeUndefined();
  });
});
