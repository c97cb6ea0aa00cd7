import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { TenantDatabase } from '../../platform/database/index.js';
import { type Caller, type TenantId } from '../../platform/identity/index.js';
import { AuditLog } from '../../tenants/index.js';
import { LONGEST_RETENTION_DAYS, type Retention } from './retention.dto.js';

/** How long a tenant wants its reports kept. */
@Injectable()
export class RetentionService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly audit: AuditLog,
  ) {}

  read({ tenantId }: Caller): Promise<Retention> {
    return this.database.run(tenantId, async (manager) => ({ days: await this.find(manager, tenantId) }));
  }

  change({ tenantId, actor }: Caller, { days }: Retention): Promise<Retention> {
    return this.database.run(tenantId, async (manager) => {
      const before = await this.find(manager, tenantId);
      await manager.query('UPDATE tenants SET retention_days = $2 WHERE id = $1', [tenantId, days]);
      const details = { from: before, to: days };
      await this.audit.record(manager, { actor, action: 'tenant.retention_changed', details });
      return { days };
    });
  }

  private async find(manager: EntityManager, tenantId: TenantId): Promise<number> {
    const [row] = await manager.query<{ days: number | null }[]>(
      'SELECT retention_days AS days FROM tenants WHERE id = $1',
      [tenantId],
    );
    return row?.days ?? LONGEST_RETENTION_DAYS;
  }
}
