import { Injectable, Logger } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { DispatcherDatabase } from '../platform/database/index.js';
import { TenantStateChanged } from '../tenants/index.js';
import { TENANTS_CHANNEL } from './delivery.queues.js';
import { FanOut } from './fan-out.service.js';

/** A suspended tenant's lanes end within a slice, in whatever process they are driven; a resumed one's go on at once. */
@Injectable()
export class FollowTenantState {
  private readonly logger = new Logger('FollowTenantState');

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly fanOut: FanOut,
  ) {}

  @OnEvent(TenantStateChanged.topic)
  async handle({ tenantId, state }: TenantStateChanged): Promise<void> {
    try {
      if (state === 'suspended')
        await this.database.query('SELECT pg_notify($1, $2)', [TENANTS_CHANNEL, tenantId]);
      else await this.fanOut.wakeLanesOf(tenantId);
    } catch (error) {
      this.logger.warn(`the lanes hear of it within seconds all the same: ${String(error)}`);
    }
  }
}
