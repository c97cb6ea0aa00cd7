import { Injectable, Logger } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type EntityManager } from 'typeorm';
import { AccessChanges } from '../../platform/access/index.js';
import { ExpiringCache, LoadingCache } from '../../platform/cache/index.js';
import { Clock } from '../../platform/clock/index.js';
import { isSameHash, randomSecret, sha256 } from '../../platform/crypto/index.js';
import { TenantDatabase } from '../../platform/database/index.js';
import { conflict, notFound } from '../../platform/errors/index.js';
import { idBefore, type Page, pageOf, type PageQuery } from '../../platform/http/index.js';
import { type MemberCaller, type UserId } from '../../platform/identity/index.js';
import { type AuditEntry, AuditLog, MembersService } from '../../tenants/index.js';
import { type ApiKeyView, type CreateApiKey, type CreatedApiKey } from './api-key.dto.js';
import { readApiKey, writeApiKey } from './api-key.rules.js';
import { type ApiKeyRow, ApiKeysRepository, type StoredApiKey } from './api-keys.repository.js';

const KEYS_PER_TENANT = 50;
/** A key that another process deleted is heard of at once; should that hint get lost, this long after. */
const STORED_BOUNDS = { capacity: 10_000, maxAgeMs: 10_000 };
const USE_BOUNDS = { capacity: 10_000, maxAgeMs: 60_000 };

interface KnownApiKey extends StoredApiKey {
  readonly expiresAtMs: number;
}

/** Keys with which programs act for a tenant. Only a hash is kept: the secret has 256 random bits, so a quick one does. */
@Injectable()
export class ApiKeysService {
  private readonly logger = new Logger('api-keys');
  private readonly known: LoadingCache<string, KnownApiKey | undefined>;
  private readonly used: ExpiringCache<string, true>;

  constructor(
    private readonly repository: ApiKeysRepository,
    private readonly database: TenantDatabase,
    private readonly members: MembersService,
    private readonly audit: AuditLog,
    private readonly accessChanges: AccessChanges,
    private readonly clock: Clock,
  ) {
    this.known = new LoadingCache(clock, STORED_BOUNDS, (id) => this.load(id));
    this.used = new ExpiringCache(clock, USE_BOUNDS);
    members.beforeGoing((manager, caller, userId) => this.revokeOfMember(manager, caller, userId));
  }

  create(caller: MemberCaller, input: CreateApiKey): Promise<CreatedApiKey> {
    const { tenantId, actor } = caller;
    const secret = randomSecret();
    const scopes = [...new Set(input.scopes)].sort();
    return this.database.run(tenantId, async (manager) => {
      if ((await this.repository.count(manager)) >= KEYS_PER_TENANT) {
        throw conflict('too_many_keys', `A tenant has at most ${KEYS_PER_TENANT} keys; delete one first.`);
      }
      const role = await this.members.findRole(manager, tenantId, actor.userId);
      const row = await this.repository.insert(manager, tenantId, {
        name: input.name,
        scopes,
        role,
        createdBy: actor.userId,
        secretHash: sha256(secret),
        expiresInDays: input.expiresInDays,
      });
      await this.audit.record(manager, {
        actor,
        action: 'api_key.created',
        subject: { kind: 'api_key', id: row.id },
        details: { scopes: scopes.join(' '), role },
      });
      return { ...viewApiKey(row), key: writeApiKey(row.id, secret) };
    });
  }

  list(caller: MemberCaller, query: PageQuery): Promise<Page<ApiKeyView>> {
    return this.database.run(caller.tenantId, async (manager) =>
      pageOf(await this.repository.findPage(manager, idBefore(query), query.limit + 1), query, viewApiKey),
    );
  }

  delete({ tenantId, actor }: MemberCaller, id: string): Promise<void> {
    return this.database.run(tenantId, async (manager) => {
      if (!(await this.repository.findById(manager, id))) throw notFound('API key');
      await this.repository.delete(manager, id);
      await this.audit.record(manager, {
        actor,
        action: 'api_key.deleted',
        subject: { kind: 'api_key', id },
      });
      await this.accessChanges.announce(manager, id);
    });
  }

  /** @returns undefined for what is no key, or one that expired or was deleted: nobody learns which */
  async findByKey(key: string): Promise<StoredApiKey | undefined> {
    const shown = readApiKey(key);
    if (!shown) return undefined;
    const stored = await this.findById(shown.id);
    if (!stored) return undefined;
    if (!isSameHash(sha256(shown.secret), stored.secretHash)) return undefined;
    await this.noteUse(stored.id);
    return stored;
  }

  /** For whom showed the key before. @returns undefined for one that expired or was deleted */
  async findById(id: string): Promise<StoredApiKey | undefined> {
    const stored = await this.known.get(id);
    return stored && stored.expiresAtMs > this.clock.monotonicMs() ? stored : undefined;
  }

  /** Revokes a person's keys in every tenant, within the caller's transaction, with an entry in each audit log. */
  async revokeAllOf(client: PoolClient, userId: UserId): Promise<void> {
    for (const { id, tenantId } of await this.repository.deleteEverywhere(client, userId)) {
      await this.audit.recordFor(client, tenantId, revocation(id, { kind: 'system' }));
      await this.accessChanges.announce(client, id);
    }
  }

  /** @param id of a key, its maker or a tenant that may not be what it was */
  forget(id: string): void {
    this.known.forgetWhere((key) => key?.id === id || key?.tenantId === id || key?.makerId === id);
  }

  /** Who goes takes their keys along. */
  private async revokeOfMember(
    manager: EntityManager,
    { actor }: MemberCaller,
    userId: UserId,
  ): Promise<void> {
    for (const id of await this.repository.deleteOfMember(manager, userId)) {
      await this.audit.record(manager, revocation(id, actor));
      await this.accessChanges.announce(manager, id);
    }
  }

  private async load(id: string): Promise<KnownApiKey | undefined> {
    const stored = await this.repository.findStored(id);
    if (!stored) return undefined;
    return { ...stored, expiresAtMs: this.clock.monotonicMs() + (stored.secondsLeft ?? Infinity) * 1_000 };
  }

  private async noteUse(id: string): Promise<void> {
    if (this.used.get(id)) return;
    this.used.set(id, true);
    try {
      await this.repository.noteUse(id);
    } catch (error) {
      this.logger.warn(`the use of key ${id} was not noted: ${String(error)}`);
    }
  }
}

function revocation(id: string, actor: AuditEntry['actor']): AuditEntry {
  return { actor, action: 'api_key.revoked', subject: { kind: 'api_key', id } };
}

function viewApiKey({ createdAt, expiresAt, lastUsedAt, ...row }: ApiKeyRow): ApiKeyView {
  return {
    ...row,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  };
}
