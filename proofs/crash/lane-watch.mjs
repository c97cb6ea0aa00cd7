// What became of the lanes of everybody who was hit: when they went on, and what stayed unknown of them.

import { groupBy } from './grouping.mjs';

const LANES_OF = `
SELECT l.bot_no, l.epoch::int AS epoch, (extract(epoch FROM o.until) * 1000)::float8 AS "leaseUntilMs", EXISTS (
  SELECT FROM deliveries d WHERE d.bot_no = l.bot_no AND d.is_open AND d.state = 0 AND d.class = 1
    AND d.not_before <= clock_timestamp()) AS "hasWork"
FROM lanes l JOIN lane_owners o ON o.no = l.owner WHERE l.owner = $1`;

/** Only this tells when a lane was taken: its row knows no instant. */
const NOTE_TAKINGS = `
CREATE TABLE proof_takings (
  bot_no bigint NOT NULL, epoch bigint NOT NULL, owner bigint, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE FUNCTION note_taking() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO proof_takings (bot_no, epoch, owner) VALUES (NEW.bot_no, NEW.epoch, NEW.owner);
  RETURN NULL;
END $$;
CREATE TRIGGER note_taking AFTER UPDATE OF epoch ON lanes FOR EACH ROW WHEN (OLD.epoch <> NEW.epoch)
  EXECUTE FUNCTION note_taking()`;

const TAKINGS = `
SELECT bot_no, epoch::int AS epoch, owner::text AS owner, (extract(epoch FROM at) * 1000)::float8 AS "atMs"
FROM proof_takings`;

const FIRST_INTENTS = `
SELECT bot_no, epoch::int AS epoch, (extract(epoch FROM min(sending_at)) * 1000)::float8 AS "firstAtMs"
FROM deliveries WHERE sending_at IS NOT NULL AND class = 1 GROUP BY bot_no, epoch ORDER BY bot_no, epoch`;

const UNKNOWN = `
SELECT bot_no, epoch::int AS epoch, source_no, chat_no FROM deliveries WHERE state = 4 AND class = 1`;

/** A first try that may have arrived, while its second one is waited for. */
const WAITING_FOR_SECOND_TRY = `
SELECT bot_no, epoch::int AS epoch, source_no, chat_no FROM deliveries
WHERE is_open AND class = 1 AND state = 0 AND reason IS NOT NULL AND not_before > clock_timestamp()`;

const UNDER_WAY = `
SELECT round(percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - sending_at) * 1000))::int AS ms
FROM deliveries WHERE state = 2 AND class = 1`;

export class LaneWatch {
  #database;
  /** One for each process that was hit while it drove lanes. */
  #hits = [];
  #restartsAtMs = [];
  /** Tries of which nobody can know, each with the lane that it left by. */
  #unknownTries = new Map();

  constructor(database) {
    this.#database = database;
  }

  /** Before anybody is hit. */
  begin() {
    return this.#database.look(NOTE_TAKINGS);
  }

  /** What is sent once more by choice is unknown for a minute, and then something else. */
  async noteUnknown() {
    this.#addUnknown(await this.#database.look(WAITING_FOR_SECOND_TRY));
  }

  #addUnknown(rows) {
    for (const { bot_no: botNo, epoch, source_no: sourceNo, chat_no: chatNo } of rows)
      this.#unknownTries.set(`${sourceNo}:${chatNo}:${epoch}`, `${botNo}:${epoch}`);
  }

  /** @returns how many lanes it drove */
  async noteHit({ kind, what, owner, atMs }) {
    if (owner === undefined) return 0;
    // Nobody else can take them before the lease is over, so there is time to look.
    const lanes = await this.#database.look(LANES_OF, [owner]);
    this.#hits.push({ kind, what, owner, atMs, lanes });
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
    const takings = await this.#database.look(TAKINGS);
    const takenAtMs = new Map(takings.map(({ bot_no: botNo, epoch, atMs }) => [`${botNo}:${epoch}`, atMs]));
    const hitAtMs = new Map(this.#hits.map(({ owner, atMs }) => [owner, atMs]));
    // By what was taken and not by what was held at the hit: a taking may have been on its way, and commits after it.
    const hitsOfBots = groupBy(
      takings.flatMap(({ bot_no: botNo, epoch, owner }) =>
        hitAtMs.has(owner) ? [{ botNo, epoch, atMs: hitAtMs.get(owner) }] : [],
      ),
      ({ botNo }) => botNo,
    );
    return this.#hits.flatMap(({ kind, what, atMs, lanes }) =>
      lanes
        .filter(({ hasWork }) => hasWork)
        .map(({ bot_no: botNo, epoch, leaseUntilMs }) => {
          const next = intents.get(botNo)?.find((intent) => intent.epoch > epoch);
          if (!next) return { kind, what, botNo, pauseMs: Infinity };
          const begins = [
            atMs,
            ...(hitsOfBots.get(botNo) ?? []).flatMap((hit) => (hit.epoch > epoch ? [hit.atMs] : [])),
            ...this.#restartsAtMs,
          ];
          const beginMs = Math.max(...begins.filter((beginAtMs) => beginAtMs < next.firstAtMs));
          const sinceBeginMs = (instantMs) => Math.round(instantMs - beginMs);
          return {
            kind,
            what,
            botNo,
            pauseMs: sinceBeginMs(next.firstAtMs),
            leaseMs: Math.max(0, sinceBeginMs(leaseUntilMs)),
            takenMs: sinceBeginMs(takenAtMs.get(`${botNo}:${next.epoch}`)),
          };
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
    this.#addUnknown(await this.#database.look(UNKNOWN));
    const unknown = new Map();
    for (const lane of this.#unknownTries.values()) unknown.set(lane, (unknown.get(lane) ?? 0) + 1);
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
