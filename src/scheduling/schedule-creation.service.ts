import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type Audience, AudienceService, type LocalTimeOf } from '../audience/index.js';
import { GroupedQuery } from '../platform/database/index.js';
import { withinField } from '../platform/errors/index.js';
import { IdempotencyService, type IdempotentRequest } from '../platform/http/index.js';
import { type Caller, type TenantId } from '../platform/identity/index.js';
import { AuditLog, Quotas } from '../tenants/index.js';
import { letAwaitApproval, needsApproval } from './rules/approval.rules.js';
import {
  assertOneZone,
  chooseLocalTimeOf,
  choosePolicy,
  chooseTiming,
  type LocalTimes,
  type ScheduleChoice,
} from './rules/schedule-choice.rules.js';
import { viewSchedule } from './rules/schedule-view.rules.js';
import { ScheduleApproval } from './schedule-approval.service.js';
import { announceDueSoon } from './schedule-bell.js';
import { type ImportResult } from './schedule-bulk.dto.js';
import { ScheduleMessages } from './schedule-messages.service.js';
import { type CreateSchedule, type ScheduleView } from './schedule.dto.js';
import { type ScheduleRow, SchedulesRepository, type TenantClock } from './schedules.repository.js';
import { StacksRepository } from './stacks.repository.js';

/** Makes schedules: one, a list of them, or what several requests of one tenant bring at the same time. */
@Injectable()
export class ScheduleCreation {
  private readonly groups = new Map<TenantId, CreationGroup>();

  constructor(
    private readonly idempotency: IdempotencyService,
    private readonly schedules: SchedulesRepository,
    private readonly stacks: StacksRepository,
    private readonly sent: ScheduleMessages,
    private readonly audience: AudienceService,
    private readonly audit: AuditLog,
    private readonly quotas: Quotas,
    private readonly approval: ScheduleApproval,
  ) {}

  async create(caller: Caller, idempotent: IdempotentRequest, input: CreateSchedule): Promise<ScheduleView> {
    const made = isPlain(input) ? await this.createInGroup({ caller, idempotent, input }) : undefined;
    return made ?? this.createAlone(caller, idempotent, input);
  }

  private createAlone(
    caller: Caller,
    idempotent: IdempotentRequest,
    input: CreateSchedule,
  ): Promise<ScheduleView> {
    return this.idempotency.run(caller, idempotent, async (manager) => {
      return viewSchedule(await this.createInTransaction(manager, caller, input));
    });
  }

  /** @returns undefined for what is to be tried for itself */
  private async createInGroup(request: CreationRequest): Promise<ScheduleView | undefined> {
    const { tenantId } = request.caller;
    const group =
      this.groups.get(tenantId) ?? new GroupedQuery((requests) => this.createTogether(tenantId, requests));
    this.groups.set(tenantId, group);
    try {
      return await group.ask(request);
    } finally {
      if (group.isIdle) this.groups.delete(tenantId);
    }
  }

  /**
   * One transaction for all requests that came while the one before was under way: for themselves they would wait for each
   * other's entry in the audit log, and ask the same of the database.
   */
  private async createTogether(
    tenantId: TenantId,
    requests: readonly CreationRequest[],
  ): Promise<(ScheduleView | undefined)[]> {
    let isMade = false;
    try {
      return await this.idempotency.runTogether(
        tenantId,
        requests.map(({ idempotent }) => idempotent),
        async (manager, positions) => {
          const wanted = positions.map((position) => requests[position]!);
          const rows = await this.insertTogether(manager, tenantId, wanted);
          isMade = true;
          return rows.map(viewSchedule);
        },
      );
    } catch (error) {
      // They may be there for all we know, and must not be made twice.
      if (isMade) throw error;
      // One of them spoiled it for all: each for itself, then, and gets an error of its own.
      return requests.map(() => undefined);
    }
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
    const [row] = await this.insertAll(manager, caller.tenantId, [{ caller, choice: placed, stack }], clock);
    if (!row) throw new Error('INSERT returned no row.');
    return row;
  }

