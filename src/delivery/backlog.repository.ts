import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../platform/database/index.js';
import { GOING_ON } from './broadcast.rules.js';
import { OpenDays } from './open-days.js';

export interface Backlog {
  readonly broadcasts: number;
  readonly replies: number;
  readonly goingOn: number;
  readonly oldestSeconds: number;
  readonly oldestReplySeconds: number;
  readonly orphanedLanes: number;
}

/** Counted no further: nobody needs to know a backlog to the last row (with 1,000,000 waiting: 50 ms for all). */
const COUNTED = 100_000;
/** Bots whose oldest is looked for: about 20 µs each. */
const LOOKED_AT = 2_000;
/** Broadcasts of one bot of which one may be the oldest: those before it may be paused. */
const BROADCASTS_OF_BOT = 16;

const COUNTS = `
SELECT counts.*,
  (SELECT count(*)::int FROM (SELECT FROM broadcasts WHERE state IN ${GOING_ON} LIMIT ${COUNTED}) AS b) AS "goingOn",
  (SELECT count(*)::int FROM lanes WHERE owner = ANY(ARRAY(
     SELECT no FROM lane_owners WHERE until < clock_timestamp()))) AS "orphanedLanes"
FROM (SELECT count(*) FILTER (WHERE class = 1)::int AS broadcasts, count(*) FILTER (WHERE class = 2)::int AS replies
      FROM (SELECT class FROM deliveries WHERE planned_on = ANY($1::date[]) AND is_open LIMIT ${COUNTED}) AS open) AS counts`;

/** Steps from bot to bot, and in each from broadcast to broadcast: rows between are not read, however many they are. */
const OLDEST = `
WITH RECURSIVE waiting AS (
  (SELECT d.bot_no FROM deliveries d WHERE d.planned_on = ANY($1::date[]) AND d.is_open ORDER BY d.bot_no LIMIT 1)
  UNION ALL
  SELECT (SELECT d.bot_no FROM deliveries d
          WHERE d.planned_on = ANY($1::date[]) AND d.is_open AND d.bot_no > waiting.bot_no ORDER BY d.bot_no LIMIT 1)
  FROM waiting WHERE waiting.bot_no IS NOT NULL
), bots_waiting AS (
  SELECT w.bot_no FROM (SELECT bot_no FROM waiting WHERE bot_no IS NOT NULL LIMIT ${LOOKED_AT}) AS w
    JOIN bots b ON b.no = w.bot_no AND b.state IN ('running', 'conflict')
    JOIN tenants t ON t.id = b.tenant_id AND t.state = 'active'
)
SELECT greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(broadcast.due_at)), 0))::float8 AS "oldestSeconds",
  greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(reply.created_at)), 0))::float8 AS "oldestReplySeconds"
FROM bots_waiting w
LEFT JOIN LATERAL (
  WITH RECURSIVE sources AS (
    (SELECT d.source_no FROM deliveries d
     WHERE d.planned_on = ANY($1::date[]) AND d.bot_no = w.bot_no AND d.is_open AND d.class = 1
     ORDER BY d.source_no LIMIT 1)
    UNION ALL
    SELECT (SELECT d.source_no FROM deliveries d
            WHERE d.planned_on = ANY($1::date[]) AND d.bot_no = w.bot_no AND d.is_open AND d.class = 1
              AND d.source_no > sources.source_no
            ORDER BY d.source_no LIMIT 1)
    FROM sources WHERE sources.source_no IS NOT NULL
  )
  SELECT min(b.due_at) AS due_at FROM (SELECT source_no FROM sources LIMIT ${BROADCASTS_OF_BOT}) AS s
    JOIN broadcasts b ON b.no = s.source_no AND b.state IN ${GOING_ON}
) AS broadcast ON true
LEFT JOIN LATERAL (
  SELECT r.created_at FROM deliveries d JOIN replies r ON r.no = d.source_no
  WHERE d.planned_on = ANY($1::date[]) AND d.bot_no = w.bot_no AND d.is_open AND d.class = 2
    AND d.not_before <= clock_timestamp()
  ORDER BY d.source_no LIMIT 1
) AS reply ON true`;

/** Crossing: what waits in all lanes together, at a cost that doesn't grow with it. */
@Injectable()
export class BacklogRepository {
  constructor(
    private readonly database: DispatcherDatabase,
    private readonly days: OpenDays,
  ) {}

  async read(): Promise<Backlog> {
    const days = await this.days.find();
    const [counts] = await this.database.queryByKey<Omit<Backlog, 'oldestSeconds' | 'oldestReplySeconds'>>(
      COUNTS,
      [days],
    );
    const [oldest] = await this.database.queryByKey<Pick<Backlog, 'oldestSeconds' | 'oldestReplySeconds'>>(
      OLDEST,
      [days],
    );
    if (!counts || !oldest) throw new Error('SELECT returned no row.');
    return { ...counts, ...oldest };
  }
}
