import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type Audience, AudienceService, type LocalTimeOf } from '../audience/index.js';
import { FollowUps, type FollowUpView } from '../delivery/index.js';
import { MessageService, MessageUses } from '../messages/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, invalidField, notFound, withinField } from '../platform/errors/index.js';
import {
  idBefore,
  IdempotencyService,
  type IdempotentRequest,
  type Page,
  pageOf,
  type PageQuery,
} from '../platform/http/index.js';
import { type Caller, type TenantId } from '../platform/identity/index.js';
import { type AuditEntry, AuditLog, type Language, Quotas, TimeZoneChanges } from '../tenants/index.js';
import { type OccurrenceRow, OccurrencesRepository } from './occurrences.repository.js';
import { letAwaitApproval, refuseChoice } from './rules/approval.rules.js';
import { ScheduleApproval } from './schedule-approval.service.js';
import { announceDueSoon, ringForSchedules } from './schedule-bell.js';
import { DEFAULT_GRACE_SECONDS } from './rules/missed-runs.rules.js';
import { describeTiming } from './rules/rule-sentence.rules.js';
import { previewZones } from './rules/zone-preview.rules.js';
import {
  changeChoice,
  chooseLocalTimeOf,
  choosePolicy,
  chooseTiming,
  isChangeOfNameAlone,
  type LocalTimes,
  pauseChoice,
  resumeChoice,
  type ScheduleChoice,
  type TimingRow,
  timingOf,
} from './rules/schedule-choice.rules.js';
import { shiftRule } from './rules/shift-rule.rules.js';
import { previewRuns } from './rules/schedule.rules.js';
import { viewZones } from './rules/zone-runs.rules.js';
import { type ImportResult } from './schedule-bulk.dto.js';
import {
  type ChangeSchedule,
  type CreateSchedule,
  type OccurrenceView,
  type PreviewQuery,
  type PreviewRule,
  type RunPreview,
  type ScheduleQuery,
  type ScheduleView,
} from './schedule.dto.js';
import { ScheduleMessages } from './schedule-messages.service.js';
import { StacksRepository } from './stacks.repository.js';
import { type ScheduleRow, SchedulesRepository, type TenantClock } from './schedules.repository.js';

/** What people do with schedules. What becomes due is the ticker's. */
@Injectable()
export class ScheduleService implements OnModuleInit {
  constructor(
    private readonly database: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly schedules: SchedulesRepository,
    private readonly occurrences: OccurrencesRepository,
    private readonly stacks: StacksRepository,
    private readonly sent: ScheduleMessages,
    private readonly messages: MessageService,
    private readonly messageUses: MessageUses,
    private readonly audience: AudienceService,
    private readonly audit: AuditLog,
    private readonly quotas: Quotas,
    private readonly timeZones: TimeZoneChanges,
    private readonly approval: ScheduleApproval,
    private readonly followUps: FollowUps,
  ) {}

  onModuleInit(): void {
    this.quotas.register('schedules', (manager, atMost) => this.schedules.countUnended(manager, atMost));
    this.timeZones.register(async (manager) => {
      await this.schedules.lockZones(manager);
      if (await this.schedules.lookAgainAtZones(manager)) await ringForSchedules(manager);
    });
    this.messageUses.register(async (manager, messageId) => {
      const names = await this.schedules.findNamesByMessage(manager, messageId);
      if (names.length === 0) return undefined;
      return `The schedule "${names.join('", "')}" sends this message; delete the schedule or give it another message first.`;
    });
  }

  create(caller: Caller, idempotent: IdempotentRequest, input: CreateSchedule): Promise<ScheduleView> {
    return this.idempotency.run(caller, idempotent, async (manager) => {
      return toView(await this.createInTransaction(manager, caller, input));
    });
  }

