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
import {
  type AmbiguityPolicy,
  BroadcastRepository,
  type BroadcastRow,
  type NewBroadcast,
} from './broadcast.repository.js';
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

/** A broadcast of a schedule, at a due instant of its own. */
export type DueRequest = BroadcastRequest & { readonly scheduleId: string; readonly dueAt: Date };

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

  /**
   * The same for many that are due, in a few statements: all of them or none.
   *
   * @returns their ids, in the order of the requests
   * @throws ProblemError 402 `quota_exceeded` where the plan has no room for all of them, before anything is written
   */
  async startDueInTransaction(
    manager: EntityManager,
    tenantId: TenantId,
    requests: readonly DueRequest[],
  ): Promise<string[]> {
    const audiences = requests.map(({ audience }) => audience);
    const expected = await this.expectAudiences(manager, tenantId, audiences);
    const rows = await this.repository.insertMany(
      manager,
      tenantId,
      requests.map((request, n) => toNew(request, expected[n] ?? 0)),
    );
    const requestOf = new Map(requests.map((request) => [keyOf(request), request]));
    await this.follow(manager, tenantId, rows, (row) => requestOf.get(keyOfRow(row)));
    const idOf = new Map(rows.map((row) => [keyOfRow(row), row.id]));
    const ids: string[] = [];
    for (const request of requests)
      ids.push(idOf.get(keyOf(request)) ?? (await this.findStarted(manager, request)).id);
    return ids;
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
    const [expected = 0] = await this.expectAudiences(manager, tenantId, [request.audience]);
    const [inserted] = await this.repository.insertMany(manager, tenantId, [toNew(request, expected)]);
    if (!inserted) return this.findStarted(manager, request);
    await this.follow(manager, tenantId, [inserted], () => request);
    return inserted;
  }

  /** What is done once they have sent is written down, and their planning woken. */
  private async follow(
    manager: EntityManager,
    tenantId: TenantId,
    inserted: readonly BroadcastRow[],
    requestOf: (row: BroadcastRow) => BroadcastRequest | undefined,
  ): Promise<void> {
    for (const row of inserted) {
      const followUps = requestOf(row)?.followUps;
      if (followUps) await this.followUps.insertAll(manager, tenantId, row.id, listFollowUps(followUps));
    }
    if (inserted.length > 0)
      this.tenants.afterCommit(() => this.plans.wakeSoon(inserted.map(({ no }) => no)));
  }

  private async findStarted(
    manager: EntityManager,
    { scheduleId, dueAt, audience }: BroadcastRequest,
  ): Promise<BroadcastRow> {
    const started =
      scheduleId &&
      dueAt &&
      (await this.repository.findByOccurrence(manager, scheduleId, dueAt, zoneOf(audience)));
    if (!started) throw new Error('A broadcast was neither started nor there already.');
    return started;
  }

  /**
   * A broadcast is refused whole, never half sent: its audience is counted before it is accepted, as far as the plan's
   * deliveries of the day reach. Whoever joins before it is planned comes on top.
   *
   * @returns the sizes of the audiences; 0 where the plan has no limit, and nobody needs to count
   */
  private async expectAudiences(
    manager: EntityManager,
    tenantId: TenantId,
    audiences: readonly Audience[],
  ): Promise<number[]> {
    // New people are always met and answered; beyond the plan's chats it is the broadcasts that wait.
    await this.quotas.assertRoom(manager, tenantId, 'chats', 0);
    let room = Math.max(0, await this.quotas.findRoom(manager, tenantId, 'deliveriesPerDay'));
    if (room === Infinity) return audiences.map(() => 0);
    const expected: number[] = [];
    for (const audience of audiences) {
      const size = await this.audience.countUpTo(manager, audience, room + 1);
      if (size > room) throw await this.quotas.excessOf(manager, tenantId, 'deliveriesPerDay');
      expected.push(size);
      room -= size;
    }
    return expected;
  }
}

const zoneOf = ({ localTime }: Audience): string => localTime?.timeZone ?? '';

/** A schedule has one broadcast for each due instant and zone. */
const keyOf = ({ scheduleId, dueAt, audience }: DueRequest): string =>
  `${scheduleId} ${dueAt.getTime()} ${zoneOf(audience)}`;

const keyOfRow = ({ schedule_id, due_at, audience }: BroadcastRow): string =>
  `${schedule_id} ${due_at.getTime()} ${zoneOf(audience)}`;

const toNew = (request: BroadcastRequest, expected: number): NewBroadcast => ({
  messageId: request.messageId,
  audience: request.audience,
  scheduleId: request.scheduleId ?? null,
  sequenceId: request.sequenceId ?? null,
  dueAt: request.dueAt ?? null,
  ambiguityPolicy: request.ambiguityPolicy ?? 'leave',
  kind: request.kind ?? 'send',
  targetId: null,
  queueId: request.queueId,
  maxStars: request.maxStars ?? null,
  expected,
});
