import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { AudienceService } from '../audience/index.js';
import { MessageService, MessageUses } from '../messages/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, invalidField, notFound } from '../platform/errors/index.js';
import {
  idBefore,
  IdempotencyService,
  type IdempotentRequest,
  type Page,
  pageOf,
  type PageQuery,
} from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import { AuditLog, Quotas } from '../tenants/index.js';
import { type OccurrenceRow, OccurrencesRepository } from './occurrences.repository.js';
import { announceDueSoon } from './schedule-bell.js';
import { type ScheduleRule } from './schedule-rule.dto.js';
import { anchorRule, findRuleProblem, nextRun, previewRuns } from './schedule.rules.js';
import {
  type ChangeSchedule,
  type CreateSchedule,
  type OccurrenceView,
  type PreviewRule,
  type RunPreview,
  type ScheduleQuery,
  type ScheduleView,
} from './schedule.dto.js';
import { type ScheduleChoice, type ScheduleRow, SchedulesRepository } from './schedules.repository.js';

/** What people do with schedules. What becomes due is the ticker's. */
@Injectable()
export class ScheduleService implements OnModuleInit {
  constructor(
    private readonly database: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly schedules: SchedulesRepository,
    private readonly occurrences: OccurrencesRepository,
    private readonly messages: MessageService,
    private readonly messageUses: MessageUses,
    private readonly audience: AudienceService,
    private readonly audit: AuditLog,
    private readonly quotas: Quotas,
  ) {}

  onModuleInit(): void {
    this.quotas.register('schedules', (manager, atMost) => this.schedules.countUnended(manager, atMost));
    this.messageUses.register(async (manager, messageId) => {
      const names = await this.schedules.findNamesByMessage(manager, messageId);
      if (names.length === 0) return undefined;
      return `The schedule "${names.join('", "')}" sends this message; delete the schedule or give it another message first.`;
    });
  }

  create(caller: Caller, idempotent: IdempotentRequest, input: CreateSchedule): Promise<ScheduleView> {
    return this.idempotency.run(caller, idempotent, async (manager) => {
      const { now, timeZone: tenantZone } = await this.schedules.readClock(manager, caller.tenantId);
      const timing = timeFromNow(input.rule, input.timeZone ?? tenantZone, now);
      await this.audience.assertExists(manager, input.audience);
      await this.quotas.assertRoom(manager, caller.tenantId, 'schedules');
      const row = await this.schedules.insert(manager, caller.tenantId, {
        ...timing,
        name: input.name,
        message_id: await this.messages.choose(manager, caller.tenantId, input),
        audience: input.audience,
        state: 'active',
        state_reason: null,
      });
      await announceDueSoon(manager, row.next_run_at, now);
      return toView(row);
    });
  }

