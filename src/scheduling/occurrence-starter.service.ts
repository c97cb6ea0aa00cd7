import { Injectable, Logger } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { BroadcastService } from '../delivery/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { isQuotaExceeded } from '../tenants/index.js';
import { type WaitingOccurrence } from './due-schedules.repository.js';
import { OccurrencesRepository, type StartableOccurrence } from './occurrences.repository.js';

/** Transactions at the same time; the process's other work shares the pool. */
const CONCURRENCY = 4;
/** Occurrences of one tenant in one transaction: a commit is the dearest part of a start. */
const LARGEST_GROUP = 50;

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
    private readonly broadcasts: BroadcastService,
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
    const started: { id: string; broadcastId: string }[] = [];
    const refused: string[] = [];
    for (const occurrence of await this.occurrences.lockWaiting(manager, ids)) {
      const broadcastId = await this.start(manager, tenantId, occurrence);
      if (broadcastId === undefined) refused.push(occurrence.id);
      else started.push({ id: occurrence.id, broadcastId });
    }
    if (started.length > 0) await this.occurrences.markStarted(manager, started);
    if (refused.length > 0) await this.occurrences.markSkipped(manager, refused, 'quota_exceeded');
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
        audience: occurrence.audience,
        scheduleId: occurrence.schedule_id,
        dueAt: occurrence.due_at,
      });
      return broadcast.id;
    } catch (error) {
      if (isQuotaExceeded(error)) return undefined;
      throw error;
    }
  }
}

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
