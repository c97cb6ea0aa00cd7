import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { AudienceService } from '../../audience/index.js';
import { MessageService, MessageUses } from '../../messages/index.js';
import { TenantDatabase } from '../../platform/database/index.js';
import { conflict, invalidField, withinField } from '../../platform/errors/index.js';
import {
  idBefore,
  IdempotencyService,
  type IdempotentRequest,
  type Page,
  pageOf,
  type PageQuery,
} from '../../platform/http/index.js';
import { type Caller, type TenantId } from '../../platform/identity/index.js';
import { AuditLog } from '../../tenants/index.js';
import { QuietHoursRepository } from '../quiet-hours.repository.js';
import { describeLocally } from '../rules/local-time.rules.js';
import { decideQuiet } from '../rules/quiet-hours.rules.js';
import { ringForSchedules } from '../schedule-bell.js';
import { SchedulesRepository } from '../schedules.repository.js';
import { EnrollmentsRepository } from './enrollments.repository.js';
import {
  type ChangeSequence,
  type CreateSequence,
  type EnrollmentQuery,
  type EnrollmentView,
  type GivenStep,
  type SequencePreview,
  type SequencePreviewQuery,
  type SequenceReport,
  type SequenceView,
  type StepRunView,
} from './sequence.dto.js';
import { ENROLLMENT_STATES, nextStep, placeSteps, stepDueAt } from './sequence.rules.js';
import {
  type SequenceRow,
  SequencesRepository,
  type StepChoice,
  type StepRow,
  type StepRunRow,
} from './sequences.repository.js';

/** Each costs a look whenever somebody presses Start, and one in each pass of the ticker. */
const MOST_SEQUENCES = 100;

/** What people do with sequences. Whom they reach, and when, is the ticker's. */
@Injectable()
export class SequenceService implements OnModuleInit {
  constructor(
    private readonly database: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly sequences: SequencesRepository,
    private readonly enrollments: EnrollmentsRepository,
    private readonly schedules: SchedulesRepository,
    private readonly quietHours: QuietHoursRepository,
    private readonly messages: MessageService,
    private readonly messageUses: MessageUses,
    private readonly audience: AudienceService,
    private readonly audit: AuditLog,
  ) {}

  onModuleInit(): void {
    this.messageUses.register(async (manager, messageId) => {
      const names = await this.sequences.findNamesByMessage(manager, messageId);
      if (names.length === 0) return undefined;
      return `The sequence "${names.join('", "')}" sends this message; take the step out or give it another message first.`;
    });
  }

  create(caller: Caller, idempotent: IdempotentRequest, input: CreateSequence): Promise<SequenceView> {
    return this.idempotency.run(caller, idempotent, async (manager) => {
      await this.audience.assertBotsExist(manager, input.botIds, 'botIds');
      if ((await this.sequences.lockAndCount(manager)) >= MOST_SEQUENCES)
        throw conflict('too_many_sequences', `There are ${MOST_SEQUENCES} already; delete one first.`);
      const row = await this.sequences.insert(manager, caller.tenantId, {
        name: input.name,
        bot_ids: input.botIds,
        again: input.again,
        grace_seconds: input.graceSeconds,
      });
      await this.replaceSteps(manager, caller.tenantId, row, [], input.steps);
      await this.record(manager, caller, 'sequence.created', row.id);
      return this.view(manager, row);
    });
  }

  /** What it changes holds from the next step of each person on; see {@link placeSteps} for where they stand then. */
  change(caller: Caller, id: string, change: ChangeSequence): Promise<SequenceView> {
    return this.database.run(caller.tenantId, async (manager) => {
      await this.sequences.lockByIdOrThrow(manager, id);
      if (change.botIds) await this.audience.assertBotsExist(manager, change.botIds, 'botIds');
      const row = await this.sequences.update(manager, id, {
        ...(change.name !== undefined && { name: change.name }),
        ...(change.botIds && { bot_ids: change.botIds }),
        ...(change.again !== undefined && { again: change.again }),
        ...(change.graceSeconds !== undefined && { grace_seconds: change.graceSeconds }),
      });
      if (change.steps) {
        const current = await this.sequences.findSteps(manager, [id]);
        await this.replaceSteps(manager, caller.tenantId, row, current, change.steps);
        await this.sequences.timeAgain(manager, id);
        await ringForSchedules(manager);
      }
      await this.record(manager, caller, 'sequence.changed', id, { fields: Object.keys(change).join(', ') });
      return this.view(manager, row);
    });
  }

