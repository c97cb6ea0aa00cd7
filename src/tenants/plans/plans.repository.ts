import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase, GroupedQuery } from '../../platform/database/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { type Limits } from './quota.rules.js';

export interface PlanRow {
  readonly id: string;
  readonly name: string;
  /** Only those that somebody chose. */
  readonly limits: Partial<Limits>;
  /** How places for sending are shared where they are short, 1 to 100. */
  readonly weight: number;
  readonly isDefault: boolean;
  readonly createdAt: Date;
}

const COLUMNS = `plans.id, plans.name, plans.limits, plans.weight, plans.is_default AS "isDefault", plans.created_at AS "createdAt"`;

/** Crossing: plans belong to the installation, and tenants learn of theirs alone. */
@Injectable()
export class PlansRepository {
  private readonly ofTenants = new GroupedQuery((tenantIds: readonly TenantId[]) =>
    this.readOfTenants(tenantIds),
  );

  constructor(private readonly dispatcher: DispatcherDatabase) {}

  findAll(): Promise<PlanRow[]> {
    return this.dispatcher.query<PlanRow>(`SELECT ${COLUMNS} FROM plans ORDER BY id`);
  }

  async findById(id: string): Promise<PlanRow | undefined> {
    const [plan] = await this.dispatcher.query<PlanRow>(`SELECT ${COLUMNS} FROM plans WHERE id = $1`, [id]);
    return plan;
  }

  findOfTenant(tenantId: TenantId): Promise<PlanRow | undefined> {
    return this.ofTenants.ask(tenantId);
  }

  /** Locked until the transaction ends. */
  async lock(client: PoolClient, id: string): Promise<PlanRow | undefined> {
    const { rows } = await client.query<PlanRow>(`SELECT ${COLUMNS} FROM plans WHERE id = $1 FOR UPDATE`, [
      id,
    ]);
    return rows[0];
  }

  async insert(client: PoolClient, plan: Pick<PlanRow, 'name' | 'limits' | 'weight'>): Promise<PlanRow> {
    const { rows } = await client.query<PlanRow>(
      `INSERT INTO plans (name, limits, weight) VALUES ($1, $2, $3) RETURNING ${COLUMNS}`,
      [plan.name, JSON.stringify(plan.limits), plan.weight],
    );
    return rows[0] as PlanRow;
  }

  /** What is not named stays. */
  async change(
    client: PoolClient,
    id: string,
    change: Partial<Pick<PlanRow, 'name' | 'limits' | 'weight'>>,
  ): Promise<PlanRow> {
    const { rows } = await client.query<PlanRow>(
      `UPDATE plans SET name = coalesce($2, name), limits = limits || $3, weight = coalesce($4, weight)
        WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, change.name ?? null, JSON.stringify(change.limits ?? {}), change.weight ?? null],
    );
    return rows[0] as PlanRow;
  }

  /** Until the transaction's end no other changes plans: two that become the default would wait for each other's row. */
  async hold(client: PoolClient): Promise<void> {
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('plans'))`);
  }

  async makeDefault(client: PoolClient, id: string): Promise<void> {
    // Two statements: in one, the index could see two defaults.
    await client.query('UPDATE plans SET is_default = false WHERE is_default AND id <> $1', [id]);
    await client.query('UPDATE plans SET is_default = true WHERE id = $1', [id]);
  }

  /** @returns false where it is the default or has tenants, or is not there */
  async deleteUnused(client: PoolClient, id: string): Promise<boolean> {
    const { rowCount } = await client.query(
      `DELETE FROM plans WHERE id = $1 AND NOT is_default
         AND NOT EXISTS (SELECT FROM tenants WHERE plan_id = plans.id)`,
      [id],
    );
    return rowCount === 1;
  }

  private async readOfTenants(tenantIds: readonly TenantId[]): Promise<(PlanRow | undefined)[]> {
    const rows = await this.dispatcher.queryByKey<PlanRow & { tenantId: TenantId }>(
      `SELECT ${COLUMNS}, tenants.id AS "tenantId" FROM plans JOIN tenants ON tenants.plan_id = plans.id
        WHERE tenants.id = ANY($1::uuid[])`,
      [tenantIds],
    );
    const plans = new Map(rows.map(({ tenantId, ...plan }) => [tenantId, plan]));
    return tenantIds.map((tenantId) => plans.get(tenantId));
  }
}
