import { Injectable } from '@nestjs/common';
import { Configuration } from '../../config/index.js';
import { deriveKey, hmac } from '../../platform/crypto/index.js';

/** The secret that Telegram sends back with each update: derived from the path, so that it is stored nowhere. */
@Injectable()
export class WebhookSecret {
  private readonly key: Buffer;

  constructor(configuration: Configuration) {
    this.key = deriveKey(configuration.secrets.SESSION_KEY, 'webhook-secret');
  }

  /** 43 of `A-Za-z0-9_-`, which Telegram takes. */
  of(webhookPath: string): string {
    return hmac(this.key, webhookPath).toString('base64url');
  }

  /** Short name of the key together with what else is told; tells nothing of the key. */
  fingerprintWith(terms: string): string {
    return hmac(this.key, `fingerprint ${terms}`).toString('base64url').slice(0, 11);
  }
}
