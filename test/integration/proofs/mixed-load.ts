import { type Household, sendRaw } from '../security/hostile-scene.js';
import { addressOf, type Operation } from '../security/operations.js';
import { type ProofReport } from './proof-report.js';

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const CANARY = /canary-of-[a-z0-9-]+/g;

/**
 * Many tenants at the same time on many connections, each asking for its own things and making new ones, so that
 * whatever a process keeps (connections, caches, answers) is lent from one to the next.
 */
export class MixedLoad {
  /** Every id that a tenant was shown. */
  private readonly shown = new Map<string, Set<Household>>();
  private made = 0;
  private readonly acceptedByTenant = new Map<string, number>();
  private readonly refusals = new Map<string, number>();

  constructor(
    private readonly url: string,
    private readonly households: readonly Household[],
    private readonly operations: readonly Operation[],
    private readonly report: ProofReport,
  ) {}

  /** Answers of the 2xx to each tenant. */
  get accepted(): readonly number[] {
    return this.households.map(({ tenantId }) => this.acceptedByTenant.get(tenantId) ?? 0);
  }

  /** What was not answered with a 2xx, by operation and status. */
  get refused(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.refusals);
  }

  async run(connections: number, seconds: number): Promise<void> {
    const deadlineMs = performance.now() + seconds * 1_000;
    const work = async (): Promise<void> => {
      while (performance.now() < deadlineMs) await this.ask();
    };
    await Promise.all(Array.from({ length: connections }, work));
  }

  /** @param ownerOf the tenants of the ids, as the tables say; an id that is missing is nobody's */
  findStrangers(ownerOf: ReadonlyMap<string, string>): void {
    for (const [id, households] of this.shown) {
      const owner = ownerOf.get(id);
      for (const { tenantId } of households) {
        if (owner !== undefined && owner !== tenantId)
          this.report.find('leaks', `the tenant ${tenantId} was shown ${id} of ${owner}`);
      }
    }
  }

  private async ask(): Promise<void> {
    const household = pick(this.households);
    const operation = pick(this.operations);
    const bodies = operation.bodies?.(household.things);
    const answer = await sendRaw(
      this.url,
      operation.method,
      addressOf(operation, operation.path?.(household.things) ?? {}),
      {
        token: household.accessToken,
        ...(bodies && { body: JSON.stringify(uniquely(pick(bodies), (this.made += 1))) }),
      },
    );
    this.report.add('mixedRequests');
    const told = `${operation.id} in the mixed load: ${answer.status} ${answer.text.slice(0, 300)}`;
    const { tenantId } = household;
    if (answer.status < 300)
      this.acceptedByTenant.set(tenantId, (this.acceptedByTenant.get(tenantId) ?? 0) + 1);
    else {
      const refusal = `${operation.id}: ${answer.status}`;
      this.refusals.set(refusal, (this.refusals.get(refusal) ?? 0) + 1);
    }
    if (answer.status >= 500) this.report.find('serverErrors', told);
    for (const [canary] of answer.text.matchAll(CANARY)) {
      if (canary !== household.canary) this.report.find('leaks', told);
    }
    for (const [id] of answer.text.matchAll(ID)) {
      const households = this.shown.get(id);
      if (households) households.add(household);
      else this.shown.set(id, new Set([household]));
    }
  }
}

/** Two tags of one name are refused: each request makes one of its own. */
function uniquely(body: unknown, n: number): unknown {
  const fields = body as Record<string, unknown>;
  return typeof fields['name'] === 'string' ? { ...fields, name: `mixed ${n}` } : body;
}

function pick<Item>(items: readonly Item[]): Item {
  return items[Math.floor(Math.random() * items.length)] as Item;
}
