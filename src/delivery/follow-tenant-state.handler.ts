import { Injectable, Logger } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { DispatcherDatabase } from '../platform/database/index.js';
import { TenantStateChanged } from '../tenants/index.js';
import { TENANTS_CHANNEL } from './delivery.queues.js';
import { FanOut } from './fan-out.service.js';
import { LaneRepository } from './lane.repository.js';

/** A suspended tenant's lanes end within a slice, in whatever process they are driven; a resumed one's go on at once. */
@Injectable()
export class FollowTenantState {
  private readonly logger = new Logger('FollowTenantState');
  private readonly lanes: LaneRepository;

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly fanOut: FanOut,
  ) {
    this.lanes = new LaneRepository(database);
  }

  @OnEvent(TenantStateChanged.topic)
  async handle({ tenantId, state }: TenantStateChanged): Promise<void> {
    try {
      if (state === 'suspended')
        await this.database.query('SELECT pg_notify($1, $2)', [TENANTS_CHANNEL, tenantId]);
      else await this.fanOut.wakeLanes(await this.lanes.findDueOfTenant(tenantId));
    } catch (error) {
      this.logger.warn(`the lanes hear of it within seconds all the same: ${String(error)}`);
    }
  }
}