  /** As part of the surrounding unit of work. @param queueId of the queue whose post it is */
  async createInTransaction(
    manager: EntityManager,
    caller: Caller,
    input: CreateSchedule,
    queueId: string | null = null,
  ): Promise<ScheduleRow> {
    const clock = await this.schedules.readClock(manager, caller.tenantId);
    const { choice, stack } = await this.choose(manager, caller.tenantId, input, clock);
    const placed = queueId === null ? choice : { ...choice, queue_id: queueId, post_at: choice.next_run_at };
    const [row] = await this.insertAll(manager, caller, [{ choice: placed, stack }], clock.now);
    if (!row) throw new Error('INSERT returned no row.');
    return row;
  }

  private async insertAll(
    manager: EntityManager,
    caller: Caller,
    chosen: readonly ChosenSchedule[],
    now: Date,
  ): Promise<ScheduleRow[]> {
    await this.quotas.assertRoom(manager, caller.tenantId, 'schedules', chosen.length);
    const needsApproval = await this.approval.isNeeded(manager, caller);
    const rows = await this.schedules.insertMany(
      manager,
      caller.tenantId,
      chosen.map(({ choice }) => (needsApproval ? letAwaitApproval(choice, now) : choice)),
    );
    for (const [n, { stack }] of chosen.entries())
      if (stack.length > 0) await this.stacks.add(manager, caller.tenantId, rows[n]!.id, stack);
    const dueTimes = rows.flatMap((row) => row.next_run_at?.getTime() ?? []);
    if (dueTimes.length > 0) await announceDueSoon(manager, new Date(Math.min(...dueTimes)), now);
    const ids = rows.map(({ id }) => id);
    await this.record(manager, caller, 'schedule.created', ids);
    await this.approval.request(manager, caller, rows);
    return rows;
  }

  /** All of them or none. @throws ProblemError 400 naming the first that is wrong, such as `schedules.3.rule.at` */
  createMany(
    caller: Caller,
    idempotent: IdempotentRequest,
    inputs: readonly CreateSchedule[],
  ): Promise<ImportResult> {
    return this.idempotency.run(caller, idempotent, async (manager) => {
      const clock = await this.schedules.readClock(manager, caller.tenantId);
      const chosen: ChosenSchedule[] = [];
      const known = await this.findKnownAudiences(manager, inputs);
      for (const [n, input] of inputs.entries()) {
        try {
          chosen.push(await this.choose(manager, caller.tenantId, input, clock, known));
        } catch (error) {
          throw withinField(error, `schedules.${n}`);
        }
      }
      const rows = await this.insertAll(manager, caller, chosen, clock.now);
      return { ids: rows.map(({ id }) => id) };
    });
  }

  /**
   * Audiences of chats that there are, all of them asked for at once. Where one is missing none are known, so that each is
   * looked at for itself and the wrong one can be named.
   */
  private async findKnownAudiences(
    manager: EntityManager,
    inputs: readonly CreateSchedule[],
  ): Promise<Set<string>> {
    const audiences = inputs.map(({ audience }) => audience).filter(({ to }) => to === 'chats');
    const chatIds = new Set(
      audiences.flatMap((audience) => (audience.to === 'chats' ? audience.chatIds : [])),
    );
    const areKnown = await this.audience.areChatsKnown(manager, [...chatIds]);
    return new Set(areKnown ? audiences.map((audience) => JSON.stringify(audience)) : []);
  }

  /** @param known messages and audiences that this transaction has found good, gets those that it finds */
  private async choose(
    manager: EntityManager,
    tenantId: TenantId,
    input: CreateSchedule,
    { now, timeZone }: Pick<TenantClock, 'now' | 'timeZone'>,
    known = new Set<string>(),
  ): Promise<ChosenSchedule> {
    const of = chooseLocalTimeOf(input, input.localTimeOf ?? 'tenant');
    if (input.stack) assertOneZone(of);
    if (of) await this.schedules.lockZones(manager);
    const local = of && (await this.findLocalTimes(manager, { tenantId, timeZone }, input.audience, of));
    const timing = chooseTiming(input, input.timeZone ?? timeZone, now, local);
    const audience = JSON.stringify(input.audience);
    if (!known.has(audience)) await this.audience.assertExists(manager, input.audience);
    known.add(audience);
    const { stack, ...sent } = await this.sent.choose(manager, tenantId, input, known);
    const choice = {
      ...timing,
      ...choosePolicy(input),
      ...sent,
      name: input.name,
      audience: input.audience,
      runs: null,
      state: 'active' as const,
      state_reason: null,
      paused_at: null,
      refusal: null,
      queue_id: null,
      post_at: null,
    };
    return { choice, stack };
  }

