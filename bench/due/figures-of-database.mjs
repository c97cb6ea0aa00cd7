// What the database says of schedules: what they take, and when each run was started.
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 250;
const GIVEN_UP_MS = 120_000;

/** Of a waiting schedule with all its indexes, its TOAST and its maps; nothing else is kept for one that waits. */
export async function measureBytes(client) {
  const { rows } = await client.query(
    `SELECT pg_total_relation_size('schedules')::float8 / count(*) AS bytes FROM schedules`,
  );
  return rows[0].bytes;
}

/**
 * Waits until so many runs that are due from one instant to the other have started, and says how late each was: from its due
 * time to the commit of the transaction that made its broadcast. Before that commit nobody would start it; after it
 * nothing can prevent it.
 */
export async function awaitStarted(client, expected, fromMs, untilMs) {
  const within = [fromMs, untilMs];
  const deadlineMs = untilMs + GIVEN_UP_MS;
  for (let started = 0; started < expected && Date.now() < deadlineMs;) {
    await wait(Date.now() < untilMs ? untilMs - Date.now() : POLL_MS);
    const { rows } = await client.query(
      `SELECT count(*)::int AS started FROM occurrences
        WHERE state = 'started' AND due_at >= to_timestamp($1 / 1000.0) AND due_at < to_timestamp($2 / 1000.0)`,
      within,
    );
    started = rows[0].started;
  }
  // Occurrences are not touched again, so the transaction that started one is the last that wrote its row.
  const { rows } = await client.query(
    `WITH due AS (
       SELECT o.schedule_id, o.state, o.broadcast_id,
              extract(epoch FROM pg_xact_commit_timestamp(o.xmin) - o.due_at)::float8 * 1000 AS late_ms
         FROM occurrences o
        WHERE o.due_at >= to_timestamp($1 / 1000.0) AND o.due_at < to_timestamp($2 / 1000.0)
     ), sent AS (
       SELECT due.*, (SELECT count(*) FROM broadcasts b WHERE b.schedule_id = due.schedule_id
                         AND b.due_at >= to_timestamp($1 / 1000.0) AND b.due_at < to_timestamp($2 / 1000.0)) AS broadcasts
         FROM due WHERE state = 'started'
     )
     SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY late_ms) AS "p50Ms",
            percentile_disc(0.99) WITHIN GROUP (ORDER BY late_ms) AS "p99Ms",
            max(late_ms) AS "mostMs", min(late_ms) AS "leastMs",
            count(DISTINCT schedule_id) FILTER (WHERE broadcasts > 0)::int AS schedules, coalesce(sum(broadcasts), 0)::int AS broadcasts FROM sent`,
    within,
  );
  const { schedules, broadcasts, ...lateness } = rows[0];
  return { ...lateness, count: expected, lost: expected - schedules, doubled: broadcasts - schedules };
}
