import { Injectable } from '@nestjs/common';
import { LoadingCache } from '../../platform/cache/index.js';
import { Clock } from '../../platform/clock/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { conflict, notFound } from '../../platform/errors/index.js';
import { type OperatorCaller, type TenantId } from '../../platform/identity/index.js';
import { type OperatorAct, OperatorActs } from '../operating/operator-acts.js';
import { type ChangePlan, type CreatePlan, type PlanView } from './plan.dto.js';
import { type PlanRow, PlansRepository } from './plans.repository.js';
import { completeLimits, type Limits, QUOTAS } from './quota.rules.js';

/** Another plan, or another limit of it, counts this soon in every process. */
const CACHE_BOUNDS = { capacity: 10_000, maxAgeMs: 5_000 };
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';

/** A tenant's plan as those need it who hold somebody to it. */
export interface PlanOfTenant {
  readonly id: string;
  readonly name: string;
  readonly limits: Limits;
  /** How places for sending are shared where they are short, 1 to 100. */
  readonly weight: number;
}

@Injectable()
export class PlansService {
  private readonly plansOfTenants: LoadingCache<TenantId, PlanOfTenant>;

  constructor(
    private readonly plans: PlansRepository,
    private readonly dispatcher: DispatcherDatabase,
    private readonly acts: OperatorActs,
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

  create(operator: OperatorCaller, { name, limits, weight = 1, isDefault }: CreatePlan): Promise<PlanView> {
    return this.write(async (client) => {
      const plan = await this.plans.insert(client, { name, limits, weight });
      if (isDefault) await this.plans.makeDefault(client, plan.id);
      const made = viewPlan({ ...plan, isDefault: isDefault ?? false });
      await this.acts.record(client, operator, actOn(made, 'plan.created', describeChange(undefined, made)));
      return made;
    });
  }

  change(operator: OperatorCaller, id: string, { isDefault, ...change }: ChangePlan): Promise<PlanView> {
    return this.write(async (client) => {
      const before = await this.plans.lock(client, id);
      if (!before) throw notFound('plan');
      const plan = await this.plans.change(client, id, change);
      if (isDefault) await this.plans.makeDefault(client, id);
      const after = viewPlan({ ...plan, isDefault: isDefault ?? plan.isDefault });
      const details = describeChange(viewPlan(before), after);
      await this.acts.record(client, operator, actOn(after, 'plan.changed', details));
      return after;
    });
  }

  /** @throws ProblemError 409 while new tenants get it, or some have it */
  async delete(operator: OperatorCaller, id: string): Promise<void> {
    const plan = await this.findById(id);
    const isDeleted = await this.dispatcher
      .transaction(async (client) => {
        if (!(await this.plans.deleteUnused(client, id))) return false;
        await this.acts.record(client, operator, actOn(plan, 'plan.deleted', { name: plan.name }));
        return true;
      })
      .catch((error: unknown) => {
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
    return { id: row.id, name: row.name, limits: completeLimits(row.limits), weight: row.weight };
  }

  private async write(
    work: (client: Parameters<PlansRepository['insert']>[0]) => Promise<PlanView>,
  ): Promise<PlanView> {
    try {
      return await this.dispatcher.transaction(async (client) => {
        await this.plans.hold(client);
        return work(client);
      });
    } catch (error) {
      if (codeOf(error) === UNIQUE_VIOLATION) {
        throw conflict('plan_exists', 'Another plan has this name, or became the default just now.');
      }
      throw error;
    }
  }
}

const actOn = ({ id }: PlanView, action: string, details: OperatorAct['details']): OperatorAct => ({
  action,
  subject: { kind: 'plan', id },
  details,
});

/** What is another than it was, such as `{ botsFrom: 5, botsTo: null }`; of a new plan all that it limits. */
function describeChange(before: PlanView | undefined, after: PlanView): OperatorAct['details'] {
  const limits = QUOTAS.filter((name) => (before?.limits[name] ?? null) !== (after.limits[name] ?? null));
  return {
    name: after.name,
    ...(before && before.name !== after.name && { nameFrom: before.name }),
    ...(before?.weight !== after.weight && { weightFrom: before?.weight ?? null, weightTo: after.weight }),
    ...(before?.isDefault !== after.isDefault && { isDefault: after.isDefault }),
    ...Object.fromEntries(
      limits.flatMap((name) => [
        [`${name}From`, before?.limits[name] ?? null],
        [`${name}To`, after.limits[name] ?? null],
      ]),
    ),
  };
}

function viewPlan(plan: PlanRow): PlanView {
  return {
    id: plan.id,
    name: plan.name,
    limits: completeLimits(plan.limits),
    weight: plan.weight,
    isDefault: plan.isDefault,
    createdAt: plan.createdAt.toISOString(),
  };
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
