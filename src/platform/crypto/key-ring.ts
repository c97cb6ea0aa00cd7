import { deriveKey, seal, unseal, UnsealError } from './crypto.js';

/** What was sealed, and whether the key of today sealed it. */
export interface Unsealed {
  readonly plaintext: Buffer;
  readonly isCurrent: boolean;
}

/**
 * The keys for one purpose while the installation's master key changes: seals with the current one, opens what either
 * sealed, so that processes go on while everything is sealed anew.
 */
export class KeyRing {
  private readonly current: Buffer;
  private readonly previous: Buffer | undefined;

  constructor(
    masters: { readonly ENCRYPTION_KEY: Buffer; readonly ENCRYPTION_KEY_PREVIOUS?: Buffer },
    purpose: string,
  ) {
    this.current = deriveKey(masters.ENCRYPTION_KEY, purpose);
    this.previous = masters.ENCRYPTION_KEY_PREVIOUS && deriveKey(masters.ENCRYPTION_KEY_PREVIOUS, purpose);
  }

  seal(plaintext: Buffer, associatedData: string): Buffer {
    return seal(this.current, plaintext, associatedData);
  }

  /** @throws UnsealError when none of the keys sealed it, or not in this place */
  unseal(sealed: Buffer, associatedData: string): Unsealed {
    try {
      return { plaintext: unseal(this.current, sealed, associatedData), isCurrent: true };
    } catch (error) {
      if (!this.previous || !(error instanceof UnsealError)) throw error;
      return { plaintext: unseal(this.previous, sealed, associatedData), isCurrent: false };
    }
  }
}
