import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { Configuration } from '../config/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, invalidField, notFound } from '../platform/errors/index.js';
import { type Page, pageOf, type PageQuery } from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import { type AuditEntry, AuditLog } from '../tenants/index.js';
import { ManualSends } from './manual-sends.service.js';
import { WebhookSecrets } from './webhook-secrets.js';
import {
  type ChangeWebhook,
  type CreatedWebhookView,
  type CreateWebhook,
  type WebhookDeliveryDetails,
  type WebhookDeliveryParameters,
  type WebhookDeliveryQuery,
  type WebhookDeliveryView,
  type WebhookView,
} from './webhook.dto.js';
import { findTargetProblem } from './webhook.rules.js';
import { bodyOf } from './webhook-body.js';
import { type DeliveryRow, type EndpointRow, WebhooksRepository } from './webhooks.repository.js';

/** Each fact is written once for each of them. */
const MOST_ENDPOINTS = 20;

/** A tenant's webhooks as its admins manage them. */
@Injectable()
export class WebhooksService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly repository: WebhooksRepository,
    private readonly secrets: WebhookSecrets,
    private readonly manualSends: ManualSends,
    private readonly audit: AuditLog,
    private readonly configuration: Configuration,
  ) {}

  /** The answer has a secret, so it is never kept for who repeats the request. */
  async create(caller: Caller, input: CreateWebhook): Promise<CreatedWebhookView> {
    const { tenantId } = caller;
    this.assertTarget(input.url);
    const id = await this.database.run(tenantId, (manager) => this.repository.makeId(manager));
    const { secret, sealed } = await this.secrets.make(tenantId, id);
    return this.database.run(tenantId, async (manager) => {
      if ((await this.repository.countForInsert(manager, tenantId)) >= MOST_ENDPOINTS) {
        throw conflict(
          'too_many_webhooks',
          `A tenant has at most ${MOST_ENDPOINTS} webhooks; delete one that you no longer need.`,
        );
      }
      const row = await this.repository.insert(manager, tenantId, {
        id,
        url: input.url,
        description: input.description ?? '',
        events: input.events,
        secret: sealed,
      });
      await this.record(manager, caller, 'webhook.created', id, {
        host: hostOf(input.url),
        events: input.events.join(', '),
      });
      return { ...view(row), secret };
    });
  }

  async findPage(caller: Caller, query: PageQuery): Promise<Page<WebhookView>> {
    return this.database.run(caller.tenantId, async (manager) =>
      pageOf(await this.repository.findPage(manager, query), query, view),
    );
  }

  read(caller: Caller, id: string): Promise<WebhookView> {
    return this.database.run(caller.tenantId, async (manager) => view(await this.find(manager, id)));
  }

  async change(caller: Caller, id: string, change: ChangeWebhook): Promise<WebhookView> {
    if (change.url !== undefined) this.assertTarget(change.url);
    return this.database.run(caller.tenantId, async (manager) => {
      const before = await this.lock(manager, id);
      await this.repository.change(manager, id, change);
      if (change.isEnabled !== undefined && change.isEnabled !== (before.state === 'enabled')) {
        const [state, reason] = change.isEnabled
          ? (['enabled', null] as const)
          : (['disabled', 'by_member'] as const);
        await this.repository.setState(manager, id, state, reason);
      }
      const changed = view(await this.find(manager, id));
      await this.record(manager, caller, 'webhook.changed', id, describeChange(before, change));
      return changed;
    });
  }

  /** What waits for it goes with it. */
  async delete(caller: Caller, id: string): Promise<void> {
    await this.database.run(caller.tenantId, async (manager) => {
      const { url } = await this.lock(manager, id);
      await this.repository.delete(manager, id);
      await this.record(manager, caller, 'webhook.deleted', id, { host: hostOf(url) });
    });
  }

  /** A new secret; the one before signs as well for a day, so that nothing is refused meanwhile. */
  async rotateSecret(caller: Caller, id: string): Promise<CreatedWebhookView> {
    await this.read(caller, id);
    const { secret, sealed } = await this.secrets.make(caller.tenantId, id);
    return this.database.run(caller.tenantId, async (manager) => {
      await this.lock(manager, id);
      await this.repository.rotateSecret(manager, id, sealed);
      const rotated = view(await this.find(manager, id));
      await this.record(manager, caller, 'webhook.secret_rotated', id);
      return { ...rotated, secret };
    });
  }

  /** Sends `webhook.test`, whatever events it is told of otherwise. */
  async test(caller: Caller, id: string): Promise<WebhookDeliveryView> {
    await this.read(caller, id);
    await this.manualSends.admit(caller.tenantId, id);
    return this.database.run(caller.tenantId, async (manager) => {
      assertEnabled(await this.lock(manager, id));
      const row = await this.repository.insertTest(manager, caller.tenantId, id);
      await this.record(manager, caller, 'webhook.tested', id, { deliveryId: row.id });
      return viewDelivery(row);
    });
  }

  findDeliveries(
    caller: Caller,
    id: string,
    query: WebhookDeliveryQuery,
  ): Promise<Page<WebhookDeliveryView>> {
    return this.database.run(caller.tenantId, async (manager) => {
      await this.find(manager, id);
      return pageOf(await this.repository.findDeliveries(manager, id, query), query, viewDelivery);
    });
  }

  readDelivery(
    caller: Caller,
    { id, deliveryId }: WebhookDeliveryParameters,
  ): Promise<WebhookDeliveryDetails> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.findDelivery(manager, id, deliveryId);
      const attempts = await this.repository.findAttempts(manager, deliveryId);
      return {
        ...viewDelivery(row),
        body: bodyOf(row),
        log: attempts.map(({ at, ...attempt }) => ({ at: at.toISOString(), ...attempt })),
      };
    });
  }

  /** Sends it again under the same id, so that whoever got it before can tell. */
  async resend(caller: Caller, { id, deliveryId }: WebhookDeliveryParameters): Promise<WebhookDeliveryView> {
    await this.read(caller, id);
    await this.manualSends.admit(caller.tenantId, id);
    return this.database.run(caller.tenantId, async (manager) => {
      assertEnabled(await this.lock(manager, id));
      await this.findDelivery(manager, id, deliveryId);
      await this.repository.sendAgain(manager, deliveryId);
      const row = await this.findDelivery(manager, id, deliveryId);
      await this.record(manager, caller, 'webhook.resent', id, { deliveryId });
      return viewDelivery(row);
    });
  }

  private assertTarget(url: string): void {
    const problem = findTargetProblem(url, this.configuration.settings.WEBHOOK_PRIVATE_TARGETS);
    if (problem !== undefined) throw invalidField('url', 'forbidden_target', problem);
  }

  private record(
    manager: EntityManager,
    { actor }: Caller,
    action: string,
    id: string,
    details: NonNullable<AuditEntry['details']> = {},
  ): Promise<void> {
    return this.audit.record(manager, { actor, action, subject: { kind: 'webhook', id }, details });
  }

  private async find(manager: EntityManager, id: string): Promise<EndpointRow> {
    const row = await this.repository.find(manager, id);
    if (!row) throw notFound('webhook');
    return row;
  }

  private async lock(manager: EntityManager, id: string): Promise<EndpointRow> {
    const row = await this.repository.lock(manager, id);
    if (!row) throw notFound('webhook');
    return row;
  }

  private async findDelivery(manager: EntityManager, id: string, deliveryId: string): Promise<DeliveryRow> {
    const row = await this.repository.findDelivery(manager, id, deliveryId);
    if (!row) throw notFound('delivery of this webhook');
    return row;
  }
}

