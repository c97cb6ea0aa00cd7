import { type Pool, type PoolClient, type QueryResultRow } from 'pg';
import { BytesQuery, inlineParameters } from './bytes-query.js';
import { endWork, holdTransaction } from './held-transaction.js';

const OTHER_WAYS = ['hashjoin', 'mergejoin', 'material', 'seqscan', 'bitmapscan', 'sort'];

/** Options of the connections for `queryByKey`. */
export const ONLY_INDEX_LOOKUPS = OTHER_WAYS.map((method) => `-c enable_${method}=off`)
  // What is being sent is in memory: a look-up must not seem dearer than reading the day's whole index.
  .concat('-c random_page_cost=1')
  .join(' ');

/** The same for what is left of one transaction. */
export const LOOK_UP_BY_KEY = `SELECT ${OTHER_WAYS.map((method) => `set_config('enable_${method}', 'off', true)`).join(', ')},
  set_config('random_page_cost', '1', true)`;

/**
 * The login that crosses tenants: the ticker, the lanes' journal, the inbox, sign-in. What it may touch is the list
 * `CROSSED` of the first migration; every use outside a repository of those is a mistake.
 */
export class DispatcherDatabase {
  /**
   * @param pool for everything
   * @param keyedPool for statements that find each of many rows by its key; it plans with nothing but index lookups
   */
  constructor(
    private readonly pool: Pool,
    private readonly keyedPool: Pool = pool,
  ) {}

  /** One statement, its own transaction. Named statements are avoided: PgBouncer keeps none. */
  async query<Row extends QueryResultRow>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    const result = await this.pool.query<Row>(sql, parameters as unknown[]);
    return result.rows;
  }

  /**
   * One statement that goes along indexes alone. The planner would rather hash, sort or scan a table whose statistics
   * it lacks: a new day's partition, or one that was looked at when nothing was open in it. 600 rows by their keys took
   * 5,200 ms instead of 10; the step from one bot with open deliveries to the next, a thousand times, 11 s instead of 17 ms.
   */
  async queryByKey<Row extends QueryResultRow>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    const result = await this.keyedPool.query<Row>(sql, parameters as unknown[]);
    return result.rows;
  }

  /** The one `bytea` that a SELECT gives, without a string in between; undefined where there is no row. */
  async readBytes(sql: string, parameters: readonly (string | number)[]): Promise<Buffer | undefined> {
    const select = inlineParameters(sql, parameters);
    const client = await this.pool.connect();
    return new Promise((resolve, reject) => {
      const query = new BytesQuery(select, (error, bytes) => {
        client.release(error);
        if (error) reject(error);
        else resolve(bytes);
      });
      client.query(query);
    });
  }

  /** Several statements in one transaction. Refused inside a tenant's unit of work, and may have none inside. */
  transaction<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
    return holdTransaction("the dispatcher's", () => this.runTransaction(work));
  }

  private async runTransaction<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    const noticeBreak = (error: Error): void => {
      broken = error;
    };
    // While it is lent out the pool doesn't listen, and a connection that breaks unheard ends the process.
    client.on('error', noticeBreak);
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await endWork();
      await client.query('COMMIT');
      return result;
    } catch (error) {
      // A connection that can't even roll back is not lent out again.
      await client.query('ROLLBACK').catch((rollbackError: unknown) => {
        broken = rollbackError instanceof Error ? rollbackError : new Error(String(rollbackError));
      });
      throw error;
    } finally {
      client.off('error', noticeBreak);
      client.release(broken);
    }
  }
}
