import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type z } from 'zod';
import { AudienceService, type Audience } from '../audience/index.js';
import { MessageService, MessageUses } from '../messages/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { invalidField, notFound } from '../platform/errors/index.js';
import {
  idBefore,
  IdempotencyService,
  type IdempotentRequest,
  type Page,
  pageOf,
} from '../platform/http/index.js';
import { type Caller, type TenantId } from '../platform/identity/index.js';
import { InjectWakeQueue, WakeQueue } from '../platform/queue/index.js';
import { AuditLog, Quotas } from '../tenants/index.js';
import {
  type BroadcastQuery,
  type BroadcastReport,
  type broadcastSchema,
  type CreateBroadcast,
  type deliverySchema,
  type DeliveryQuery,
} from './broadcast.dto.js';
import {
  type AmbiguityPolicy,
  BroadcastRepository,
  type BroadcastRow,
  type DeliveryRow,
} from './broadcast.repository.js';
import { PLANS } from './delivery.queues.js';
import { DELIVERY_STATES } from './delivery.rules.js';

type Broadcast = z.output<typeof broadcastSchema>;
type Delivery = z.output<typeof deliverySchema>;

/** What a broadcast is started with. */
export interface BroadcastRequest {
  readonly messageId: string;
  readonly audience: Audience;
  readonly scheduleId?: string;
  /** The instant it was due; without it, now. */
  readonly dueAt?: Date;
  readonly ambiguityPolicy?: AmbiguityPolicy;
}

