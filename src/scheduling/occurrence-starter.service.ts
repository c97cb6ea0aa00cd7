import { Injectable, Logger } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type Audience, AudienceService } from '../audience/index.js';
import { BroadcastService, type DueRequest } from '../delivery/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { withLogContext } from '../platform/logging/index.js';
import { AuditLog, isQuotaExceeded } from '../tenants/index.js';
import { type WaitingOccurrence } from './due-schedules.repository.js';
import { QuietHoursRepository } from './quiet-hours.repository.js';
import { type SkipReason } from './rules/missed-runs.rules.js';
import { decideQuiet } from './rules/quiet-hours.rules.js';
import { SchedulesRepository } from './schedules.repository.js';
import { StacksRepository } from './stacks.repository.js';
import {
  OccurrencesRepository,
  type RunningBroadcast,
  type StartableOccurrence,
} from './occurrences.repository.js';

/** Transactions at the same time; the process's other work shares the pool. */
const CONCURRENCY = 4;
/** Occurrences of one tenant in one transaction: two at a time for what one claim brings, which is a fifth faster than one. */
const LARGEST_GROUP = 250;
/** Whether the broadcast that one waits for has ended meanwhile. */
const LOOK_AGAIN_SECONDS = 2;

/**
 * Turns occurrences into broadcasts: broadcast and "started" are committed together, so that whoever repeats it finds it
 * done. What can't start now waits for the sweep.
 */
@Injectable()
export class OccurrenceStarter {
  private readonly logger = new Logger(OccurrenceStarter.name);

  constructor(
    private readonly database: TenantDatabase,
    private readonly occurrences: OccurrencesRepository,
    private readonly schedules: SchedulesRepository,
    private readonly stacks: StacksRepository,
    private readonly quietHours: QuietHoursRepository,
    private readonly broadcasts: BroadcastService,
    private readonly audience: AudienceService,
    private readonly audit: AuditLog,
  ) {}

  async startAll(waiting: readonly WaitingOccurrence[]): Promise<void> {
    const groups = groupByTenant(waiting);
    const work = async (): Promise<void> => {
      for (let group = groups.pop(); group; group = groups.pop()) {
        const [tenantId, ids] = group;
        await withLogContext({ tenantId }, () => this.startGroup(tenantId, ids));
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, groups.length) }, work));
  }

  private async startGroup(tenantId: TenantId, ids: readonly string[]): Promise<void> {
    try {
      await this.database.run(tenantId, (manager) => this.startInTransaction(manager, tenantId, ids));
    } catch (error) {
      if (ids.length === 1) {
        this.logger.error(error, `occurrence ${ids[0]} could not start and will be tried again`);
        return;
      }
      // One of them spoils the transaction for all: each for itself, then.
      for (const id of ids) await this.startGroup(tenantId, [id]);
    }
  }

  private async startInTransaction(
    manager: EntityManager,
    tenantId: TenantId,
    ids: readonly string[],
  ): Promise<void> {
    const occurrences = await this.passQuietHours(
      manager,
      tenantId,
      await this.occurrences.lockWaiting(manager, ids),
    );
    const plain = occurrences.filter(isPlain);
    const together = await this.startTogether(manager, tenantId, plain);
    const others = together ? occurrences.filter((one) => !isPlain(one)) : occurrences;
    const started = [...(together ?? []), ...(await this.startEach(manager, tenantId, others))];
    if (started.length > 0) await this.occurrences.markStarted(manager, started);
    await this.audit.recordAll(
      manager,
      started.map(({ broadcastId, scheduleId }) => ({
        actor: { kind: 'schedule', scheduleId },
        action: 'broadcast.started',
        subject: { kind: 'broadcast', id: broadcastId },
      })),
    );
  }

  /** @returns undefined where the plan has no room for all of them, so that each is to be tried for itself */
  private async startTogether(
    manager: EntityManager,
    tenantId: TenantId,
    occurrences: readonly PlainOccurrence[],
  ): Promise<StartedOccurrence[] | undefined> {
    if (occurrences.length === 0) return [];
    const requests = occurrences.map((one) => toRequest(one, one.message_id));
    try {
      const ids = await this.broadcasts.startDueInTransaction(manager, tenantId, requests);
      return occurrences.map((one, n) => toStarted(one, ids[n]!));
    } catch (error) {
      if (isQuotaExceeded(error)) return undefined;
      throw error;
    }
  }

  /** One after the other, as each may stand in the way of the next. */
  private async startEach(
    manager: EntityManager,
    tenantId: TenantId,
    occurrences: readonly StartableOccurrence[],
  ): Promise<StartedOccurrence[]> {
    const started: StartedOccurrence[] = [];
    const held = occurrences.filter((one) => runsAlone(one) || hasStack(one)).map(scheduleOf);
    if (held.length > 0) await this.occurrences.lockSchedules(manager, held);
    const oneByOne = occurrences.filter(runsAlone).map(scheduleOf);
    const running = new Set(
      (oneByOne.length > 0 ? await this.occurrences.findRunning(manager, oneByOne) : []).map(keyOf),
    );
    for (const occurrence of occurrences) {
      if (runsAlone(occurrence) && running.has(keyOf(occurrence))) {
        await this.putOff(manager, occurrence);
        continue;
      }
      const isForZone = occurrence.time_zone !== '';
      if (isForZone && (await this.audience.countUpTo(manager, audienceOf(occurrence), 1)) === 0) {
        await this.occurrences.skip(manager, occurrence.id, 'no_chats');
        continue;
      }
      const outcome = await this.start(manager, tenantId, occurrence);
      if ('skipReason' in outcome) {
        await this.occurrences.skip(manager, occurrence.id, outcome.skipReason);
        continue;
      }
      running.add(keyOf(occurrence));
      started.push(toStarted(occurrence, outcome.broadcastId));
    }
    return started;
  }

  /** A stack steps on with the broadcast alone: what isn't sent is the next run's. */
  private async start(
    manager: EntityManager,
    tenantId: TenantId,
    occurrence: StartableOccurrence,
  ): Promise<{ broadcastId: string } | { skipReason: SkipReason }> {
    const stacked = hasStack(occurrence)
      ? await this.stacks.findNext(manager, occurrence.schedule_id)
      : undefined;
    const messageId = occurrence.message_id ?? stacked?.message_id;
    if (messageId === undefined) return { skipReason: 'stack_empty' };
    try {
      const request = toRequest(occurrence, messageId);
      const { id: broadcastId } = await this.broadcasts.startInTransaction(manager, tenantId, request);
      if (stacked) await this.stacks.step(manager, stacked, occurrence.recycles === true);
      return { broadcastId };
    } catch (error) {
      if (isQuotaExceeded(error)) return { skipReason: 'quota_exceeded' };
      throw error;
    }
  }

  /** @returns those that may start now */
  private async passQuietHours(
    manager: EntityManager,
    tenantId: TenantId,
    occurrences: readonly StartableOccurrence[],
  ): Promise<StartableOccurrence[]> {
    const quietHours = occurrences.length > 0 ? await this.quietHours.findAll(manager) : [];
    if (quietHours.length === 0) return [...occurrences];
    const { now, timeZone } = await this.schedules.readClock(manager, tenantId);
    const startable: StartableOccurrence[] = [];
    for (const occurrence of occurrences) {
      const decision = decideQuiet(quietHours, occurrence.audience, occurrence.time_zone || timeZone, now);
      if (decision === null) startable.push(occurrence);
      else if (decision.kind === 'skip') await this.occurrences.skip(manager, occurrence.id, 'quiet_hours');
      else await this.occurrences.holdOverQuietHours(manager, occurrence, decision.until, now);
    }
    return startable;
  }

  private async putOff(manager: EntityManager, occurrence: StartableOccurrence): Promise<void> {
    if (occurrence.overlap_policy === 'skip' || occurrence.is_past_grace)
      await this.occurrences.skip(manager, occurrence.id, 'previous_running');
    else await this.occurrences.holdForPrevious(manager, occurrence.id, LOOK_AGAIN_SECONDS);
  }
}

