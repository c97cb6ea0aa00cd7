// How soon the work of schedulers and of the API goes on after one of them was killed: with the next plan, with the next answer.

const PLANNED = `
SELECT id, (extract(epoch FROM planned_at) * 1000)::float8 AS "plannedAtMs" FROM broadcasts
WHERE planned_at IS NOT NULL ORDER BY planned_at`;

export class ServiceWatch {
  #database;
  #untilAnswered;
  #hits = [];

  /** @param {() => Promise<number>} untilAnswered gives the instant at which an API has answered */
  constructor(database, untilAnswered) {
    this.#database = database;
    this.#untilAnswered = untilAnswered;
  }

  noteHit({ kind, what, roles, atMs }) {
    const isTimed = kind === 'kill' && roles === 'api';
    this.#hits.push({ kind, what, roles, atMs, answeredAtMs: isTimed ? this.#untilAnswered() : undefined });
  }

  /**
   * From each kill of a scheduler to the next broadcast that is planned, and of the API to its next answer. Another hit of the
   * same kind of process, or a restart of PostgreSQL, begins anew.
   *
   * @param {{ sent: import('./workload.mjs').Sent[], restartsAtMs: number[] }} run
   */
  async measurePauses({ sent, restartsAtMs }) {
    const acceptedAtMs = new Map(sent.map((one) => [one.id, one.acceptedAtMs]));
    const plans = (await this.#database.look(PLANNED)).filter(({ id }) => acceptedAtMs.get(id) !== undefined);
    const pauses = [];
    for (const { kind, what, roles, atMs, answeredAtMs } of this.#hits) {
      if (kind !== 'kill') continue;
      const pauseUntil = (endMs, askedAtMs = atMs) => {
        const begins = [
          atMs,
          // Its answer may come after the plan.
          Math.min(askedAtMs, endMs),
          ...restartsAtMs,
          ...this.#hits.flatMap((hit) => (hit.roles === roles ? [hit.atMs] : [])),
        ];
        return Math.max(0, Math.round(endMs - Math.max(...begins.filter((beginMs) => beginMs <= endMs))));
      };
      if (roles === 'api') {
        pauses.push({ service: 'answering', what, pauseMs: pauseUntil(await answeredAtMs) });
      }
      const plan = roles === 'scheduler' && plans.find(({ plannedAtMs }) => plannedAtMs > atMs);
      if (plan) {
        const pauseMs = pauseUntil(plan.plannedAtMs, acceptedAtMs.get(plan.id));
        pauses.push({ service: 'planning', what, pauseMs });
      }
    }
    return pauses;
  }
}