  /** No step goes out until it is resumed; people come in and go meanwhile. */
  pause(caller: Caller, id: string): Promise<SequenceView> {
    return this.setState(caller, id, 'paused', 'sequence.paused');
  }

  /** What was due meanwhile goes out late within the grace, else it is missed. */
  resume(caller: Caller, id: string): Promise<SequenceView> {
    return this.setState(caller, id, 'active', 'sequence.resumed');
  }

  /** People are out of it, and its history goes; broadcasts that it started stay. */
  async delete(caller: Caller, id: string): Promise<void> {
    await this.database.run(caller.tenantId, async (manager) => {
      await this.sequences.delete(manager, id);
      await this.record(manager, caller, 'sequence.deleted', id);
    });
  }

  findById(caller: Caller, id: string): Promise<SequenceView> {
    return this.database.run(caller.tenantId, async (manager) =>
      this.view(manager, await this.sequences.findByIdOrThrow(manager, id)),
    );
  }

  findPage(caller: Caller, query: PageQuery): Promise<Page<SequenceView>> {
    const before = idBefore(query);
    return this.database.run(caller.tenantId, async (manager) => {
      const rows = await this.sequences.findPage(manager, before, query.limit + 1);
      const steps = await this.sequences.findSteps(
        manager,
        rows.map(({ id }) => id),
      );
      return pageOf(rows, query, (row) =>
        toView(
          row,
          steps.filter((step) => step.sequence_id === row.id),
        ),
      );
    });
  }

  report(caller: Caller, id: string): Promise<SequenceReport> {
    return this.database.run(caller.tenantId, async (manager) => {
      const { no } = await this.sequences.findByIdOrThrow(manager, id);
      const steps = await this.sequences.findSteps(manager, [id]);
      const counts = (await this.enrollments.count(manager, no)).map(({ passed, state, count }) => ({
        stepId: nextStep(steps, passed)?.id,
        state: ENROLLMENT_STATES[state],
        count,
      }));
      const sum = (some: Partial<(typeof counts)[number]>): number =>
        counts
          .filter((one) => some.state === undefined || one.state === some.state)
          .filter((one) => some.stepId === undefined || one.stepId === some.stepId)
          .reduce((total, { count }) => total + count, 0);
      return {
        enrolled: sum({}),
        finished: sum({ state: 'finished' }),
        left: sum({ state: 'left' }),
        steps: steps.map(({ id: stepId, sent, missed, skipped }) => ({
          stepId,
          ...{ waiting: sum({ stepId, state: 'waiting' }), sent, missed, skipped },
          left: sum({ stepId, state: 'left' }),
        })),
      };
    });
  }

  findRuns(caller: Caller, id: string, query: PageQuery): Promise<Page<StepRunView>> {
    const before = idBefore(query);
    return this.database.run(caller.tenantId, async (manager) => {
      await this.sequences.findByIdOrThrow(manager, id);
      return pageOf(await this.sequences.findRuns(manager, id, before, query.limit + 1), query, toRunView);
    });
  }

  findPeople(caller: Caller, id: string, query: EnrollmentQuery): Promise<Page<EnrollmentView>> {
    const before = idBefore(query);
    const { stepId, state, limit } = query;
    return this.database.run(caller.tenantId, async (manager) => {
      const { no } = await this.sequences.findByIdOrThrow(manager, id);
      const steps = await this.sequences.findSteps(manager, [id]);
      const n = steps.findIndex((step) => step.id === stepId);
      if (stepId !== undefined && n < 0)
        throw invalidField('stepId', 'unknown_step', 'The sequence has no such step.');
      const between = n < 0 ? undefined : ([steps[n - 1]?.position ?? 0, steps[n]!.position] as const);
      const rows = await this.enrollments.findPage(manager, no, before, limit + 1, { state, between });
      return pageOf(rows, query, (row) => ({
        chatId: row.id,
        state: ENROLLMENT_STATES[row.state]!,
        stepId: nextStep(steps, row.passed)?.id ?? null,
        enrolledAt: row.enrolled_at.toISOString(),
        dueAt: row.due_at?.toISOString() ?? null,
      }));
    });
  }

