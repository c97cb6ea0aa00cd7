import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { Repeater } from '../platform/clock/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { AuditLog } from '../tenants/index.js';
import { bodyOf } from './webhook-body.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { type ClaimedDelivery, WebhookSendingRepository } from './webhook-sending.repository.js';
import { type Attempt, WebhookWire } from './webhook-wire.js';
import { DISABLED_AFTER_FAILING_HOURS, retryAfterSeconds } from './webhook.rules.js';
import { type DeliveryRow, type EndpointRow, WebhooksRepository } from './webhooks.repository.js';

const LOOK_EVERY_MS = 1_000;
/** Attempts of one process at the same time. */
const MOST_AT_ONCE = 32;

/** Sends what is due: claimed by a lease, tried again later where it didn't arrive, given up after days. */
@Injectable()
export class WebhookSender implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(WebhookSender.name);
  private readonly looking = new Repeater(LOOK_EVERY_MS, () => this.look(), this.logger);
  private readonly underWay = new Map<ClaimedDelivery, Promise<void>>();

  constructor(
    private readonly sending: WebhookSendingRepository,
    private readonly database: TenantDatabase,
    private readonly repository: WebhooksRepository,
    private readonly secrets: WebhookSecrets,
    private readonly wire: WebhookWire,
    private readonly audit: AuditLog,
  ) {}

  onApplicationBootstrap(): void {
    this.looking.start();
  }

  /** What was begun is brought to its end, while the database is still there. */
  async onModuleDestroy(): Promise<void> {
    await this.looking.stop();
    await Promise.all(this.underWay.values());
  }

  private async look(): Promise<void> {
    const free = MOST_AT_ONCE - this.underWay.size;
    if (free <= 0) return;
    for (const claimed of await this.sending.claim(free, this.underWay.keys())) {
      const sending = this.send(claimed)
        .catch((error: unknown) => this.logger.warn(`webhook delivery ${claimed.id}: ${String(error)}`))
        .finally(() => {
          this.underWay.delete(claimed);
          this.looking.hurry();
        });
      this.underWay.set(claimed, sending);
    }
  }

  private async send({ id, tenantId, endpointId }: ClaimedDelivery): Promise<void> {
    const found = await this.database.run(tenantId, async (manager) => {
      const endpoint = await this.repository.find(manager, endpointId);
      const delivery = await this.repository.findDelivery(manager, endpointId, id);
      return endpoint && delivery && { endpoint, delivery };
    });
    if (!found) return;
    const { endpoint, delivery } = found;
    const sealed = [endpoint.secret, ...(endpoint.oldSecret ? [endpoint.oldSecret] : [])];
    const secrets = await Promise.all(sealed.map((one) => this.secrets.open(tenantId, endpointId, one)));
    const attempt = await this.wire.post(endpoint.url, id, JSON.stringify(bodyOf(delivery)), secrets);
    await this.database.run(tenantId, async (manager) => {
      await this.repository.recordAttempt(manager, tenantId, id, attempt);
      await this.settle(manager, endpoint, delivery, attempt);
    });
  }

  private async settle(
    manager: EntityManager,
    endpoint: EndpointRow,
    delivery: DeliveryRow,
    attempt: Attempt,
  ): Promise<void> {
    if (attempt.isTaken) {
      await this.repository.settle(manager, delivery.id, 'delivered');
      await this.repository.noteArrival(manager, endpoint.id);
      return;
    }
    const afterSeconds = retryAfterSeconds(delivery.attempts + 1);
    if (afterSeconds === undefined) await this.repository.settle(manager, delivery.id, 'failed');
    else await this.repository.retryLater(manager, delivery.id, afterSeconds);
    const failingHours = await this.repository.noteFailure(manager, endpoint.id);
    if (failingHours < DISABLED_AFTER_FAILING_HOURS || endpoint.state === 'disabled') return;
    await this.repository.setState(manager, endpoint.id, 'disabled', 'nothing_arrived_for_days');
    await this.audit.record(manager, {
      actor: { kind: 'system' },
      action: 'webhook.disabled',
      subject: { kind: 'webhook', id: endpoint.id },
      details: { failingHours: Math.floor(failingHours) },
    });
  }
}
