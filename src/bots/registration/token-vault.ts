import { Injectable } from '@nestjs/common';
import { Configuration } from '../../config/index.js';
import { deriveKey, hmac } from '../../platform/crypto/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { type SealedSecret, TenantKeys } from '../../tenants/index.js';

/** Whose token it is: the place that a sealed token is bound to. */
export interface TokenPlace {
  readonly tenantId: TenantId;
  /** Where the bot is at home, see `homeOf`. */
  readonly home: string;
  readonly telegramId: string;
}

/** Tokens at rest: sealed with the tenant's own key, and recognisable by a fingerprint that tells nothing. */
@Injectable()
export class TokenVault {
  private readonly fingerprintKey: Buffer;

  constructor(
    private readonly keys: TenantKeys,
    configuration: Configuration,
  ) {
    this.fingerprintKey = deriveKey(configuration.secrets.ENCRYPTION_KEY, 'bot-token-fingerprint');
  }

  /** Not inside a transaction: it may ask the database for the tenant's key. */
  seal(place: TokenPlace, token: string): Promise<SealedSecret> {
    return this.keys.sealFor(place.tenantId, Buffer.from(token), associatedData(place));
  }

  /** @throws Error when the row was moved to another tenant or bot, or the key is not the one that sealed it */
  async open(place: TokenPlace, keyVersion: number, ciphertext: Buffer): Promise<string> {
    const token = await this.keys.openFor(place.tenantId, keyVersion, ciphertext, associatedData(place));
    return token.toString();
  }

  fingerprint(token: string): Buffer {
    return hmac(this.fingerprintKey, token);
  }
}

const associatedData = (place: TokenPlace) => `bot-token/${place.home}/${place.telegramId}`;