function assertEnabled({ state }: EndpointRow): void {
  if (state === 'enabled') return;
  throw conflict('webhook_disabled', 'This webhook is disabled; enable it first (isEnabled: true).');
}

/** Paths and queries of addresses may have secrets, so the log has the host alone. */
const hostOf = (url: string): string => new URL(url).host;

function describeChange(
  before: EndpointRow,
  { url, events, isEnabled, ...others }: ChangeWebhook,
): NonNullable<AuditEntry['details']> {
  return {
    fields: Object.keys({ ...(url !== undefined && { url }), ...(events && { events }), ...others }).join(
      ', ',
    ),
    ...(url !== undefined && { hostFrom: hostOf(before.url), hostTo: hostOf(url) }),
    ...(events && { eventsFrom: before.events.join(', '), eventsTo: events.join(', ') }),
    ...(isEnabled !== undefined && { isEnabled }),
  };
}

function view(row: EndpointRow): WebhookView {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    events: row.events,
    isEnabled: row.state === 'enabled',
    disabledReason: row.stateReason,
    failingSince: row.failingSince?.toISOString() ?? null,
    oldSecretUntil: row.oldSecretUntil?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
  };
}

function viewDelivery(row: DeliveryRow): WebhookDeliveryView {
  return {
    id: row.id,
    event: row.event,
    state: row.state,
    attempts: row.attempts,
    nextAttemptAt: row.state === 'waiting' ? row.nextAttemptAt.toISOString() : null,
    createdAt: row.createdAt.toISOString(),
  };
}
