/** As printed on one sheet: enough for years of lost telephones. */
export const RECOVERY_CODE_COUNT = 10;
/** 80 bits: no hash of one is ever guessed. */
export const RECOVERY_CODE_BYTES = 10;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';

/** Four groups of four letters and digits that nobody mistakes for each other (base32, without 0 and 1). */
export function writeRecoveryCode(bytes: Buffer): string {
  let bits = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let n = 0; n < (bytes.length * 8) / 5; n += 1) {
    text = `${LETTERS[Number(bits & 31n)]}${text}`;
    bits >>= 5n;
  }
  return text.replace(/(.{4})(?=.)/g, '$1-');
}
