import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type Attempts } from './guessing.rules.js';

/** A count as it is now, by the database's clock. */
export interface GuessCount extends Attempts {
  readonly key: string;
  readonly isForgotten: boolean;
  readonly nowMs: number;
}

/** More than the three that one attempt makes, so that the table holds what isn't forgotten and little else. */
const SWEPT_AT_ONCE = 10;

/** Crossing: who guesses has no tenant. */
@Injectable()
export class GuessCountsRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** Whoever counts for one of the keys meanwhile waits. The order is always the same, so that two never wait for each other. */
  async lock(client: PoolClient, keys: readonly string[]): Promise<GuessCount[]> {
    const { rows } = await client.query<GuessCount>(
      `INSERT INTO guess_counts (key) SELECT unnest($1::text[]) ON CONFLICT (key) DO UPDATE SET key = excluded.key
       RETURNING key, count, (extract(epoch FROM blocked_until) * 1000)::float8 AS "blockedUntilMs",
         forgotten_at <= clock_timestamp() AS "isForgotten",
         (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"`,
      [[...keys].sort()],
    );
    return rows;
  }

  async save(client: PoolClient, key: string, attempts: Attempts, forgetAfterMs: number): Promise<void> {
    await client.query(
      `UPDATE guess_counts SET count = $2, blocked_until = to_timestamp($3::float8 / 1000),
         forgotten_at = clock_timestamp() + make_interval(secs => $4::float8 / 1000) WHERE key = $1`,
      [key, attempts.count, attempts.blockedUntilMs, forgetAfterMs],
    );
  }

  async delete(client: PoolClient, key: string): Promise<void> {
    await client.query('DELETE FROM guess_counts WHERE key = $1', [key]);
  }

  /** All counts whose keys begin so, in the order in which attempts lock them. */
  async deleteAllOf(client: PoolClient, beginning: string): Promise<void> {
    await client.query(
      `DELETE FROM guess_counts WHERE key = ANY (ARRAY(
         SELECT key FROM guess_counts WHERE starts_with(key, $1) ORDER BY key COLLATE "C" FOR UPDATE))`,
      [beginning],
    );
  }

  async isRemembered(key: string): Promise<boolean> {
    const rows = await this.dispatcher.query(
      'SELECT FROM guess_counts WHERE key = $1 AND forgotten_at > clock_timestamp()',
      [key],
    );
    return rows.length > 0;
  }

  async remember(client: PoolClient, key: string, forMs: number): Promise<void> {
    await client.query(
      `INSERT INTO guess_counts (key, forgotten_at)
       VALUES ($1, clock_timestamp() + make_interval(secs => $2::float8 / 1000))
       ON CONFLICT (key) DO UPDATE SET forgotten_at = excluded.forgotten_at`,
      [key, forMs],
    );
  }

  async sweep(): Promise<void> {
    await this.dispatcher.query(
      `DELETE FROM guess_counts WHERE key = ANY (ARRAY(
         SELECT key FROM guess_counts WHERE forgotten_at <= now() ORDER BY forgotten_at
         LIMIT ${SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED)) AND forgotten_at <= now()`,
    );
  }
}
