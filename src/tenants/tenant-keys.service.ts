import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { Configuration } from '../config/index.js';
import { ExpiringCache } from '../platform/cache/index.js';
import { Clock } from '../platform/clock/index.js';
import { KeyRing, seal, unseal } from '../platform/crypto/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { TenantKeysRepository, type WrappedKey } from './tenant-keys.repository.js';

/** A tenant's secret as it is stored. */
export interface SealedSecret {
  readonly ciphertext: Buffer;
  /** Version of the tenant's key that sealed it. */
  readonly keyVersion: number;
}

/** Unwrapped keys that a process keeps at hand: one a tenant, 32 bytes each, so that a lane doesn't ask at each start. */
const CACHE_BOUNDS = { capacity: 5_000, maxAgeMs: 10 * 60_000 };

/**
 * Envelope encryption of tenants' secrets (bot tokens): each tenant has a key of its own, stored wrapped by
 * ENCRYPTION_KEY, which is not in the database. What is sealed is bound to its tenant, the key's version and its place.
 */
@Injectable()
export class TenantKeys {
  private readonly wrappingKeys: KeyRing;
  private readonly cache: ExpiringCache<string, Buffer>;

  constructor(
    private readonly repository: TenantKeysRepository,
    configuration: Configuration,
    clock: Clock,
  ) {
    this.wrappingKeys = new KeyRing(configuration.secrets, 'tenant-data-keys');
    this.cache = new ExpiringCache(clock, CACHE_BOUNDS);
  }

  /** Makes the first key of a tenant, in the transaction that makes the tenant. */
  createFor(client: PoolClient, tenantId: TenantId): Promise<void> {
    return this.insertKey(client, tenantId, 1);
  }

  /** Makes the next key of a tenant; from its commit on, what is sealed is sealed with it. The older ones still open. */
  async renewFor(client: PoolClient, tenantId: TenantId): Promise<void> {
    const newest = await this.repository.lockNewestVersion(client, tenantId);
    // Without any, the tenant was deleted meanwhile.
    if (newest !== undefined) await this.insertKey(client, tenantId, newest + 1);
  }

  /** @returns the key wrapped by today's ENCRYPTION_KEY; undefined where it is already */
  rewrap(tenantId: TenantId, { version, wrappedKey }: WrappedKey): Buffer | undefined {
    const place = placeOfKey(tenantId, version);
    const { plaintext, isCurrent } = this.wrappingKeys.unseal(wrappedKey, place);
    return isCurrent ? undefined : this.wrappingKeys.seal(plaintext, place);
  }

  /**
   * @param associatedData the place of the secret, such as `bot-token/<bot id>`; it opens nowhere else
   * @throws Error when the tenant has no key, or ENCRYPTION_KEY isn't the one that wrapped it
   */
  async sealFor(tenantId: TenantId, plaintext: Buffer, associatedData: string): Promise<SealedSecret> {
    const { key, version } = await this.load(tenantId, undefined);
    const ciphertext = seal(key, plaintext, placeOfSecret(tenantId, version, associatedData));
    return { ciphertext, keyVersion: version };
  }

  /** @throws Error when the key, the ciphertext or its place is not the one that sealed it */
  async openFor(
    tenantId: TenantId,
    keyVersion: number,
    ciphertext: Buffer,
    associatedData: string,
  ): Promise<Buffer> {
    const key = this.cache.get(`${tenantId}/${keyVersion}`) ?? (await this.load(tenantId, keyVersion)).key;
    return unseal(key, ciphertext, placeOfSecret(tenantId, keyVersion, associatedData));
  }

  private async insertKey(client: PoolClient, tenantId: TenantId, version: number): Promise<void> {
    const wrappedKey = this.wrappingKeys.seal(randomBytes(32), placeOfKey(tenantId, version));
    await this.repository.insert(client, tenantId, { version, wrappedKey });
  }

  private async load(
    tenantId: TenantId,
    wantedVersion: number | undefined,
  ): Promise<{ key: Buffer; version: number }> {
    const wrapped = await this.repository.find(tenantId, wantedVersion);
    if (!wrapped) throw new Error(`Tenant ${tenantId} has no data key ${wantedVersion ?? ''}`.trimEnd());
    const { version, wrappedKey } = wrapped;
    const { plaintext: key } = this.wrappingKeys.unseal(wrappedKey, placeOfKey(tenantId, version));
    this.cache.set(`${tenantId}/${version}`, key);
    return { key, version };
  }
}

const placeOfKey = (tenantId: TenantId, version: number) => `tenant-data-key/${tenantId}/${version}`;
const placeOfSecret = (tenantId: TenantId, version: number, associatedData: string) =>
  `${tenantId}/${version}/${associatedData}`;