@Injectable()
export class BroadcastService implements OnModuleInit {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly repository: BroadcastRepository,
    private readonly messages: MessageService,
    private readonly messageUses: MessageUses,
    private readonly audience: AudienceService,
    private readonly audit: AuditLog,
    private readonly quotas: Quotas,
    @InjectWakeQueue(PLANS) private readonly plans: WakeQueue,
  ) {}

  /** What is being sent must stay, with its file. */
  onModuleInit(): void {
    this.quotas.register('deliveriesPerDay', (manager) => this.repository.countAcceptedToday(manager));
    this.messageUses.register(async (manager, messageId) =>
      (await this.repository.isSending(manager, messageId))
        ? 'A broadcast sends this message; wait until it has ended, or cancel it.'
        : undefined,
    );
  }

  /**
   * Starts a broadcast as part of the surrounding transaction; its planning is woken after the commit. Starting the
   * same occurrence twice gives the same broadcast.
   *
   * @throws ProblemError 402 `quota_exceeded`, before anything is written
   */
  async startInTransaction(
    manager: EntityManager,
    tenantId: TenantId,
    request: BroadcastRequest,
  ): Promise<{ id: string }> {
    return this.start(manager, tenantId, request);
  }

  /** Sends now. */
  create(caller: Caller, request: IdempotentRequest, input: CreateBroadcast): Promise<BroadcastReport> {
    return this.idempotency.run(caller, request, async (manager) => {
      await this.audience.assertExists(manager, input.audience);
      const messageId = await this.messages.choose(manager, caller.tenantId, input);
      const row = await this.start(manager, caller.tenantId, {
        messageId,
        audience: input.audience,
        ambiguityPolicy: input.ambiguityPolicy,
      });
      const report = await this.report(manager, row);
      await this.record(manager, caller, 'broadcast.started', row.id);
      return report;
    });
  }

  findPage(caller: Caller, query: BroadcastQuery): Promise<Page<Broadcast>> {
    return this.tenants.run(caller.tenantId, async (manager) => {
      const { state, scheduleId } = query;
      const filter = { ...(state && { state }), ...(scheduleId && { scheduleId }) };
      return pageOf(
        await this.repository.findPage(manager, idBefore(query), query.limit + 1, filter),
        query,
        present,
      );
    });
  }

  findById(caller: Caller, id: string): Promise<BroadcastReport> {
    return this.tenants.run(caller.tenantId, async (manager) =>
      this.report(manager, await this.findOrThrow(manager, id)),
    );
  }

  findDeliveries(caller: Caller, id: string, query: DeliveryQuery): Promise<Page<Delivery>> {
    return this.tenants.run(caller.tenantId, async (manager) => {
      const broadcast = await this.findOrThrow(manager, id);
      const rows = await this.repository.findDeliveries(manager, broadcast, query, {
        afterChatNo: chatNoAfter(query.cursor),
        limit: query.limit + 1,
      });
      const shown = rows.slice(0, query.limit);
      const last = rows.length > query.limit ? shown.at(-1) : undefined;
      return {
        items: shown.map(presentDelivery),
        nextCursor: last ? Buffer.from(last.chat_no).toString('base64url') : null,
      };
    });
  }

  /** Stops what has not left yet; what was sent stays sent, and the report says how many. */
  async cancel(caller: Caller, id: string): Promise<BroadcastReport> {
    const no = await this.tenants.run(caller.tenantId, async (manager) => {
      const row = await this.findOrThrow(manager, id);
      if (await this.repository.end(caller.tenantId, row.no, 'cancelled', 'by_member')) {
        await this.record(manager, caller, 'broadcast.cancelled', id);
      }
      return row.no;
    });
    await this.repository.cancelQueued(caller.tenantId, no);
    return this.findById(caller, id);
  }

  private record(manager: EntityManager, { actor }: Caller, action: string, id: string): Promise<void> {
    return this.audit.record(manager, { actor, action, subject: { kind: 'broadcast', id } });
  }

  private async start(
    manager: EntityManager,
    tenantId: TenantId,
    request: BroadcastRequest,
  ): Promise<BroadcastRow> {
    const { scheduleId = null, dueAt = null } = request;
    const expected = await this.expectAudience(manager, tenantId, request.audience);
    const inserted = await this.repository.insert(manager, tenantId, {
      messageId: request.messageId,
      audience: request.audience,
      scheduleId,
      dueAt,
      ambiguityPolicy: request.ambiguityPolicy ?? 'leave',
      expected,
    });
    if (inserted) {
      this.tenants.afterCommit(() => this.plans.wakeSoon([inserted.no]));
      return inserted;
    }
    const started =
      scheduleId && dueAt && (await this.repository.findByOccurrence(manager, scheduleId, dueAt));
    if (!started) throw new Error('A broadcast was neither started nor there already.');
    return started;
  }

  /**
   * A broadcast is refused whole, never half sent: its audience is counted before it is accepted, as far as the plan's
   * deliveries of the day reach. Whoever joins before it is planned comes on top.
   *
   * @returns the size of the audience; 0 where the plan has no limit, and nobody needs to count
   */
  private async expectAudience(
    manager: EntityManager,
    tenantId: TenantId,
    audience: Audience,
  ): Promise<number> {
    // New people are always met and answered; beyond the plan's chats it is the broadcasts that wait.
    await this.quotas.assertRoom(manager, tenantId, 'chats', 0);
    const room = Math.max(0, await this.quotas.findRoom(manager, tenantId, 'deliveriesPerDay'));
    if (room === Infinity) return 0;
    const expected = await this.audience.countUpTo(manager, audience, room + 1);
    if (expected > room) throw await this.quotas.excessOf(manager, tenantId, 'deliveriesPerDay');
    return expected;
  }

  private async findOrThrow(manager: EntityManager, id: string): Promise<BroadcastRow> {
    const row = await this.repository.findById(manager, id);
    if (!row) throw notFound('broadcast');
    return row;
  }

  private async report(manager: EntityManager, row: BroadcastRow): Promise<BroadcastReport> {
    const { byState, reasons, firstSendingAt, lastSettledAt } = await this.repository.count(manager, row);
    const tookMs = firstSendingAt && lastSettledAt ? lastSettledAt.getTime() - firstSendingAt.getTime() : 0;
    return {
      ...present(row),
      counts: { accepted: Number(row.planned), ...byState, reasons: [...reasons] },
      firstSendingAt: firstSendingAt?.toISOString() ?? null,
      lastSettledAt: lastSettledAt?.toISOString() ?? null,
      latenessMs: firstSendingAt ? Math.max(0, firstSendingAt.getTime() - row.due_at.getTime()) : null,
      sentPerSecond: tookMs > 0 ? Math.round((byState.sent * 10_000) / tookMs) / 10 : null,
    };
  }
}

function present(row: BroadcastRow): Broadcast {
  return {
    id: row.id,
    state: row.state,
    stateReason: row.state_reason,
    messageId: row.message_id,
    audience: row.audience,
    scheduleId: row.schedule_id,
    dueAt: row.due_at.toISOString(),
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    ambiguityPolicy: row.ambiguity_policy,
  };
}

function presentDelivery(row: DeliveryRow): Delivery {
  return {
    chatId: row.chat_id,
    botId: row.bot_id,
    telegramChatId: row.telegram_chat_id,
    state: DELIVERY_STATES[row.state]!,
    reason: row.reason,
    attempts: row.attempt,
    telegramMessageId: row.message_id,
    sendingAt: row.sending_at?.toISOString() ?? null,
    settledAt: row.settled_at?.toISOString() ?? null,
  };
}

function chatNoAfter(cursor: string | undefined): string {
  if (cursor === undefined) return '0';
  const chatNo = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!/^\d{1,18}$/.test(chatNo)) {
    throw invalidField('cursor', 'invalid_cursor', 'Take the cursor from nextCursor of the page before.');
  }
  return chatNo;
}
