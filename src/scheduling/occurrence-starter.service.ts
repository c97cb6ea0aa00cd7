import { Injectable, Logger } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type Audience, AudienceService } from '../audience/index.js';
import { BroadcastService } from '../delivery/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { AuditLog, isQuotaExceeded } from '../tenants/index.js';
import { type WaitingOccurrence } from './due-schedules.repository.js';
import { QuietHoursRepository } from './quiet-hours.repository.js';
import { decideQuiet } from './rules/quiet-hours.rules.js';
import { SchedulesRepository } from './schedules.repository.js';
import {
  OccurrencesRepository,
  type RunningBroadcast,
  type StartableOccurrence,
} from './occurrences.repository.js';

/** Transactions at the same time; the process's other work shares the pool. */
const CONCURRENCY = 4;
/** Occurrences of one tenant in one transaction: a commit is the dearest part of a start. */
const LARGEST_GROUP = 50;
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
    private readonly quietHours: QuietHoursRepository,
    private readonly broadcasts: BroadcastService,
    private readonly audience: AudienceService,
    private readonly audit: AuditLog,
  ) {}

  async startAll(waiting: readonly WaitingOccurrence[]): Promise<void> {
    const groups = groupByTenant(waiting);
    const work = async (): Promise<void> => {
      for (let group = groups.pop(); group; group = groups.pop()) await this.startGroup(...group);
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
    const started: { id: string; broadcastId: string; scheduleId: string }[] = [];
    const occurrences = await this.passQuietHours(
      manager,
      tenantId,
      await this.occurrences.lockWaiting(manager, ids),
    );
    const oneByOne = occurrences.filter(runsAlone).map((occurrence) => occurrence.schedule_id);
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
      const broadcastId = await this.start(manager, tenantId, occurrence);
      if (broadcastId === undefined) {
        await this.occurrences.skip(manager, occurrence.id, 'quota_exceeded');
        continue;
      }
      running.add(keyOf(occurrence));
      started.push({ id: occurrence.id, broadcastId, scheduleId: occurrence.schedule_id });
    }
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

  /** @returns the broadcast's id; undefined where the tenant's plan doesn't allow it */
  private async start(
    manager: EntityManager,
    tenantId: TenantId,
    occurrence: StartableOccurrence,
  ): Promise<string | undefined> {
    try {
      const broadcast = await this.broadcasts.startInTransaction(manager, tenantId, {
        messageId: occurrence.message_id,
        audience: audienceOf(occurrence),
        scheduleId: occurrence.schedule_id,
        dueAt: occurrence.due_at,
      });
      return broadcast.id;
    } catch (error) {
      if (isQuotaExceeded(error)) return undefined;
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
      else await this.occurrences.holdOverQuietHours(manager, occurrence, decision.until);
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

/** Claims that no two broadcasts of the schedule to the same chats run at the same time. */
const runsAlone = ({ overlap_policy }: StartableOccurrence): boolean =>
  overlap_policy === 'wait' || overlap_policy === 'skip';

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