  /** Changes what is named. A new rule or zone counts from now, and lets an ended schedule begin again. */
  change(caller: Caller, id: string, input: ChangeSchedule): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.schedules.lockByIdOrThrow(manager, id);
      const { now } = await this.schedules.readClock(manager, caller.tenantId);
      if (input.audience) await this.audience.assertExists(manager, input.audience);
      const changesTime = input.rule !== undefined || input.timeZone !== undefined;
      const timing = changesTime
        ? timeFromNow(input.rule ?? row.rule, input.timeZone ?? row.time_zone, now)
        : { rule: row.rule, time_zone: row.time_zone, next_run_at: row.next_run_at };
      const isPaused = row.state === 'paused';
      const startsAgain = changesTime && row.state === 'ended';
      if (startsAgain) await this.quotas.assertRoom(manager, caller.tenantId, 'schedules');
      // While it had ended, its message could be archived.
      if (startsAgain && !input.message && !input.messageId)
        await this.messages.assertUsable(manager, row.message_id);
      const changed = await this.schedules.update(manager, id, {
        name: input.name ?? row.name,
        message_id:
          input.message || input.messageId
            ? await this.messages.choose(manager, caller.tenantId, input)
            : row.message_id,
        audience: input.audience ?? row.audience,
        ...timing,
        next_run_at: isPaused ? null : timing.next_run_at,
        state: startsAgain ? 'active' : row.state,
        state_reason: startsAgain ? null : row.state_reason,
      });
      await announceDueSoon(manager, changed.next_run_at, now);
      return toView(changed);
    });
  }

  /** Nothing becomes due until it is resumed, and what would have been due meanwhile isn't made up. */
  pause(caller: Caller, id: string): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.schedules.lockByIdOrThrow(manager, id);
      if (row.state === 'paused') return toView(row);
      if (row.state === 'ended')
        throw conflict('schedule_ended', 'This schedule has ended; there is nothing to pause.');
      return toView(await this.schedules.update(manager, id, { ...row, state: 'paused', next_run_at: null }));
    });
  }

  resume(caller: Caller, id: string): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.schedules.lockByIdOrThrow(manager, id);
      if (row.state === 'active') return toView(row);
      if (row.state === 'ended')
        throw conflict('schedule_ended', 'This schedule has ended; change its rule to let it begin again.');
      const { now } = await this.schedules.readClock(manager, caller.tenantId);
      const nextRunAt = nextRun(row.rule, row.time_zone, now);
      if (!nextRunAt)
        throw conflict('schedule_over', 'Its last due time passed while it was paused; change its rule.');
      const resumed = await this.schedules.update(manager, id, {
        ...row,
        state: 'active',
        next_run_at: nextRunAt,
      });
      await announceDueSoon(manager, nextRunAt, now);
      return toView(resumed);
    });
  }

  /** The schedule and its history go; broadcasts that it started stay. */
  async delete(caller: Caller, id: string): Promise<void> {
    await this.database.run(caller.tenantId, async (manager) => {
      await this.schedules.delete(manager, id);
      const subject = { kind: 'schedule', id };
      await this.audit.record(manager, { actor: caller.actor, action: 'schedule.deleted', subject });
    });
  }

  async findPage(caller: Caller, query: ScheduleQuery): Promise<Page<ScheduleView>> {
    const before = idBefore(query);
    const rows = await this.database.run(caller.tenantId, (manager) =>
      this.schedules.findPage(manager, before, query.limit + 1, query.state),
    );
    return pageOf(rows, query, toView);
  }

  findById(caller: Caller, id: string): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) =>
      toView(await this.findByIdOrThrow(manager, id)),
    );
  }

  findOccurrences(caller: Caller, id: string, query: PageQuery): Promise<Page<OccurrenceView>> {
    const before = idBefore(query);
    return this.database.run(caller.tenantId, async (manager) => {
      await this.findByIdOrThrow(manager, id);
      const rows = await this.occurrences.findPage(manager, id, before, query.limit + 1);
      return pageOf(rows, query, toOccurrenceView);
    });
  }

  /** Due times from now on, as they would be were the schedule active. */
  previewById(caller: Caller, id: string, count: number): Promise<RunPreview> {
    return this.database.run(caller.tenantId, async (manager) => {
      const { rule, time_zone: timeZone } = await this.findByIdOrThrow(manager, id);
      const { now } = await this.schedules.readClock(manager, caller.tenantId);
      return { timeZone, runs: previewRuns(rule, timeZone, now, count) };
    });
  }

  async preview(caller: Caller, input: PreviewRule): Promise<RunPreview> {
    const clock = await this.database.run(caller.tenantId, (manager) =>
      this.schedules.readClock(manager, caller.tenantId),
    );
    const timeZone = input.timeZone ?? clock.timeZone;
    const { rule } = timeFromNow(input.rule, timeZone, clock.now);
    return { timeZone, runs: previewRuns(rule, timeZone, clock.now, input.count) };
  }

  private async findByIdOrThrow(manager: EntityManager, id: string): Promise<ScheduleRow> {
    const row = await this.schedules.findById(manager, id);
    if (!row) throw notFound('schedule');
    return row;
  }
}

/** @throws ProblemError 400 for a rule that never runs */
function timeFromNow(
  given: ScheduleRule,
  timeZone: string,
  now: Date,
): Pick<ScheduleChoice, 'rule' | 'time_zone' | 'next_run_at'> {
  const rule = anchorRule(given, now);
  const problem = findRuleProblem(rule, timeZone, now);
  if (problem) throw invalidField(problem.field, problem.code, problem.message);
  return { rule, time_zone: timeZone, next_run_at: nextRun(rule, timeZone, now) };
}

const toView = (row: ScheduleRow): ScheduleView => ({
  id: row.id,
  name: row.name,
  messageId: row.message_id,
  audience: row.audience,
  rule: row.rule,
  timeZone: row.time_zone,
  state: row.state,
  reason: row.state_reason,
  nextRunAt: row.next_run_at?.toISOString() ?? null,
  lastRunAt: row.last_run_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});

const toOccurrenceView = (row: OccurrenceRow): OccurrenceView => ({
  id: row.id,
  dueAt: row.due_at.toISOString(),
  state: row.state,
  reason: row.reason,
  broadcastId: row.broadcast_id,
  createdAt: row.created_at.toISOString(),
});
