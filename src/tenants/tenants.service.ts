import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { TenantDatabase } from '../platform/database/index.js';
import { idBefore, type Page, pageOf, type PageQuery } from '../platform/http/index.js';
import { asTenantId, type Caller, type UserId } from '../platform/identity/index.js';
import { type ChangeTenant, type MemberView, type TenantView } from './tenant.dto.js';
import { type Tenant } from './tenant.entity.js';
import { TenantKeys } from './tenant-keys.service.js';
import { Quotas } from './plans/quotas.service.js';
import { type Membership, TenantsRepository } from './tenants.repository.js';

@Injectable()
export class TenantsService implements OnModuleInit {
  constructor(
    private readonly database: TenantDatabase,
    private readonly repository: TenantsRepository,
    private readonly keys: TenantKeys,
    private readonly quotas: Quotas,
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
      await this.repository.change(manager, caller.tenantId, change);
      return viewTenant(await this.repository.findByIdOrThrow(manager, caller.tenantId));
    });
  }

  listMembers(caller: Caller, query: PageQuery): Promise<Page<MemberView>> {
    return this.database.run(caller.tenantId, async (manager) => {
      const rows = await this.repository.findMembers(
        manager,
        caller.tenantId,
        idBefore(query),
        query.limit + 1,
      );
      return pageOf(rows, query, (row) => ({ ...row, joinedAt: row.joinedAt.toISOString() }));
    });
  }
}

export function viewTenant(tenant: Tenant): TenantView {
  const { id, name, language, timeZone, state, createdAt } = tenant;
  return { id, name, language, timeZone, state, createdAt: createdAt.toISOString() };
}