  private async insertAll(
    manager: EntityManager,
    tenantId: TenantId,
    chosen: readonly ChosenSchedule[],
    { now, areSchedulesApproved }: TenantClock,
  ): Promise<ScheduleRow[]> {
    await this.quotas.assertRoom(manager, tenantId, 'schedules', chosen.length);
    const rows = await this.schedules.insertMany(
      manager,
      tenantId,
      chosen.map(({ caller, choice }) =>
        needsApproval(areSchedulesApproved, caller.role) ? letAwaitApproval(choice, now) : choice,
      ),
    );
    for (const [n, { stack }] of chosen.entries())
      if (stack.length > 0) await this.stacks.add(manager, tenantId, rows[n]!.id, stack);
    const dueTimes = rows.flatMap((row) => row.next_run_at?.getTime() ?? []);
    if (dueTimes.length > 0) await announceDueSoon(manager, new Date(Math.min(...dueTimes)), now);
    const created = chosen.map(({ caller }, n) => ({ caller, row: rows[n]! }));
    await this.audit.recordAll(
      manager,
      created.map(({ caller: { actor }, row: { id } }) => ({
        actor,
        action: 'schedule.created',
        subject: { kind: 'schedule', id },
      })),
    );
    for (const { caller, row } of created) await this.approval.request(manager, caller, [row]);
    return rows;
  }

  /** All of them or none. @throws ProblemError 400 naming the first that is wrong, such as `schedules.3.rule.at` */
  createMany(
    caller: Caller,
    idempotent: IdempotentRequest,
    inputs: readonly CreateSchedule[],
  ): Promise<ImportResult> {
    return this.idempotency.run(caller, idempotent, async (manager) => {
      const rows = await this.insertTogether(
        manager,
        caller.tenantId,
        inputs.map((input) => ({ caller, input })),
      );
      return { ids: rows.map(({ id }) => id) };
    });
  }

  /** @throws ProblemError 400 naming the first that is wrong, such as `schedules.3.rule.at` */
  private async insertTogether(
    manager: EntityManager,
    tenantId: TenantId,
    wanted: readonly WantedSchedule[],
  ): Promise<ScheduleRow[]> {
    const clock = await this.schedules.readClock(manager, tenantId);
    const chosen: ChosenSchedule[] = [];
    const known = await this.findKnownAudiences(
      manager,
      wanted.map(({ input }) => input),
    );
    for (const [n, { caller, input }] of wanted.entries()) {
      try {
        chosen.push({ caller, ...(await this.choose(manager, tenantId, input, clock, known)) });
      } catch (error) {
        throw withinField(error, `schedules.${n}`);
      }
    }
    return this.insertAll(manager, tenantId, chosen, clock);
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
  ): Promise<Omit<ChosenSchedule, 'caller'>> {
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

  /** Without a bot there is nobody yet, and the tenant's own zone stands for those to come. */
  async findLocalTimes(
    manager: EntityManager,
    { tenantId, timeZone }: { tenantId: TenantId; timeZone: string },
    audience: Audience,
    of: LocalTimeOf,
  ): Promise<LocalTimes> {
    const zones = await this.audience.findZones(manager, tenantId, audience, of);
    return { of, zones: zones.length > 0 ? zones : [timeZone] };
  }
}

interface WantedSchedule {
  readonly caller: Caller;
  readonly input: CreateSchedule;
}

interface CreationRequest extends WantedSchedule {
  readonly idempotent: IdempotentRequest;
}

type CreationGroup = GroupedQuery<CreationRequest, ScheduleView | undefined>;

interface ChosenSchedule {
  readonly caller: Caller;
  readonly choice: ScheduleChoice;
  /** Messages of its stack; none where it sends one. */
  readonly stack: readonly string[];
}

/** Claims that it needs nothing written before it, and locks nothing that its like don't. */
const isPlain = ({ messageId, stack, localTimeOf = 'tenant' }: CreateSchedule): boolean =>
  messageId !== undefined && !stack && localTimeOf === 'tenant';
