import { Injectable } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { type PoolClient } from 'pg';
import { AccessChanges } from '../../platform/access/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { conflict, invalidField, notFound } from '../../platform/errors/index.js';
import { idBefore, type Page, pageOf } from '../../platform/http/index.js';
import { asTenantId, type OperatorCaller, type TenantId } from '../../platform/identity/index.js';
import { AuditLog } from '../audit/audit-log.js';
import { type UsageView } from '../plans/plan.dto.js';
import { PlansRepository } from '../plans/plans.repository.js';
import { PlansService } from '../plans/plans.service.js';
import { Quotas } from '../plans/quotas.service.js';
import { type Tenant } from '../tenant.entity.js';
import { SUSPENDED_FOR_DELETION, TenantStateChanged } from '../tenants.events.js';
import { viewTenant } from '../tenants.service.js';
import { type OperatedTenantQuery, type OperatedTenantView } from './operated-tenant.dto.js';
import { type OperatedTenantRow, OperatedTenantsRepository } from './operated-tenants.repository.js';

/** What whoever runs the installation does with tenants; each act is in the tenant's own audit log. */
@Injectable()
export class OperatedTenantsService {
  constructor(
    private readonly tenants: OperatedTenantsRepository,
    private readonly planRows: PlansRepository,
    private readonly plans: PlansService,
    private readonly quotas: Quotas,
    private readonly audit: AuditLog,
    private readonly accessChanges: AccessChanges,
    private readonly dispatcher: DispatcherDatabase,
    private readonly events: EventEmitter2,
  ) {}

  async findPage(query: OperatedTenantQuery): Promise<Page<OperatedTenantView>> {
    return pageOf(await this.tenants.findPage(idBefore(query), query.limit + 1, query), query, view);
  }

  async findById(id: string): Promise<OperatedTenantView> {
    const row = await this.tenants.findById(id);
    if (!row) throw notFound('tenant');
    return view(row);
  }

  async readUsage(id: string): Promise<UsageView> {
    const tenant = await this.findById(id);
    return this.quotas.read(asTenantId(tenant.id));
  }

  /** What the tenant has beyond the new limits stays; only more of it is refused. */
  async choosePlan(operator: OperatorCaller, id: string, planId: string): Promise<OperatedTenantView> {
    const plan = await this.planRows.findById(planId);
    if (!plan)
      throw invalidField('planId', 'unknown_plan', 'There is no such plan; GET /operator/plans lists them.');
    const tenantId = asTenantId(id);
    await this.change(tenantId, async (client, before) => {
      if (before.planId === planId) return;
      await this.tenants.setPlan(client, tenantId, planId);
      await this.audit.recordFor(client, tenantId, {
        actor: { kind: 'operator', userId: operator.userId },
        action: 'tenant.plan_changed',
        subject: { kind: 'tenant', id },
        details: { from: before.planName, to: plan.name },
      });
    });
    this.plans.forget(tenantId);
    return this.findById(id);
  }

  /**
   * Nothing more is planned, sent or answered; what waits goes on once it is resumed. One that its owners are deleting
   * stays suspended also where they think better of it.
   */
  suspend(operator: OperatorCaller, id: string, reason: string): Promise<OperatedTenantView> {
    return this.changeState(operator, id, 'suspended', reason);
  }

  /** @throws ProblemError 409 while its owners are deleting it */
  resume(operator: OperatorCaller, id: string): Promise<OperatedTenantView> {
    return this.changeState(operator, id, 'active', null);
  }

  private async changeState(
    operator: OperatorCaller,
    id: string,
    state: Tenant['state'],
    reason: string | null,
  ): Promise<OperatedTenantView> {
    const tenantId = asTenantId(id);
    await this.change(tenantId, async (client, before) => {
      // Also where it was so already: whoever repeats the request may do so because the first one's hint was lost.
      await this.accessChanges.announce(client, tenantId);
      const isByItsOwners = before.stateReason === SUSPENDED_FOR_DELETION;
      if (state === 'active' && (before.isLeaving || isByItsOwners)) throw isLeaving();
      if (before.state === state && !isByItsOwners) return;
      await this.tenants.setState(client, tenantId, state, reason);
      await this.audit.recordFor(client, tenantId, {
        actor: { kind: 'operator', userId: operator.userId },
        action: state === 'suspended' ? 'tenant.suspended' : 'tenant.resumed',
        subject: { kind: 'tenant', id },
        ...(reason !== null && { details: { reason } }),
      });
    });
    this.events.emit(TenantStateChanged.topic, new TenantStateChanged(tenantId, state));
    return this.findById(id);
  }

  private change(
    tenantId: TenantId,
    work: (client: PoolClient, before: OperatedTenantRow) => Promise<void>,
  ): Promise<void> {
    return this.dispatcher.transaction(async (client) => {
      const before = await this.tenants.lock(client, tenantId);
      if (!before) throw notFound('tenant');
      await work(client, before);
    });
  }
}

const isLeaving = () =>
  conflict(
    'tenant_leaving',
    'The owners of this tenant are deleting it. They can call that off with the token in their mail; then it can be resumed.',
  );

function view(row: OperatedTenantRow): OperatedTenantView {
  return {
    ...viewTenant(row),
    stateReason: row.stateReason,
    stateChangedAt: row.stateChangedAt.toISOString(),
    plan: { id: row.planId, name: row.planName },
  };
}
