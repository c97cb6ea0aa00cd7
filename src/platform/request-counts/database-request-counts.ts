import { type DispatcherDatabase, GroupedQuery } from '../database/index.js';
import { type RequestCount, RequestCounts } from './request-counts.js';

interface Question {
  readonly key: string;
  readonly windowSeconds: number;
  readonly times: number;
}

interface CountedRow extends RequestCount {
  readonly key: string;
}

/**
 * On PostgreSQL, for installations without a Redis. The table is unlogged, so counting waits for no disk, and requests
 * that come at the same time share a statement.
 */
export class DatabaseRequestCounts extends RequestCounts {
  private readonly counting: GroupedQuery<Question, RequestCount>;

  constructor(private readonly database: DispatcherDatabase) {
    super();
    this.counting = new GroupedQuery((questions) => this.countAll(questions));
  }

  override count(key: string, windowSeconds: number, times: number): Promise<RequestCount> {
    return this.counting.ask({ key, windowSeconds, times });
  }

  /** A row can't be written twice in one statement, so the questions of one key are counted before. */
  private async countAll(questions: readonly Question[]): Promise<RequestCount[]> {
    const asked = new Map<string, { windowSeconds: number; times: number }>();
    for (const { key, windowSeconds, times } of questions) {
      asked.set(key, { windowSeconds, times: (asked.get(key)?.times ?? 0) + times });
    }
    const entries = [...asked];
    const rows = await this.database.query<CountedRow>(COUNT, [
      entries.map(([key]) => key),
      entries.map(([, { times }]) => times),
      entries.map(([, { windowSeconds }]) => windowSeconds),
    ]);
    const counted = new Map(rows.map((row) => [row.key, row]));
    const answered = new Map<string, number>();
    return questions.map(({ key, times }) => {
      const { hits, secondsLeft } = counted.get(key)!;
      const nth = (answered.get(key) ?? 0) + times;
      answered.set(key, nth);
      return { hits: hits - (asked.get(key)?.times ?? 0) + nth, secondsLeft };
    });
  }
}

/** In the order of the keys: two processes that count the same ones wait for each other instead of deadlocking. */
const COUNT = `INSERT INTO request_counts (key, hits, window_ends_at)
  SELECT key, times, now() + make_interval(secs => seconds)
  FROM unnest($1::text[], $2::int[], $3::float8[]) AS asked (key, times, seconds) ORDER BY key
  ON CONFLICT (key) DO UPDATE SET
    hits = excluded.hits + CASE WHEN request_counts.window_ends_at > now() THEN request_counts.hits ELSE 0 END,
    window_ends_at = CASE WHEN request_counts.window_ends_at > now() THEN request_counts.window_ends_at
                          ELSE excluded.window_ends_at END
  RETURNING key, hits, extract(epoch FROM window_ends_at - now())::float8 AS "secondsLeft"`;
