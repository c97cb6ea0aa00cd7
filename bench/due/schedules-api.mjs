// Arauto's API of schedules, as a program would use it: requests of a few connections, each waiting for its answer.
import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';

/** What one request of an import may hold. */
const IMPORTED_AT_ONCE = 1_000;

export class SchedulesApi {
  #pool;
  #headers;

  constructor({ url, authorization }, connections) {
    this.#pool = new Pool(url, { connections, pipelining: 1 });
    this.#headers = { authorization, 'content-type': 'application/json' };
    this.connections = connections;
  }

  async createMessage(text) {
    const { id } = await this.#post('messages', { content: { kind: 'text', text } });
    return id;
  }

  /** One request each. @returns how many a second */
  create(schedules) {
    return this.#measure(schedules.length, schedules.values(), (schedule) =>
      this.#post('schedules', schedule),
    );
  }

  /** A thousand a request. @param count how many `make(n)` gives @returns how many a second */
  import(count, make) {
    return this.#measure(count, this.#chunksOf(count, make), (schedules) =>
      this.#post('schedules/import', { schedules }),
    );
  }

  close() {
    return this.#pool.close();
  }

  /** Made while they are asked for: a million at once would fill the memory. */
  *#chunksOf(count, make) {
    for (let first = 0; first < count; first += IMPORTED_AT_ONCE)
      yield Array.from({ length: Math.min(IMPORTED_AT_ONCE, count - first) }, (_, n) => make(first + n));
  }

  async #measure(count, items, send) {
    const startedMs = performance.now();
    const loop = async () => {
      for (const item of items) await send(item);
    };
    await Promise.all(Array.from({ length: this.connections }, loop));
    return (count * 1_000) / (performance.now() - startedMs);
  }

  async #post(path, body) {
    const { statusCode, body: answer } = await this.#pool.request({
      method: 'POST',
      path: `/api/v1/${path}`,
      headers: { ...this.#headers, 'idempotency-key': randomBytes(12).toString('hex') },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (statusCode >= 300) throw new Error(`POST ${path}: ${statusCode} ${text.slice(0, 500)}`);
    return JSON.parse(text);
  }
}
