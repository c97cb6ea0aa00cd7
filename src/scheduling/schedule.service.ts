import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type Audience, AudienceService } from '../audience/index.js';
import { FollowUps, type FollowUpView } from '../delivery/index.js';
import { MessageService, MessageUses } from '../messages/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, notFound } from '../platform/errors/index.js';
import { idBefore, type Page, pageOf, type PageQuery } from '../platform/http/index.js';
import { type Caller, type TenantId } from '../platform/identity/index.js';
import { type AuditEntry, AuditLog, type Language, Quotas, TimeZoneChanges } from '../tenants/index.js';
import { type OccurrenceRow, OccurrencesRepository } from './occurrences.repository.js';
import { letAwaitApproval, refuseChoice } from './rules/approval.rules.js';
import { viewSchedule } from './rules/schedule-view.rules.js';
import { ScheduleApproval } from './schedule-approval.service.js';
import { announceDueSoon, ringForSchedules } from './schedule-bell.js';
import { describeTiming } from './rules/rule-sentence.rules.js';
import { previewZones } from './rules/zone-preview.rules.js';
import {
  assertOneZone,
  changeChoice,
  chooseLocalTimeOf,
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
import {
  type ChangeSchedule,
  type OccurrenceView,
  type PreviewQuery,
  type PreviewRule,
  type RunPreview,
  type ScheduleQuery,
  type ScheduleView,
} from './schedule.dto.js';
import { ScheduleCreation } from './schedule-creation.service.js';
import { ScheduleMessages } from './schedule-messages.service.js';
import { type ScheduleRow, SchedulesRepository } from './schedules.repository.js';

/** What people do with schedules. What becomes due is the ticker's. */
@Injectable()
export class ScheduleService implements OnModuleInit {
  constructor(
    private readonly database: TenantDatabase,
    private readonly schedules: SchedulesRepository,
    private readonly occurrences: OccurrencesRepository,
    private readonly sent: ScheduleMessages,
    private readonly messages: MessageService,
    private readonly messageUses: MessageUses,
    private readonly audience: AudienceService,
    private readonly audit: AuditLog,
    private readonly creation: ScheduleCreation,
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
      await this.occurrences.lookAgainAtQuiet(manager);
    });
    this.messageUses.register(async (manager, messageId) => {
      const names = await this.schedules.findNamesByMessage(manager, messageId);
      if (names.length === 0) return undefined;
      return `The schedule "${names.join('", "')}" sends this message; delete the schedule or give it another message first.`;
    });
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
      const local = of && (await this.creation.findLocalTimes(manager, where, audience, of));
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
      return viewSchedule(changed);
    });
  }

  /** Nothing becomes due until it is resumed, and what was held until later does not start. */
  pause(caller: Caller, id: string): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.schedules.lockByIdOrThrow(manager, id);
      if (row.state === 'paused') return viewSchedule(row);
      if (row.state === 'ended')
        throw conflict('schedule_ended', 'This schedule has ended; there is nothing to pause.');
      const { now } = await this.schedules.readClock(manager, caller.tenantId);
      await this.occurrences.skipHeld(manager, id);
      const paused = await this.schedules.update(manager, id, pauseChoice(row, now));
      await this.record(manager, caller, 'schedule.paused', [id]);
      return viewSchedule(paused);
    });
  }

  /** What was missed meanwhile is made up by the schedule's policy. */
  resume(caller: Caller, id: string): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.schedules.lockByIdOrThrow(manager, id);
      if (row.state === 'active') return viewSchedule(row);
      if (row.state === 'awaiting_approval')
        throw conflict('awaiting_approval', 'This schedule waits until an admin approves it.');
      if (row.state === 'ended')
        throw conflict('schedule_ended', 'This schedule has ended; change its rule to let it begin again.');
      const resumed = await this.letGoOn(manager, caller, row, await this.approval.isNeeded(manager, caller));
      await this.record(manager, caller, 'schedule.resumed', [id]);
      await this.approval.request(manager, caller, [resumed]);
      return viewSchedule(resumed);
    });
  }

  /**
   * It goes on as one that was paused since it waits.
   *
   * @param updatedAt of what was looked at
   * @throws ProblemError 409 where it was changed since: whoever approves names what they saw
   */
  approve(caller: Caller, id: string, updatedAt: Date): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.lockAwaitingOrThrow(manager, id);
      if (row.updated_at.getTime() !== updatedAt.getTime())
        throw conflict(
          'schedule_changed',
          'The schedule was changed since; look at it again, then approve it.',
        );
      const approved = await this.letGoOn(manager, caller, row, false);
      await this.approval.tell(manager, caller, 'schedule.approved', approved);
      return viewSchedule(approved);
    });
  }

  /** It is paused; whoever changes or resumes it lets it wait once more. */
  refuse(caller: Caller, id: string, reason: string): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.lockAwaitingOrThrow(manager, id);
      const refused = await this.schedules.update(manager, id, refuseChoice(row, reason));
      await this.approval.tell(manager, caller, 'schedule.refused', refused);
      return viewSchedule(refused);
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
    return pageOf(rows, query, viewSchedule);
  }

  findById(caller: Caller, id: string): Promise<ScheduleView> {
    return this.database.run(caller.tenantId, async (manager) =>
      viewSchedule(await this.findByIdOrThrow(manager, id)),
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
      return { clock, local: of && (await this.creation.findLocalTimes(manager, where, audience, of)) };
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
    return of && this.creation.findLocalTimes(manager, { tenantId, timeZone }, audience, of);
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
