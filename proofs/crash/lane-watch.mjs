// What became of the lanes of everybody who was hit: when they went on, and what stayed unknown of them.

import { groupBy } from './grouping.mjs';

const LANES_OF = `
SELECT l.bot_no, l.epoch::int AS epoch, EXISTS (
  SELECT FROM deliveries d WHERE d.bot_no = l.bot_no AND d.is_open AND d.state = 0 AND d.class = 1) AS "hasWork"
FROM lanes l WHERE l.owner = $1`;

const FIRST_INTENTS = `
SELECT bot_no, epoch::int AS epoch, (extract(epoch FROM min(sending_at)) * 1000)::float8 AS "firstAtMs"
FROM deliveries WHERE sending_at IS NOT NULL AND class = 1 GROUP BY bot_no, epoch ORDER BY bot_no, epoch`;

const UNKNOWN = `
SELECT bot_no, epoch::int AS epoch, count(*)::int AS count
FROM deliveries WHERE state = 4 AND class = 1 GROUP BY bot_no, epoch`;

const UNDER_WAY = `
SELECT round(percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - sending_at) * 1000))::int AS ms
FROM deliveries WHERE state = 2 AND class = 1`;

export class LaneWatch {
  #database;
  /** One for each process that was hit while it drove lanes. */
  #hits = [];
  #restartsAtMs = [];

  constructor(database) {
    this.#database = database;
  }

  /** @returns how many lanes it drove */
  async noteHit({ kind, what, owner, atMs }) {
    if (owner === undefined) return 0;
    // Nobody else can take them before the lease is over, so there is time to look.
    const lanes = await this.#database.look(LANES_OF, [owner]);
    this.#hits.push({ kind, what, atMs, lanes });
    return lanes.length;
  }

  noteRestart(atMs) {
    this.#restartsAtMs.push(atMs);
  }

  get restarts() {
    return this.#restartsAtMs.length;
  }

  /**
   * From each hit to the first intent of a later owner, where something waited. A successor that is hit itself before its
   * first, or a server that is restarted, begins a wait of its own.
   */
  async measurePauses() {
    const intents = groupBy(await this.#database.look(FIRST_INTENTS), ({ bot_no: botNo }) => botNo);
    const hitsOfBots = groupBy(
      this.#hits.flatMap(({ atMs, lanes }) =>
        lanes.map(({ bot_no: botNo, epoch }) => ({ botNo, epoch, atMs })),
      ),
      ({ botNo }) => botNo,
    );
    return this.#hits.flatMap(({ kind, what, atMs, lanes }) =>
      lanes
        .filter(({ hasWork }) => hasWork)
        .map(({ bot_no: botNo, epoch }) => {
          const next = intents.get(botNo)?.find((intent) => intent.epoch > epoch);
          if (!next) return { kind, what, botNo, pauseMs: Infinity };
          const begins = [
            atMs,
            ...hitsOfBots.get(botNo).flatMap((hit) => (hit.epoch > epoch ? [hit.atMs] : [])),
            ...this.#restartsAtMs,
          ];
          const beginMs = Math.max(...begins.filter((beginAtMs) => beginAtMs < next.firstAtMs));
          return { kind, what, botNo, pauseMs: Math.round(next.firstAtMs - beginMs) };
        }),
    );
  }

  /** How long nine of ten deliveries that were sent were under way, from intent to settled. */
  async measureUnderWay() {
    const [{ ms }] = await this.#database.look(UNDER_WAY);
    return ms;
  }

  /**
   * Of each kind of hit, the bots that were driven and what stayed unknown. What is no hit's is the restarts': while
   * PostgreSQL is away, leases run out over what was meant to leave.
   */
  async countUnknown() {
    const unknown = new Map();
    for (const { bot_no: botNo, epoch, count } of await this.#database.look(UNKNOWN)) {
      unknown.set(`${botNo}:${epoch}`, count);
    }
    const counted = { kill: empty(), stop: empty() };
    for (const { kind, lanes } of this.#hits) {
      for (const { bot_no: botNo, epoch } of lanes) {
        const count = unknown.get(`${botNo}:${epoch}`) ?? 0;
        unknown.delete(`${botNo}:${epoch}`);
        counted[kind].bots += 1;
        counted[kind].unknown += count;
        counted[kind].most = Math.max(counted[kind].most, count);
      }
    }
    const left = [...unknown.values()];
    const ofRestarts = left.reduce((sum, count) => sum + count, 0);
    return { ...counted, restart: { bots: left.length, unknown: ofRestarts, most: Math.max(0, ...left) } };
  }
}

const empty = () => ({ bots: 0, unknown: 0, most: 0 });
