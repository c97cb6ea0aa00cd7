import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { AudienceService, type Audience } from '../audience/index.js';
import { MessageService, MessageUses } from '../messages/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, invalidField } from '../platform/errors/index.js';
import {
  idBefore,
  IdempotencyService,
  type IdempotentRequest,
  type Page,
  pageOf,
} from '../platform/http/index.js';
import { type Caller, type TenantId } from '../platform/identity/index.js';
import { InjectWakeQueue, WakeQueue } from '../platform/queue/index.js';
import { messagesPerStar } from '../telegram/index.js';
import { AuditLog, Quotas } from '../tenants/index.js';
import {
  type BroadcastQuery,
  type BroadcastReport,
  type BroadcastView,
  type CreateBroadcast,
  type TestBroadcast,
} from './broadcast.dto.js';
import { BroadcastReports, presentBroadcast } from './broadcast-reports.service.js';
import { type AmbiguityPolicy, BroadcastRepository, type BroadcastRow } from './broadcast.repository.js';
import { PLANS } from './delivery.queues.js';
import { type AskedFollowUps, listFollowUps } from './follow-up.rules.js';
import { FollowUpsRepository } from './follow-ups.repository.js';

/** What a broadcast is started with. */
export interface BroadcastRequest {
  readonly messageId: string;
  readonly audience: Audience;
  readonly scheduleId?: string;
  readonly sequenceId?: string;
  /** The queue whose post it sends. */
  readonly queueId?: string | undefined;
  /** What is done once it has sent. */
  readonly followUps?: AskedFollowUps;
  /** The instant it was due; without it, now. */
  readonly dueAt?: Date;
  readonly ambiguityPolicy?: AmbiguityPolicy;
  readonly kind?: 'send' | 'test';
  /** What it may cost at most; without it, it goes at the free pace. */
  readonly maxStars?: number;
}

@Injectable()
export class BroadcastService implements OnModuleInit {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly repository: BroadcastRepository,
    private readonly followUps: FollowUpsRepository,
    private readonly reports: BroadcastReports,
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
      if (input.maxStars !== undefined) await this.assertStars(manager, input.audience, input.maxStars);
      const messageId = await this.messages.choose(manager, caller.tenantId, input);
      const row = await this.start(manager, caller.tenantId, {
        messageId,
        audience: input.audience,
        ambiguityPolicy: input.ambiguityPolicy,
        ...(input.maxStars !== undefined && { maxStars: input.maxStars }),
      });
      const report = await this.reports.report(manager, row);
      await this.audit.record(manager, {
        actor: caller.actor,
        action: 'broadcast.started',
        subject: { kind: 'broadcast', id: row.id },
      });
      return report;
    });
  }

  /**
   * Sends to one chat, ahead of what waits for its bot. It counts as a delivery of the day, and is in no list.
   * @throws ProblemError 409 where the chat would not get it
   */
  test(
    caller: Caller,
    request: IdempotentRequest,
    { chatId, ...choice }: TestBroadcast,
  ): Promise<BroadcastReport> {
    return this.idempotency.run(caller, request, async (manager) => {
      await this.audience.assertChatsExist(manager, [chatId], 'chatId');
      if (!(await this.audience.isActive(manager, chatId))) {
        throw conflict(
          'chat_not_active',
          'This chat stopped or blocked the bot, so nothing can be sent to it. Press Start in it first.',
        );
      }
      const row = await this.start(manager, caller.tenantId, {
        messageId: await this.messages.choose(manager, caller.tenantId, choice),
        audience: { to: 'chats', chatIds: [chatId] },
        kind: 'test',
      });
      await this.audit.record(manager, {
        actor: caller.actor,
        action: 'broadcast.tested',
        subject: { kind: 'broadcast', id: row.id },
      });
      return this.reports.report(manager, row);
    });
  }

  findPage(caller: Caller, query: BroadcastQuery): Promise<Page<BroadcastView>> {
    return this.tenants.run(caller.tenantId, async (manager) => {
      return pageOf(
        await this.repository.findPage(manager, idBefore(query), query.limit + 1, query),
        query,
        presentBroadcast,
      );
    });
  }

  /** Every message of a paid broadcast may cost: nobody is surprised by it. */
  private async assertStars(manager: EntityManager, audience: Audience, maxStars: number): Promise<void> {
    const paidFor = maxStars * messagesPerStar;
    if ((await this.audience.countUpTo(manager, audience, paidFor + 1)) <= paidFor) return;
    throw invalidField(
      'maxStars',
      'too_few_stars',
      `${maxStars} Stars pay for ${paidFor} messages; the audience is larger. POST /audience/preview says what it may cost.`,
    );
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
      sequenceId: request.sequenceId ?? null,
      dueAt,
      ambiguityPolicy: request.ambiguityPolicy ?? 'leave',
      kind: request.kind ?? 'send',
      targetId: null,
      queueId: request.queueId,
      maxStars: request.maxStars ?? null,
      expected,
    });
    if (inserted) {
      if (request.followUps)
        await this.followUps.insertAll(manager, tenantId, inserted.id, listFollowUps(request.followUps));
      this.tenants.afterCommit(() => this.plans.wakeSoon([inserted.no]));
      return inserted;
    }
    const timeZone = request.audience.localTime?.timeZone ?? '';
    const started =
      scheduleId && dueAt && (await this.repository.findByOccurrence(manager, scheduleId, dueAt, timeZone));
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
}
