import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { ExpiringCache } from '../../platform/cache/index.js';
import { Clock } from '../../platform/clock/index.js';
import { TenantDatabase } from '../../platform/database/index.js';
import { ProblemError } from '../../platform/errors/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { type UsageView } from './plan.dto.js';
import { PlansService } from './plans.service.js';
import { describeExcess, type QuotaName, QUOTAS, resetOf, roomOf } from './quota.rules.js';

/**
 * Counts what the tenant of the manager's unit of work has of something.
 *
 * @param atMost it may stop counting there; Infinity for the whole truth
 */
export type UseCounter = (manager: EntityManager, atMost: number) => Promise<number>;

/** Whether an error is {@link Quotas}'s refusal, for those who do without instead. */
export function isQuotaExceeded(error: unknown): boolean {
  return error instanceof ProblemError && error.code === QUOTA_EXCEEDED;
}

const QUOTA_EXCEEDED = 'quota_exceeded';

interface Counted {
  readonly count: UseCounter;
  /** Whole counts are remembered for a minute: a tenant may have a million. */
  readonly isLarge: boolean;
}

const LARGE_COUNT_BOUNDS = { capacity: 10_000, maxAgeMs: 60_000 };

/** Holds tenants to their plan. Each room says how what it keeps is counted, and asks before it makes more. */
@Injectable()
export class Quotas {
  private readonly counted = new Map<QuotaName, Counted>();
  private readonly largeCounts: ExpiringCache<string, number>;

  constructor(
    private readonly plans: PlansService,
    private readonly database: TenantDatabase,
    private readonly clock: Clock,
  ) {
    this.largeCounts = new ExpiringCache(clock, LARGE_COUNT_BOUNDS);
  }

  /** At the start, once for each quota; what nobody registers has a limit and no known use. */
  register(name: QuotaName, count: UseCounter, { isLarge = false } = {}): void {
    this.counted.set(name, { count, isLarge });
  }

  /**
   * Makes sure that the plan allows so many more. Where there is a limit, the unit of work holds the tenant's row until
   * its end, so that of two that make something at once the later one counts the other's.
   *
   * @param wanted 0 where nothing is added, but more than the plan allows may be there already
   * @throws ProblemError 402 `quota_exceeded`
   */
  async assertRoom(manager: EntityManager, tenantId: TenantId, name: QuotaName, wanted = 1): Promise<void> {
    if (wanted > (await this.findRoom(manager, tenantId, name))) {
      throw await this.excessOf(manager, tenantId, name);
    }
  }

  /** How many more the plan allows, Infinity without a limit; held as {@link assertRoom} holds it. */
  async findRoom(manager: EntityManager, tenantId: TenantId, name: QuotaName): Promise<number> {
    const limit = (await this.plans.findOfTenant(tenantId)).limits[name];
    if (limit === null) return Infinity;
    await manager.query('SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tenantId]);
    return roomOf(limit, await this.count(manager, name, limit + 1));
  }

  /** The limit alone (Infinity for none), for what is counted elsewhere; at most 5 s old. */
  async findLimit(tenantId: TenantId, name: QuotaName): Promise<{ limit: number; planName: string }> {
    const plan = await this.plans.findOfTenant(tenantId);
    return { limit: plan.limits[name] ?? Infinity, planName: plan.name };
  }

  /** What to throw where {@link findRoom} was not enough. */
  async excessOf(manager: EntityManager, tenantId: TenantId, name: QuotaName): Promise<ProblemError> {
    const { name: planName, limits } = await this.plans.findOfTenant(tenantId);
    const limit = limits[name] ?? Infinity;
    const detail = describeExcess(planName, name, limit, await this.count(manager, name, limit + 1));
    return new ProblemError(402, QUOTA_EXCEEDED, detail, [
      { field: name, code: QUOTA_EXCEEDED, message: detail },
    ]);
  }

  async read(tenantId: TenantId): Promise<UsageView> {
    const { id, name, limits, weight } = await this.plans.findOfTenant(tenantId);
    const used = await this.database.run(tenantId, async (manager) => {
      const counts = new Map<QuotaName, number>();
      for (const quota of this.counted.keys()) {
        counts.set(quota, await this.countWhole(manager, tenantId, quota));
      }
      return counts;
    });
    const now = this.clock.now();
    return {
      plan: { id, name, weight },
      quotas: QUOTAS.map((quota) => ({
        name: quota,
        limit: limits[quota],
        used: used.get(quota) ?? null,
        resetsAt: resetOf(quota, now)?.toISOString() ?? null,
      })),
    };
  }

  private async countWhole(manager: EntityManager, tenantId: TenantId, name: QuotaName): Promise<number> {
    const key = `${tenantId}/${name}`;
    const known = this.largeCounts.get(key);
    if (known !== undefined) return known;
    const count = await this.count(manager, name, Infinity);
    if (this.counted.get(name)?.isLarge) this.largeCounts.set(key, count);
    return count;
  }

  private async count(manager: EntityManager, name: QuotaName, atMost: number): Promise<number> {
    const counted = this.counted.get(name);
    if (!counted) throw new Error(`Nobody registered how ${name} are counted.`);
    return counted.count(manager, atMost);
  }
}
