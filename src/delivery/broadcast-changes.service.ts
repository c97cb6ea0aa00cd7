import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type MessageContent, MessageService } from '../messages/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, invalidField, notFound } from '../platform/errors/index.js';
import { IdempotencyService, type IdempotentRequest } from '../platform/http/index.js';
import { type Caller, type TenantId } from '../platform/identity/index.js';
import { InjectWakeQueue, WakeQueue } from '../platform/queue/index.js';
import { type AuditEntry, AuditLog } from '../tenants/index.js';
import { type BroadcastReport, type EditBroadcast } from './broadcast.dto.js';
import { BroadcastReports } from './broadcast-reports.service.js';
import { BroadcastRepository, type BroadcastRow } from './broadcast.repository.js';
import { type ChangeKind, isEnded, RECALLABLE_HOURS } from './broadcast.rules.js';
import { PLANS } from './delivery.queues.js';

/** A change of what a broadcast has sent. */
export interface Change {
  readonly actor: AuditEntry['actor'];
  readonly kind: ChangeKind;
  /** Locked by whoever asks, ended, and not being changed. */
  readonly target: BroadcastRow;
  /** What an edit says; of the others the target's own. */
  readonly messageId: string;
  readonly pinNotifies?: boolean;
}

const ACTIONS: Record<ChangeKind, string> = {
  edit: 'broadcast.edited',
  recall: 'broadcast.recalled',
  pin: 'broadcast.pinned',
};

/**
 * Edits, deletes or pins the messages that a broadcast has sent: a broadcast of its own, with the same machinery and its own
 * report, whose deliveries are planned from those of its target.
 */
@Injectable()
export class BroadcastChanges {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly broadcasts: BroadcastRepository,
    private readonly reports: BroadcastReports,
    private readonly messages: MessageService,
    private readonly audit: AuditLog,
    @InjectWakeQueue(PLANS) private readonly plans: WakeQueue,
  ) {}

  /** @throws ProblemError 400 for another kind of message or another file, which can't be exchanged */
  edit(
    caller: Caller,
    request: IdempotentRequest,
    id: string,
    { message }: EditBroadcast,
  ): Promise<BroadcastReport> {
    return this.idempotency.run(caller, request, async (manager) => {
      const target = await this.lockTarget(manager, caller, id);
      const before = await this.messages.findContent(manager, target.message_id);
      if (!before) throw notFound('message');
      assertExchangeable(before, message);
      if (!(await this.broadcasts.hasSent(manager, target, null))) throw nothingSent();
      const { id: messageId } = await this.messages.createInTransaction(manager, caller.tenantId, message);
      return this.start(manager, caller, 'edit', target, messageId);
    });
  }

  /** @throws ProblemError 409 where all of its messages are older than Telegram allows */
  recall(caller: Caller, request: IdempotentRequest, id: string): Promise<BroadcastReport> {
    return this.idempotency.run(caller, request, async (manager) => {
      const target = await this.lockTarget(manager, caller, id);
      if (!(await this.broadcasts.hasSent(manager, target, null))) throw nothingSent();
      if (!(await this.broadcasts.hasSent(manager, target, RECALLABLE_HOURS))) {
        throw conflict(
          'too_old',
          `Telegram deletes messages of the last ${RECALLABLE_HOURS} hours only; these are older. Edit them instead.`,
        );
      }
      return this.start(manager, caller, 'recall', target, target.message_id);
    });
  }

  /** Two changes of the same messages at once would end in either's favour, chat by chat. */
  private async lockTarget(manager: EntityManager, caller: Caller, id: string): Promise<BroadcastRow> {
    const target = await this.broadcasts.lockById(manager, id);
    if (!target) throw notFound('broadcast');
    if (target.kind !== 'send')
      throw conflict(
        'not_changeable',
        'This is a test or a change itself; name the broadcast that sent the messages.',
      );
    if (!isEnded(target.state))
      throw conflict(
        'broadcast_going_on',
        'The broadcast still goes on; wait for its end, or cancel it first.',
      );
    // Also of what was cancelled: a message that arrives after a recall was planned would stay.
    if (await this.broadcasts.hasLeft(manager, target))
      throw conflict(
        'broadcast_going_on',
        'Its last messages are still under way; ask once more in a minute.',
      );
    if (await this.broadcasts.isBeingChanged(manager, caller.tenantId, id))
      throw conflict(
        'change_going_on',
        'These messages are being changed already; wait for the end of that.',
      );
    return target;
  }

  private async start(
    manager: EntityManager,
    { actor, tenantId }: Caller,
    kind: ChangeKind,
    target: BroadcastRow,
    messageId: string,
  ): Promise<BroadcastReport> {
    const change = await this.startInTransaction(manager, tenantId, { actor, kind, target, messageId });
    return this.reports.report(manager, change);
  }

  /** Starts a change as part of the surrounding transaction; its planning is woken after the commit. */
  async startInTransaction(
    manager: EntityManager,
    tenantId: TenantId,
    { actor, kind, target, messageId, pinNotifies = false }: Change,
  ): Promise<BroadcastRow> {
    const [change] = await this.broadcasts.insertMany(manager, tenantId, [
      {
        messageId,
        audience: target.audience,
        scheduleId: null,
        sequenceId: null,
        dueAt: null,
        // Done twice it is done once; so what a dead worker left open is tried again.
        ambiguityPolicy: 'resend_once',
        kind,
        targetId: target.id,
        pinNotifies,
        maxStars: null,
        expected: 0,
      },
    ]);
    if (!change) throw new Error('A change was not started.');
    await this.audit.record(manager, {
      actor,
      action: ACTIONS[kind],
      subject: { kind: 'broadcast', id: target.id },
      details: { changeId: change.id },
    });
    this.tenants.afterCommit(() => this.plans.wakeSoon([change.no]));
    return change;
  }
}

const nothingSent = () =>
  conflict(
    'nothing_sent',
    'No message of this broadcast is known: none was sent, or it is longer ago than 90 days.',
  );

function assertExchangeable(before: MessageContent, after: MessageContent): void {
  if (before.kind !== after.kind)
    throw invalidField('message.kind', 'other_kind', `What was sent is a ${before.kind}, and stays one.`);
  if (before.kind === 'text' || after.kind === 'text') return;
  if (before.assetId !== after.assetId || addressOf(before) !== addressOf(after))
    throw invalidField(
      'message',
      'other_file',
      'Name the same file as what was sent; only the caption and the buttons change.',
    );
}

const addressOf = (content: MessageContent): string | undefined =>
  'url' in content ? content.url : undefined;
