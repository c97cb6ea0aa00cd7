import { randomBytes } from 'node:crypto';
import { RECOVERY_CODE_BYTES, writeRecoveryCode } from './recovery-codes.rules.js';

describe('writeRecoveryCode', () => {
  it('writes every bit', () => {
    expect(writeRecoveryCode(Buffer.alloc(RECOVERY_CODE_BYTES))).toBe('aaaa-aaaa-aaaa-aaaa');
    expect(writeRecoveryCode(Buffer.alloc(RECOVERY_CODE_BYTES, 255))).toBe('7777-7777-7777-7777');
    const oneBit = Buffer.alloc(RECOVERY_CODE_BYTES);
    oneBit[0] = 0x80;
    expect(writeRecoveryCode(oneBit)).toBe('qaaa-aaaa-aaaa-aaaa');
  });

  it('writes no two alike', () => {
    const codes = Array.from({ length: 1_000 }, () => writeRecoveryCode(randomBytes(RECOVERY_CODE_BYTES)));
    expect(new Set(codes).size).toBe(1_000);
    for (const code of codes) expect(code).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/);
  });
});