  /** When each step would go out for somebody who is enrolled now. */
  preview(caller: Caller, id: string, query: SequencePreviewQuery): Promise<SequencePreview> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.sequences.findByIdOrThrow(manager, id);
      const clock = await this.schedules.readClock(manager, caller.tenantId);
      const timeZone = query.timeZone ?? clock.timeZone;
      const quietHours = await this.quietHours.findAll(manager);
      const bots = { to: 'everybody' as const, botIds: row.bot_ids };
      const steps = await this.sequences.findSteps(manager, [id]);
      return {
        timeZone,
        steps: steps.map((step) => {
          const dueAt = stepDueAt(step, clock.now, timeZone);
          const quiet = decideQuiet(quietHours, bots, timeZone, dueAt);
          return {
            stepId: step.id,
            dueAt: dueAt.toISOString(),
            ...describeLocally(dueAt, timeZone),
            heldUntil: quiet?.kind === 'hold' ? quiet.until.toISOString() : null,
            isSkipped: quiet?.kind === 'skip',
          };
        }),
      };
    });
  }

  private setState(
    caller: Caller,
    id: string,
    state: SequenceRow['state'],
    action: string,
  ): Promise<SequenceView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const row = await this.sequences.lockByIdOrThrow(manager, id);
      if (row.state === state) return this.view(manager, row);
      const changed = await this.sequences.update(manager, id, { state });
      if (state === 'active') await ringForSchedules(manager);
      await this.record(manager, caller, action, id);
      return this.view(manager, changed);
    });
  }

  private async replaceSteps(
    manager: EntityManager,
    tenantId: TenantId,
    { id }: SequenceRow,
    current: readonly StepRow[],
    given: readonly (GivenStep | CreateSequence['steps'][number])[],
  ): Promise<void> {
    const ids = given.map((step) => ('id' in step ? step.id : undefined));
    const places = placeSteps(new Map(current.map((step) => [step.id, step.position])), ids);
    const choices: StepChoice[] = [];
    for (const [n, step] of given.entries()) {
      const kept = current.find((one) => one.id === ids[n]);
      const keepsMessage = kept && step.message === undefined && step.messageId === undefined;
      choices.push({
        id: kept?.id,
        position: places[n]!,
        after: step.afterDays ?? step.afterSeconds ?? 0,
        unit: step.afterDays === undefined ? 'second' : 'day',
        at: step.at ?? null,
        messageId: keepsMessage ? kept.message_id : await this.chooseMessage(manager, tenantId, step, n),
      });
    }
    await this.sequences.replaceSteps(manager, tenantId, id, choices);
  }

  private async chooseMessage(
    manager: EntityManager,
    tenantId: TenantId,
    step: Pick<GivenStep, 'message' | 'messageId'>,
    n: number,
  ): Promise<string> {
    try {
      return await this.messages.choose(manager, tenantId, step);
    } catch (error) {
      throw withinField(error, `steps.${n}`);
    }
  }

  private async view(manager: EntityManager, row: SequenceRow): Promise<SequenceView> {
    return toView(row, await this.sequences.findSteps(manager, [row.id]));
  }

  private record(
    manager: EntityManager,
    { actor }: Caller,
    action: string,
    id: string,
    details: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    return this.audit.record(manager, { actor, action, subject: { kind: 'sequence', id }, details });
  }
}

const toView = (row: SequenceRow, steps: readonly StepRow[]): SequenceView => ({
  id: row.id,
  name: row.name,
  botIds: row.bot_ids,
  event: 'started',
  again: row.again,
  graceSeconds: row.grace_seconds,
  state: row.state,
  steps: steps.map(({ id, after, unit, at, message_id: messageId }) => ({
    id,
    afterSeconds: unit === 'second' ? after : null,
    afterDays: unit === 'day' ? after : null,
    at,
    messageId,
  })),
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});

const toRunView = (row: StepRunRow): StepRunView => ({
  id: row.id,
  stepId: row.step_id,
  dueAt: row.due_at.toISOString(),
  chats: row.chats,
  state: row.state,
  reason: row.reason,
  broadcastId: row.broadcast_id,
  createdAt: row.created_at.toISOString(),
});
