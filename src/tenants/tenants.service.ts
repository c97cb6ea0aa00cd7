import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase, TenantDatabase } from '../platform/database/index.js';
import { conflict } from '../platform/errors/index.js';
import { asTenantId, type Caller, type MemberCaller, type UserId } from '../platform/identity/index.js';
import { type AuditEntry, AuditLog } from './audit/audit-log.js';
import { type ChangeTenant, type CreateTenant, type TenantView } from './tenant.dto.js';
import { type Tenant } from './tenant.entity.js';
import { TenantKeys } from './tenant-keys.service.js';
import { Quotas } from './plans/quotas.service.js';
import { type Membership, TenantsRepository } from './tenants.repository.js';
import { TimeZoneChanges } from './time-zone-changes.js';

/** More than an agency's customers of a kind, few enough that nobody fills the installation alone. */
const TENANTS_PER_PERSON = 20;

@Injectable()
export class TenantsService implements OnModuleInit {
  constructor(
    private readonly database: TenantDatabase,
    private readonly repository: TenantsRepository,
    private readonly keys: TenantKeys,
    private readonly dispatcher: DispatcherDatabase,
    private readonly audit: AuditLog,
    private readonly quotas: Quotas,
    private readonly timeZones: TimeZoneChanges,
  ) {}

  onModuleInit(): void {
    this.quotas.register('members', (manager) => this.repository.countMembers(manager));
  }

  /** Makes a tenant with its owner and its data key, all in the transaction of the one who signs up. */
  async create(
    client: PoolClient,
    tenant: Pick<Tenant, 'name' | 'language' | 'timeZone'>,
    ownerId: UserId,
  ): Promise<Tenant> {
    const made = await this.repository.insert(client, tenant, ownerId);
    await this.keys.createFor(client, asTenantId(made.id));
    return made;
  }

  /** Makes one more tenant of a person who has an account; their session goes on in the tenant that it acts in. */
  createAnother({ actor }: MemberCaller, input: CreateTenant): Promise<TenantView> {
    return this.dispatcher.transaction(async (client) => {
      if ((await this.repository.lockAndCountOwned(client, actor.userId)) >= TENANTS_PER_PERSON) {
        throw conflict(
          'too_many_tenants',
          `One person owns at most ${TENANTS_PER_PERSON} tenants; delete one, or give its ownership away.`,
        );
      }
      const made = await this.create(client, input, actor.userId);
      await this.audit.recordFor(client, asTenantId(made.id), { actor, action: 'tenant.created' });
      return viewTenant(made);
    });
  }

  /** All tenants of a person, the one joined first coming first. */
  membershipsOf(userId: UserId): Promise<Membership[]> {
    return this.repository.findMemberships(userId);
  }

  read(caller: Caller): Promise<TenantView> {
    return this.database.run(caller.tenantId, async (manager) =>
      viewTenant(await this.repository.findByIdOrThrow(manager, caller.tenantId)),
    );
  }

  change(caller: Caller, change: ChangeTenant): Promise<TenantView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const before = await this.repository.findByIdOrThrow(manager, caller.tenantId);
      await this.repository.change(manager, caller.tenantId, change);
      const after = await this.repository.findByIdOrThrow(manager, caller.tenantId);
      if (before.timeZone !== after.timeZone) await this.timeZones.follow(manager);
      await this.audit.record(manager, {
        actor: caller.actor,
        action: 'tenant.changed',
        details: describeChange(before, after),
      });
      return viewTenant(after);
    });
  }
}

/** A name may be a person's, so that it changed is all that the log has of it. */
function describeChange(before: Tenant, after: Tenant): NonNullable<AuditEntry['details']> {
  return {
    ...(before.name !== after.name && { isNameChanged: true }),
    ...(before.language !== after.language && { languageFrom: before.language, languageTo: after.language }),
    ...(before.timeZone !== after.timeZone && { timeZoneFrom: before.timeZone, timeZoneTo: after.timeZone }),
  };
}

export function viewTenant(tenant: Tenant): TenantView {
  const { id, name, language, timeZone, state, createdAt } = tenant;
  return { id, name, language, timeZone, state, createdAt: createdAt.toISOString() };
}
