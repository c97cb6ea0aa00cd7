import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client } from 'pg';

interface Policy {
  readonly name: string;
  readonly table: string;
  readonly hasCheck: boolean;
  /** Tables that the policy itself looks into: what is done to their policies shows here too. */
  readonly reads: readonly string[];
}

interface OwnedTable {
  readonly name: string;
  readonly owner: string;
  readonly isWritable: boolean;
}

/** What is done to a policy, and which probe must turn red by it. */
const MUTATIONS = {
  dropped: { probe: 'read', sql: ({ name, table }: Policy) => `DROP POLICY ${name} ON ${table}` },
  opened: {
    probe: 'read',
    sql: ({ name, table }: Policy) => `ALTER POLICY ${name} ON ${table} USING (true)`,
  },
  unchecked: {
    probe: 'write',
    sql: ({ name, table }: Policy) => `ALTER POLICY ${name} ON ${table} WITH CHECK (true)`,
  },
} as const;

/** How the mutation of a policy was answered. */
export interface MutantVerdict {
  readonly mutant: string;
  /** What is wrong: the probe stayed green, or others turned red too; undefined where it was as it must be. */
  readonly problem: string | undefined;
}

/**
 * Takes each policy away and opens it, one at a time, and probes every table as the application's login acting in one of
 * two tenants: it must see its own row and no other, and write nothing into another tenant.
 *
 * @param client a superuser's, on a database of the proof's own; every change is rolled back but for the planted rows
 */
export class PolicyMutants {
  private readonly tenantIds = [randomUUID(), randomUUID()] as const;
  private tables: readonly OwnedTable[] = [];
  policies: readonly Policy[] = [];

  constructor(private readonly client: Client) {}

  async prepare(): Promise<void> {
    await this.client.query(await readFile(join(__dirname, '../../harness/planting.sql'), 'utf8'));
    await this.client.query('SET session_replication_role = replica');
    await this.client.query(
      `SELECT pg_temp.plant(name, owner_column, owner) FROM pg_temp.owned_tables(), unnest($1::uuid[]) AS owner`,
      [this.tenantIds],
    );
    // These have a second wall, no right to read; it is taken down here to see the first.
    await this.client.query('GRANT SELECT ON refresh_tokens TO arauto_app');
    const tables = await this.client.query<OwnedTable>(
      `SELECT name, owner_column AS owner, has_column_privilege('arauto_app', name, owner_column, 'INSERT') AS "isWritable"
       FROM pg_temp.owned_tables() WHERE has_column_privilege('arauto_app', name, owner_column, 'SELECT')`,
    );
    this.tables = tables.rows;
    const policies = await this.client.query<Policy>(
      `SELECT polname AS name, polrelid::regclass::text AS table, polwithcheck IS NOT NULL AS "hasCheck",
         ARRAY(SELECT refobjid::regclass::text FROM pg_depend WHERE classid = 'pg_policy'::regclass
               AND objid = pg_policy.oid AND refclassid = 'pg_class'::regclass AND refobjid <> polrelid
               GROUP BY refobjid) AS reads
       FROM pg_policy WHERE 'arauto_app'::regrole = ANY (polroles) ORDER BY 2`,
    );
    this.policies = policies.rows;
  }

  /** @returns the tables that are red although nothing was done: none, or no verdict means anything */
  async probeUntouched(): Promise<string[]> {
    const read = await this.probe('read');
    const written = await this.probe('write');
    return [...read, ...written.map((table) => `${table}, written`)];
  }

  async *mutate(): AsyncGenerator<MutantVerdict> {
    for (const policy of this.policies) {
      const table = this.tables.find(({ name }) => name === policy.table);
      for (const [kind, { probe, sql }] of Object.entries(MUTATIONS)) {
        if (probe === 'write' && !(policy.hasCheck && table?.isWritable)) continue;
        const red = (await this.probe(probe, sql(policy))).sort().join(', ');
        const expected = (probe === 'read' ? this.lookers(policy) : [policy.table]).sort().join(', ');
        yield {
          mutant: `${policy.name} ${kind}`,
          problem: red === expected ? undefined : `red is ${red || 'nothing'}, and not ${expected}`,
        };
      }
    }
  }

  private lookers({ table }: Policy): string[] {
    return [table, ...this.policies.filter(({ reads }) => reads.includes(table)).map((other) => other.table)];
  }

  /** @returns the tables at which the login sees or writes what it must not, or misses what is its own */
  private async probe(kind: 'read' | 'write', mutation?: string): Promise<string[]> {
    const red: string[] = [];
    await this.client.query('BEGIN');
    try {
      if (mutation) await this.client.query(mutation);
      await this.client.query('SET LOCAL SESSION AUTHORIZATION arauto_app');
      await this.client.query(`SELECT set_config('app.tenant_id', $1, true)`, [this.tenantIds[0]]);
      for (const table of this.tables) {
        if (kind === 'read' ? await this.seesWrongly(table) : await this.writesElsewhere(table))
          red.push(table.name);
      }
    } finally {
      await this.client.query('ROLLBACK');
    }
    return red;
  }

  private async seesWrongly({ name, owner }: OwnedTable): Promise<boolean> {
    const { rows } = await this.client.query<{ owner: string }>(`SELECT ${owner} AS owner FROM ${name}`);
    return rows.length !== 1 || rows[0]?.owner !== this.tenantIds[0];
  }

  private async writesElsewhere({ name, owner, isWritable }: OwnedTable): Promise<boolean> {
    if (!isWritable) return false;
    await this.client.query('SAVEPOINT probe');
    try {
      // Of a tenant without rows: of some things a tenant has but one.
      await this.client.query('SELECT pg_temp.plant($1, $2, $3)', [name, owner, randomUUID()]);
      return true;
    } catch (error) {
      if (!(error as Error).message.includes('row-level security')) throw error;
      return false;
    } finally {
      await this.client.query('ROLLBACK TO SAVEPOINT probe');
    }
  }
}