/** Whose broadcasts don't overlap: those of one schedule to the chats of one zone. */
const keyOf = (one: RunningBroadcast): string => `${one.schedule_id} ${one.time_zone}`;

/** The chats that an occurrence is for. */
const audienceOf = ({ audience, time_zone: timeZone, local_time_of: of }: StartableOccurrence): Audience =>
  timeZone === '' ? audience : { ...audience, localTime: { of: of ?? 'chat', timeZone } };

const scheduleOf = ({ schedule_id }: StartableOccurrence): string => schedule_id;

const hasStack = ({ message_id }: StartableOccurrence): boolean => message_id === null;

/** Claims that no two broadcasts of the schedule to the same chats run at the same time. */
const runsAlone = ({ overlap_policy }: StartableOccurrence): boolean =>
  overlap_policy === 'wait' || overlap_policy === 'skip';

type PlainOccurrence = StartableOccurrence & { readonly message_id: string };

/** Claims that nothing stands in its way, and that it stands in no other's. */
const isPlain = (one: StartableOccurrence): one is PlainOccurrence =>
  !runsAlone(one) && !hasStack(one) && one.time_zone === '';

interface StartedOccurrence {
  readonly id: string;
  readonly scheduleId: string;
  readonly broadcastId: string;
}

const toStarted = ({ id, schedule_id }: StartableOccurrence, broadcastId: string): StartedOccurrence => ({
  id,
  scheduleId: schedule_id,
  broadcastId,
});

const toRequest = (occurrence: StartableOccurrence, messageId: string): DueRequest => ({
  messageId,
  audience: audienceOf(occurrence),
  scheduleId: occurrence.schedule_id,
  queueId: occurrence.queue_id ?? undefined,
  dueAt: occurrence.due_at,
  followUps: {
    pin: occurrence.pin,
    deletePrevious: occurrence.delete_previous === true,
    deleteAfterSeconds: occurrence.delete_after_seconds,
  },
});

/** In the order of the list reversed, since groups are taken from the end. */
function groupByTenant(
  waiting: readonly WaitingOccurrence[],
): (readonly [tenantId: TenantId, ids: readonly string[]])[] {
  const idsOf = new Map<TenantId, string[]>();
  for (const { id, tenantId } of waiting) {
    const ids = idsOf.get(tenantId);
    if (ids) ids.push(id);
    else idsOf.set(tenantId, [id]);
  }
  const groups = [...idsOf].flatMap(([tenantId, ids]) =>
    Array.from(
      { length: Math.ceil(ids.length / LARGEST_GROUP) },
      (_, n) => [tenantId, ids.slice(n * LARGEST_GROUP, (n + 1) * LARGEST_GROUP)] as const,
    ),
  );
  return groups.reverse();
}
