import { AsyncLocalStorage } from 'node:async_hooks';
import { type DataSource, type EntityManager } from 'typeorm';
import { type TenantId } from '../identity/index.js';
import { afterCommit, endWork, holdTransaction } from './held-transaction.js';
import { type TenantPlaces } from './tenant-places.js';

interface UnitOfWork {
  readonly tenantId: TenantId;
  readonly manager: EntityManager;
}

const DEADLOCK_DETECTED = '40P01';
const MOST_ATTEMPTS = 3;

/**
 * A tenant's data. Every read and write happens in a transaction that carries the tenant, and PostgreSQL's policies
 * show it that tenant's rows alone. A unit of work inside another one of the same tenant joins its transaction.
 *
 * Never await the network inside a unit of work: its transaction stays open. Nor a transaction of the dispatcher's,
 * which is refused there.
 */
export class TenantDatabase {
  private readonly current = new AsyncLocalStorage<UnitOfWork>();

  constructor(
    private readonly source: DataSource,
    private readonly places: TenantPlaces,
  ) {}

  /**
   * Runs one unit of work; commits when it resolves, leaves nothing behind when it throws. The work may run again after
   * a deadlock, so what it does beside the database waits for {@link afterCommit}.
   */
  async run<Result>(tenantId: TenantId, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    const outer = this.current.getStore();
    if (outer) {
      if (outer.tenantId !== tenantId)
        throw new Error('A unit of work of one tenant must not enter another tenant.');
      return work(outer.manager);
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.places.hold(tenantId, () =>
          holdTransaction("a tenant's", () => this.runOnce(tenantId, work)),
        );
      } catch (error) {
        // Two units that waited for each other: PostgreSQL ended this one, and nothing of it is left.
        if ((error as { code?: unknown }).code !== DEADLOCK_DETECTED || attempt === MOST_ATTEMPTS)
          throw error;
      }
    }
  }

  private runOnce<Result>(
    tenantId: TenantId,
    work: (manager: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    return this.source.transaction(async (manager) => {
      await manager.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenantId]);
      const result = await this.current.run({ tenantId, manager }, () => work(manager));
      await endWork();
      return result;
    });
  }

  /** Runs the hook once the surrounding unit of work is committed (at once where there is none): wake-ups, events. */
  afterCommit(hook: () => void): void {
    afterCommit(hook);
  }
}
