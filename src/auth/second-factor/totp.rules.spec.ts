import { describeSecret, findUnusedStep } from './totp.rules.js';

/** The test vectors of RFC 6238, appendix B, for SHA-1; of its eight digits the last six. */
const secret = Buffer.from('12345678901234567890');

describe('findUnusedStep', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('knows the code of second %i', (seconds, code) => {
    expect(findUnusedStep(secret, code, 0, seconds * 1000)).toBe(Math.floor(seconds / 30));
  });

  it.each([
    ['one step late', 30, true],
    ['one step early', -30, true],
    ['two steps late', 60, false],
    ['two steps early', -60, false],
  ])('of a code %s', (_, secondsLater, isRight) => {
    const madeAt = 1_234_567_890;
    const step = findUnusedStep(secret, '005924', 0, (madeAt + secondsLater) * 1000);
    expect(step).toBe(isRight ? Math.floor(madeAt / 30) : undefined);
  });

  it('takes no code twice, and none that is older than one that was used', () => {
    const nowMs = 1_234_567_890_000;
    const step = Math.floor(nowMs / 30_000);
    expect(findUnusedStep(secret, '005924', step - 1, nowMs)).toBe(step);
    expect(findUnusedStep(secret, '005924', step, nowMs)).toBeUndefined();
    expect(findUnusedStep(secret, '005924', step + 1, nowMs)).toBeUndefined();
  });
});

describe('describeSecret', () => {
  it('is what authenticators read', () => {
    const { secret: base32, uri } = describeSecret(secret, 'ana@example.org');
    expect(base32).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
    const url = new URL(uri);
    expect(url.protocol).toBe('otpauth:');
    expect(decodeURIComponent(url.pathname)).toContain('Arauto:ana@example.org');
    expect(url.searchParams.get('secret')).toBe(base32);
    expect(url.searchParams.get('issuer')).toBe('Arauto');
  });
});