  /** Changes what is named. A new rule or zone counts from now, and lets an ended schedule begin again. */
  change(caller: Caller, id: string, input: ChangeSchedule): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      // Before the schedule, as whoever brings a new zone takes them.
      if (input.localTimeOf !== undefined) await this.schedules.lockZones(manager);
      const row = await this.schedules.lockByIdOrThrow(manager, id);
      const { now, timeZone } = await this.schedules.readClock(manager, caller.tenantId);
      if (input.audience) await this.audience.assertExists(manager, input.audience);
      const audience = input.audience ?? row.audience;
      const of = chooseLocalTimeOf(
        { ...input, audience },
        input.localTimeOf ?? row.local_time_of ?? 'tenant',
      );
      const where = { tenantId: caller.tenantId, timeZone };
      const local = of && (await this.findLocalTimes(manager, where, audience, of));
      const { startsAgain, ...choice } = changeChoice(row, input, now, local);
      if (startsAgain) await this.quotas.assertRoom(manager, caller.tenantId, 'schedules');
      const sent = await this.sent.change(manager, caller.tenantId, row, input);
      if (sent.recycles !== null) assertOneZone(choice.local_time_of);
      // While it had ended, its message could be archived; those of a stack can't.
      if (startsAgain && sent.message_id !== null && sent.message_id === row.message_id)
        await this.messages.assertUsable(manager, row.message_id);
      const mayRun = isChangeOfNameAlone(input) || !(await this.approval.isNeeded(manager, caller));
      const wanted = { ...choice, ...sent };
      const changed = mayRun
        ? await this.schedules.update(manager, id, wanted)
        : await this.approval.saveWaiting(manager, caller, row, wanted, now);
      await announceDueSoon(manager, changed.next_run_at, now);
      await this.record(manager, caller, 'schedule.changed', [id], { fields: Object.keys(input).join(', ') });
      return toView(changed);
    });
  }

  /** Nothing becomes due until it is resumed, and what was held until later does not start. */
  pause(caller: Caller, id: string): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.schedules.lockByIdOrThrow(manager, id);
      if (row.state === 'paused') return toView(row);
      if (row.state === 'ended')
        throw conflict('schedule_ended', 'This schedule has ended; there is nothing to pause.');
      const { now } = await this.schedules.readClock(manager, caller.tenantId);
      await this.occurrences.skipHeld(manager, id);
      const paused = await this.schedules.update(manager, id, pauseChoice(row, now));
      await this.record(manager, caller, 'schedule.paused', [id]);
      return toView(paused);
    });
  }

  /** What was missed meanwhile is made up by the schedule's policy. */
  resume(caller: Caller, id: string): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.schedules.lockByIdOrThrow(manager, id);
      if (row.state === 'active') return toView(row);
      if (row.state === 'awaiting_approval')
        throw conflict('awaiting_approval', 'This schedule waits until an admin approves it.');
      if (row.state === 'ended')
        throw conflict('schedule_ended', 'This schedule has ended; change its rule to let it begin again.');
      const resumed = await this.letGoOn(manager, caller, row, await this.approval.isNeeded(manager, caller));
      await this.record(manager, caller, 'schedule.resumed', [id]);
      await this.approval.request(manager, caller, [resumed]);
      return toView(resumed);
    });
  }

  /** It goes on as one that was paused since it waits. */
  approve(caller: Caller, id: string): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.lockAwaitingOrThrow(manager, id);
      const approved = await this.letGoOn(manager, caller, row, false);
      await this.approval.tell(manager, caller, 'schedule.approved', approved);
      return toView(approved);
    });
  }

  /** It is paused; whoever changes or resumes it lets it wait once more. */
  refuse(caller: Caller, id: string, reason: string): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.lockAwaitingOrThrow(manager, id);
      const refused = await this.schedules.update(manager, id, refuseChoice(row, reason));
      await this.approval.tell(manager, caller, 'schedule.refused', refused);
      return toView(refused);
    });
  }

  /** Moves a rule's times. @throws ProblemError 409 for what can't be moved, such as a cron line */
  shift(caller: Caller, id: string, seconds: number): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.schedules.lockByIdOrThrow(manager, id);
      const rule = shiftRule(row.rule, row.time_zone, seconds);
      if (!rule)
        throw conflict(
          'not_shiftable',
          'Its times stand in its line, or would come to another day; change its rule or its zone.',
        );
      return this.change(caller, id, { rule });
    });
  }

  /** The schedule and its history go; broadcasts that it started stay. */
  async delete(caller: Caller, id: string): Promise<void> {
    await this.database.run(caller.tenantId, async (manager) => {
      await this.schedules.delete(manager, id);
      await this.record(manager, caller, 'schedule.deleted', [id]);
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
      const followUps = await this.followUps.findByBroadcasts(
        manager,
        rows.flatMap(({ broadcast_id: broadcastId }) => broadcastId ?? []),
      );
      return pageOf(rows, query, (row) =>
        toOccurrenceView(row, (row.broadcast_id && followUps.get(row.broadcast_id)) || []),
      );
    });
  }

  /** Due times from now on, as they would be were the schedule active. */
  previewById(caller: Caller, id: string, { count, language }: PreviewQuery): Promise<RunPreview> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.findByIdOrThrow(manager, id);
      const clock = await this.schedules.readClock(manager, caller.tenantId);
      const local = await this.localTimesOf(manager, caller.tenantId, clock.timeZone, row);
      return toPreview(row, local, clock.now, { count, language: language ?? clock.language });
    });
  }

  async preview(caller: Caller, input: PreviewRule): Promise<RunPreview> {
    const of = chooseLocalTimeOf(input, input.localTimeOf ?? 'tenant');
    const audience: Audience = input.audience ?? { to: 'everybody' };
    const { clock, local } = await this.database.run(caller.tenantId, async (manager) => {
      const clock = await this.schedules.readClock(manager, caller.tenantId);
      if (input.audience) await this.audience.assertExists(manager, audience);
      const where = { tenantId: caller.tenantId, timeZone: clock.timeZone };
      return { clock, local: of && (await this.findLocalTimes(manager, where, audience, of)) };
    });
    const choice = chooseTiming(input, input.timeZone ?? clock.timeZone, clock.now, local);
    const language = input.language ?? clock.language;
    return toPreview({ ...choice, max_runs: null }, local, clock.now, { count: input.count, language });
  }

  private async lockAwaitingOrThrow(manager: EntityManager, id: string): Promise<ScheduleRow> {
    const row = await this.schedules.lockByIdOrThrow(manager, id);
    if (row.state !== 'awaiting_approval')
      throw conflict('not_awaiting_approval', 'This schedule does not wait for approval.');
    return row;
  }

  /** @param awaitsApproval whether it waits for somebody else first */
  private async letGoOn(
    manager: EntityManager,
    { tenantId }: Caller,
    row: ScheduleRow,
    awaitsApproval: boolean,
  ): Promise<ScheduleRow> {
    const { now, timeZone } = await this.schedules.readClock(manager, tenantId);
    const choice = resumeChoice(row, now, await this.localTimesOf(manager, tenantId, timeZone, row));
    if (!choice)
      throw conflict('schedule_over', 'Its last due time passed while it did not run; change its rule.');
    const { paused_at } = row;
    const resumed = await this.schedules.update(
      manager,
      row.id,
      awaitsApproval ? letAwaitApproval({ ...choice, paused_at }, now) : choice,
    );
    await announceDueSoon(manager, resumed.next_run_at, now);
    return resumed;
  }

  /** The zones of a schedule's audience; null for a schedule in one zone. */
  private async localTimesOf(
    manager: EntityManager,
    tenantId: TenantId,
    timeZone: string,
    { audience, local_time_of: of }: Pick<ScheduleChoice, 'audience' | 'local_time_of'>,
  ): Promise<LocalTimes | null> {
    return of && this.findLocalTimes(manager, { tenantId, timeZone }, audience, of);
  }

  /** Without a bot there is nobody yet, and the tenant's own zone stands for those to come. */
  private async findLocalTimes(
    manager: EntityManager,
    { tenantId, timeZone }: { tenantId: TenantId; timeZone: string },
    audience: Audience,
    of: LocalTimeOf,
  ): Promise<LocalTimes> {
    const zones = await this.audience.findZones(manager, tenantId, audience, of);
    return { of, zones: zones.length > 0 ? zones : [timeZone] };
  }

  private record(
    manager: EntityManager,
    { actor }: Caller,
    action: string,
    ids: readonly string[],
    details: NonNullable<AuditEntry['details']> = {},
  ): Promise<void> {
    return this.audit.recordAll(
      manager,
      ids.map((id) => ({ actor, action, subject: { kind: 'schedule', id }, details })),
    );
  }

  private async findByIdOrThrow(manager: EntityManager, id: string): Promise<ScheduleRow> {
    const row = await this.schedules.findById(manager, id);
    if (!row) throw notFound('schedule');
    return row;
  }
}

