import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { type UserId } from '../../platform/identity/index.js';
import { AuditLog } from '../../tenants/index.js';
import { SupportAccessesRepository } from '../support/support-accesses.repository.js';
import { OperatorsRepository } from './operators.repository.js';

/** What somebody has open as an operator: sessions, and looks into tenants. */
@Injectable()
export class OperatorAccess {
  constructor(
    private readonly operators: OperatorsRepository,
    private readonly accesses: SupportAccessesRepository,
    private readonly audit: AuditLog,
  ) {}

  /** Ends all of it, for a person who may be no operator at all. */
  async end(client: PoolClient, userId: UserId): Promise<void> {
    await this.operators.endSessionsOf(client, userId);
    await this.endLooks(client, userId);
  }

  /** Ends the looks, each with an entry in its tenant's audit log. */
  async endLooks(client: PoolClient, userId: UserId): Promise<void> {
    for (const { id, tenantId } of await this.accesses.endAllOf(client, userId)) {
      await this.audit.recordFor(client, tenantId, {
        actor: { kind: 'operator', userId },
        action: 'support_access.ended',
        subject: { kind: 'support_access', id },
      });
    }
  }
}
