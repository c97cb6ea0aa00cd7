import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Repeater } from '../platform/clock/index.js';
import { ClockWatch } from '../platform/clock-watch/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { FollowUpsRepository } from './follow-ups.repository.js';
import { FollowUps } from './follow-ups.service.js';

const LOOK_EVERY_MS = 1_000;
const REST_AFTER_FAILURE_MS = 60_000;
/** Begun by one look; the others by the next. */
const MOST_AT_ONCE = 200;

/** Carries out what follows broadcasts once its time has come, in as many processes as there are. */
@Injectable()
export class FollowUpStarter implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(FollowUpStarter.name);
  private readonly looking = new Repeater(LOOK_EVERY_MS, () => this.look(), this.logger);

  constructor(
    private readonly tenants: TenantDatabase,
    private readonly repository: FollowUpsRepository,
    private readonly followUps: FollowUps,
    private readonly clocks: ClockWatch,
  ) {}

  onApplicationBootstrap(): void {
    this.looking.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.looking.stop();
  }

  /** One that fails is tried again later, and keeps no other from its turn. */
  private async look(): Promise<void> {
    // What is deleted before its time doesn't come back.
    if (!(await this.clocks.look())) return;
    const due = await this.repository.findDue(MOST_AT_ONCE);
    for (const { id, tenantId } of due) {
      try {
        await this.tenants.run(tenantId, (manager) => this.followUps.carryOut(manager, tenantId, id));
      } catch (error) {
        this.logger.error(error, `follow-up ${id} could not be carried out and will be tried again`);
        await this.tenants.run(tenantId, (manager) =>
          this.repository.leaveAlone(manager, id, REST_AFTER_FAILURE_MS),
        );
      }
    }
    if (due.length === MOST_AT_ONCE) this.looking.hurry();
  }
}
