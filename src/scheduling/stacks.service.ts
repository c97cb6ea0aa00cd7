import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, notFound } from '../platform/errors/index.js';
import { IdempotencyService, type IdempotentRequest } from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import { AuditLog } from '../tenants/index.js';
import { ScheduleMessages } from './schedule-messages.service.js';
import { ScheduleApproval } from './schedule-approval.service.js';
import { SchedulesRepository } from './schedules.repository.js';
import { type AddToStack, MOST_STACKED, type OrderStack, type StackView } from './stack.dto.js';
import { StacksRepository } from './stacks.repository.js';

/** What people do with the messages that a schedule sends one after the other, also while it runs. */
@Injectable()
export class StacksService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly schedules: SchedulesRepository,
    private readonly stacks: StacksRepository,
    private readonly messages: ScheduleMessages,
    private readonly approval: ScheduleApproval,
    private readonly audit: AuditLog,
  ) {}

  find(caller: Caller, scheduleId: string): Promise<StackView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const schedule = await this.schedules.findById(manager, scheduleId);
      if (!schedule) throw notFound('schedule');
      if (schedule.recycles === null) throw withoutStack();
      return this.view(manager, scheduleId, schedule.recycles);
    });
  }

  add(
    caller: Caller,
    request: IdempotentRequest,
    scheduleId: string,
    { messages, first }: AddToStack,
  ): Promise<StackView> {
    return this.idempotency.run(caller, request, (manager) =>
      this.change(manager, caller, scheduleId, async (ids) => {
        if (ids.length + messages.length > MOST_STACKED)
          throw conflict(
            'stack_full',
            `A stack holds ${MOST_STACKED} messages, and this one has ${ids.length}; take some out first.`,
          );
        const chosen = await this.messages.chooseAll(manager, caller.tenantId, messages, 'messages');
        await this.stacks.add(manager, caller.tenantId, scheduleId, chosen, first);
      }),
    );
  }

  /** @throws ProblemError 409 where the list isn't exactly what the stack has now */
  order(caller: Caller, scheduleId: string, { ids: wanted }: OrderStack): Promise<StackView> {
    return this.database.run(caller.tenantId, (manager) =>
      this.change(manager, caller, scheduleId, async (ids) => {
        const known = new Set(ids);
        const isWhole = wanted.length === known.size && new Set(wanted).size === known.size;
        if (!isWhole || !wanted.every((id) => known.has(id)))
          throw conflict(
            'stack_changed',
            'Name every message of the stack once; it may have changed meanwhile: read it again.',
          );
        await this.stacks.reorder(manager, wanted);
      }),
    );
  }

  async remove(caller: Caller, scheduleId: string, id: string): Promise<void> {
    await this.database.run(caller.tenantId, (manager) =>
      this.change(manager, caller, scheduleId, async (ids) => {
        if (!ids.includes(id)) throw notFound('message of the stack');
        await this.stacks.delete(manager, id);
      }),
    );
  }

  /** Holds the schedule, so that no run takes its message meanwhile. */
  private async change(
    manager: EntityManager,
    caller: Caller,
    scheduleId: string,
    work: (ids: readonly string[]) => Promise<void>,
  ): Promise<StackView> {
    const schedule = await this.schedules.lockByIdOrThrow(manager, scheduleId);
    const { recycles } = schedule;
    if (recycles === null) throw withoutStack();
    const rows = await this.stacks.findAll(manager, [scheduleId]);
    await work(rows.map(({ id }) => id));
    const view = await this.view(manager, scheduleId, recycles);
    await this.audit.record(manager, {
      actor: caller.actor,
      action: 'schedule.changed',
      subject: { kind: 'schedule', id: scheduleId },
      details: { fields: 'stack' },
    });
    if (await this.approval.isNeeded(manager, caller)) {
      const { now } = await this.schedules.readClock(manager, caller.tenantId);
      await this.approval.saveWaiting(manager, caller, schedule, schedule, now);
    }
    return view;
  }

  private async view(manager: EntityManager, scheduleId: string, recycle: boolean): Promise<StackView> {
    const rows = await this.stacks.findAll(manager, [scheduleId]);
    return { recycle, messages: rows.map(({ id, message_id: messageId }) => ({ id, messageId })) };
  }
}

const withoutStack = () =>
  conflict('no_stack', 'This schedule sends one message; give it a stack with PATCH /schedules/{id} first.');