interface ChosenSchedule {
  readonly choice: ScheduleChoice;
  /** Messages of its stack; none where it sends one. */
  readonly stack: readonly string[];
}

/** Runs of many zones belong together, and would each take a message of their own. */
function assertOneZone(localTimeOf: LocalTimeOf | null): void {
  if (localTimeOf !== null)
    throw invalidField(
      'stack',
      'many_zones',
      'A stack goes with one zone alone, since each run takes a message; leave localTimeOf out.',
    );
}

function toPreview(
  row: TimingRow & Pick<ScheduleChoice, 'max_runs' | 'local_time_of'>,
  local: LocalTimes | null,
  now: Date,
  { count, language }: { count: number; language: Language },
): RunPreview {
  const timing = timingOf(row);
  const { timeZone } = timing;
  const said = { maxRuns: row.max_runs, localTimeOf: row.local_time_of };
  return {
    timeZone,
    sentence: describeTiming(timing, said, language),
    ...(local
      ? previewZones(timing, local.zones, now, count)
      : { runs: previewRuns(timing, now, count).map((run) => ({ ...run, timeZone })), zones: null }),
  };
}

const toView = (row: ScheduleRow): ScheduleView => ({
  id: row.id,
  name: row.name,
  messageId: row.message_id,
  stack: row.recycles === null ? null : { recycle: row.recycles },
  audience: row.audience,
  rule: row.rule,
  timeZone: row.time_zone,
  localTimeOf: row.local_time_of ?? 'tenant',
  zones: row.zone_runs && viewZones(row.zone_runs),
  endsAt: row.ends_at?.toISOString() ?? null,
  exceptDates: row.except_dates?.slice() ?? null,
  within: row.within,
  maxRuns: row.max_runs,
  runs: row.runs ?? 0,
  missedPolicy: row.missed_policy ?? 'latest',
  graceSeconds: row.grace_seconds ?? DEFAULT_GRACE_SECONDS,
  overlapPolicy: row.overlap_policy ?? 'parallel',
  pin: row.pin,
  deletePrevious: row.delete_previous === true,
  deleteAfterSeconds: row.delete_after_seconds,
  state: row.state,
  reason: row.state_reason,
  refusal: row.refusal,
  nextRunAt: row.next_run_at?.toISOString() ?? null,
  lastRunAt: row.last_run_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});

const toOccurrenceView = (row: OccurrenceRow, followUps: readonly FollowUpView[]): OccurrenceView => ({
  id: row.id,
  dueAt: row.due_at.toISOString(),
  timeZone: row.time_zone || null,
  state: row.state,
  reason: row.reason,
  broadcastId: row.broadcast_id,
  followUps: [...followUps],
  createdAt: row.created_at.toISOString(),
});
