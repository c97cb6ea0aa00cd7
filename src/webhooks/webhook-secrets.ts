import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type TenantId } from '../platform/identity/index.js';
import { type SealedColumn, type SealedSecret, TenantKeys } from '../tenants/index.js';

/** As Standard Webhooks has it: between 24 and 64 bytes, base64, with this prefix. */
const SECRET_BYTES = 32;
const PREFIX = 'whsec_';

/** Secrets that sign: shown once, kept sealed with the tenant's own key. Not inside a transaction. */
@Injectable()
export class WebhookSecrets {
  constructor(private readonly keys: TenantKeys) {}

  async make(tenantId: TenantId, endpointId: string): Promise<{ secret: string; sealed: SealedSecret }> {
    const secret = PREFIX + randomBytes(SECRET_BYTES).toString('base64');
    return { secret, sealed: await this.keys.sealFor(tenantId, Buffer.from(secret), placeOf(endpointId)) };
  }

  async open(tenantId: TenantId, endpointId: string, sealed: SealedSecret): Promise<string> {
    const { keyVersion, ciphertext } = sealed;
    return (await this.keys.openFor(tenantId, keyVersion, ciphertext, placeOf(endpointId))).toString();
  }
}

const placeOf = (endpointId: string) => `webhook-secret/${endpointId}`;

const sealedIn = (what: string, ciphertext: string, keyVersion: string): SealedColumn => ({
  what,
  table: 'webhook_endpoints',
  id: 'id',
  ciphertext,
  keyVersion,
  place: ['id'],
  associatedData: ([id = '']) => placeOf(id),
});

/** For rotations of keys: the secret that signs, and the one before it. */
export const SEALED_WEBHOOK_SECRETS: readonly SealedColumn[] = [
  sealedIn('webhook secrets', 'secret_ciphertext', 'secret_key_version'),
  sealedIn('older webhook secrets', 'old_secret_ciphertext', 'old_secret_key_version'),
];
