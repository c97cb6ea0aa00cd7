import { Injectable } from '@nestjs/common';
import { LoadingCache } from '../../platform/cache/index.js';
import { Clock } from '../../platform/clock/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { conflict, notFound } from '../../platform/errors/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { type ChangePlan, type CreatePlan, type PlanView } from './plan.dto.js';
import { type PlanRow, PlansRepository } from './plans.repository.js';
import { completeLimits, type Limits } from './quota.rules.js';

/** Another plan, or another limit of it, counts this soon in every process. */
const CACHE_BOUNDS = { capacity: 10_000, maxAgeMs: 5_000 };
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';

/** A tenant's plan as those need it who hold somebody to it. */
export interface PlanOfTenant {
  readonly id: string;
  readonly name: string;
  readonly limits: Limits;
}

@Injectable()
export class PlansService {
  private readonly plansOfTenants: LoadingCache<TenantId, PlanOfTenant>;

  constructor(
    private readonly plans: PlansRepository,
    private readonly dispatcher: DispatcherDatabase,
    clock: Clock,
  ) {
    this.plansOfTenants = new LoadingCache(clock, CACHE_BOUNDS, (tenantId) => this.loadOfTenant(tenantId));
  }

  /** At most 5 s old. */
  findOfTenant(tenantId: TenantId): Promise<PlanOfTenant> {
    return this.plansOfTenants.get(tenantId);
  }

  /** In this process the tenant's next request looks anew. */
  forget(tenantId: TenantId): void {
    this.plansOfTenants.forget(tenantId);
  }

  async findAll(): Promise<{ items: PlanView[] }> {
    return { items: (await this.plans.findAll()).map(viewPlan) };
  }

  async findById(id: string): Promise<PlanView> {
    const plan = await this.plans.findById(id);
    if (!plan) throw notFound('plan');
    return viewPlan(plan);
  }

  create({ name, limits, isDefault }: CreatePlan): Promise<PlanView> {
    return this.write(async (client) => {
      const plan = await this.plans.insert(client, { name, limits });
      if (isDefault) await this.plans.makeDefault(client, plan.id);
      return viewPlan({ ...plan, isDefault: isDefault ?? false });
    });
  }

  change(id: string, { isDefault, ...change }: ChangePlan): Promise<PlanView> {
    return this.write(async (client) => {
      const plan = await this.plans.change(client, id, change);
      if (!plan) throw notFound('plan');
      if (isDefault) await this.plans.makeDefault(client, id);
      return viewPlan({ ...plan, isDefault: isDefault ?? plan.isDefault });
    });
  }

  /** @throws ProblemError 409 while new tenants get it, or some have it */
  async delete(id: string): Promise<void> {
    await this.findById(id);
    const isDeleted = await this.plans.deleteUnused(id).catch((error: unknown) => {
      // A tenant got the plan at this very moment.
      if (codeOf(error) === FOREIGN_KEY_VIOLATION) return false;
      throw error;
    });
    if (!isDeleted) {
      throw conflict(
        'plan_in_use',
        'Tenants have this plan, or new ones get it. Give them another plan, or make another the default, first.',
      );
    }
  }

  private async loadOfTenant(tenantId: TenantId): Promise<PlanOfTenant> {
    const row = await this.plans.findOfTenant(tenantId);
    if (!row) throw notFound('tenant');
    return { id: row.id, name: row.name, limits: completeLimits(row.limits) };
  }

  private async write(
    work: (client: Parameters<PlansRepository['insert']>[0]) => Promise<PlanView>,
  ): Promise<PlanView> {
    try {
      return await this.dispatcher.transaction(work);
    } catch (error) {
      if (codeOf(error) === UNIQUE_VIOLATION) {
        throw conflict('plan_exists', 'Another plan has this name, or became the default just now.');
      }
      throw error;
    }
  }
}

function viewPlan(plan: PlanRow): PlanView {
  return {
    id: plan.id,
    name: plan.name,
    limits: completeLimits(plan.limits),
    isDefault: plan.isDefault,
    createdAt: plan.createdAt.toISOString(),
  };
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
