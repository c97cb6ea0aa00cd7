import { Injectable } from '@nestjs/common';
import { sha256 } from '../../platform/crypto/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { type SealedColumn, type SealedSecret, TenantKeys } from '../../tenants/index.js';

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
  constructor(private readonly keys: TenantKeys) {}

  /** Not inside a transaction: it may ask the database for the tenant's key. */
  seal(place: TokenPlace, token: string): Promise<SealedSecret> {
    return this.keys.sealFor(place.tenantId, Buffer.from(token), associatedData(place));
  }

  /** @throws Error when the row was moved to another tenant or bot, or the key is not the one that sealed it */
  async open(place: TokenPlace, keyVersion: number, ciphertext: Buffer): Promise<string> {
    const token = await this.keys.openFor(place.tenantId, keyVersion, ciphertext, associatedData(place));
    return token.toString();
  }

  /** A plain hash, so that it outlives every key: what has over 200 random bits can't be found by trying. */
  fingerprint(token: string): Buffer {
    return sha256(token);
  }
}

const associatedData = (place: Omit<TokenPlace, 'tenantId'>) => `bot-token/${place.home}/${place.telegramId}`;

/** For rotations of keys. */
export const SEALED_BOT_TOKENS: SealedColumn = {
  what: 'bot tokens',
  table: 'bots',
  id: 'id',
  ciphertext: 'token_ciphertext',
  keyVersion: 'token_key_version',
  place: ['api_root', 'telegram_id'],
  associatedData: ([home = '', telegramId = '']) => associatedData({ home, telegramId }),
};
