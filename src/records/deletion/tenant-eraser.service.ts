import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BotDepartures } from '../../bots/index.js';
import { Repeater } from '../../platform/clock/index.js';
import { ClockWatch } from '../../platform/clock-watch/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { SandboxWorkspaces } from './sandbox-workspaces.js';
import { TenantDeletionsRepository } from './tenant-deletions.repository.js';
import { TenantRowsRepository } from './tenant-rows.repository.js';

const LOOK_EVERY_MS = 10_000;

/** Deletes tenants whose time has come. Each step may be repeated, so that a process may die anywhere. */
@Injectable()
export class TenantEraser implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(TenantEraser.name);
  private readonly looking = new Repeater(LOOK_EVERY_MS, () => this.look(), this.logger);
  private isStopping = false;

  constructor(
    private readonly deletions: TenantDeletionsRepository,
    private readonly rows: TenantRowsRepository,
    private readonly departures: BotDepartures,
    private readonly sandbox: SandboxWorkspaces,
    private readonly clocks: ClockWatch,
  ) {}

  onApplicationBootstrap(): void {
    this.looking.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    await this.looking.stop();
  }

  private async look(): Promise<void> {
    // Nobody's time has come by a clock that may be wrong.
    while (!this.isStopping && (await this.clocks.look())) {
      const tenantId = await this.deletions.claimDue();
      if (!tenantId) return;
      try {
        await this.erase(tenantId);
        this.logger.log(`tenant ${tenantId} is gone`);
      } catch (error) {
        // Somebody was still writing in its name, for example; what is gone stays gone.
        this.logger.warn(`tenant ${tenantId} is not gone yet and will be tried again: ${String(error)}`);
        await this.deletions.release(tenantId);
      }
    }
  }

  private async erase(tenantId: TenantId): Promise<void> {
    await this.departures.disconnectAll(tenantId);
    // While it can still be told whose members they are.
    await this.rows.deleteAccounts(tenantId);
    await this.rows.deleteAll(tenantId);
    // While there still is somebody to come back for, should the sandbox be away.
    await this.sandbox.erase(tenantId);
    await this.rows.deleteTenant(tenantId);
    // What somebody was still writing as the tenant went, into tables that no foreign key ties to it.
    await this.rows.deleteAll(tenantId);
  }
}
