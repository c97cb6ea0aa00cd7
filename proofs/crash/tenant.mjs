// A tenant over the public API, and the people of its bots over the sandbox's.
import { randomBytes } from 'node:crypto';
import { JsonClient } from '../../scripts/demo/json-client.mjs';
import { waitFor } from '../../scripts/demo/waiting.mjs';

const LARGEST_PAGE = 200;
const LARGEST_LEDGER_PAGE = 10_000;
const WITHIN_SECONDS = 120;

export class Tenant {
  #api;
  #sandbox;
  #signal = new AbortController().signal;

  static async signUp(apiUrl, sandboxUrl) {
    const tenant = new Tenant();
    const signal = tenant.#signal;
    const account = {
      email: 'proof@example.org',
      password: randomBytes(16).toString('hex'),
      name: 'Proof',
      tenantName: 'Proof',
    };
    const { accessToken } = await new JsonClient(`${apiUrl}/api/v1`, { signal }).post(
      '/auth/sign-up',
      account,
    );
    tenant.#api = new JsonClient(`${apiUrl}/api/v1`, { accessToken, signal });
    const access = await tenant.#api.post('/sandbox/access');
    tenant.#sandbox = new JsonClient(`${sandboxUrl}/sandbox/v1`, { accessToken: access.accessToken, signal });
    return tenant;
  }

  /** Connects bots, each with so many people who press Start; resolves when all of them are known and greeted. */
  async connectBots(botCount, peoplePerBot) {
    for (let n = 0; n < botCount; n += 1) {
      const bot = await this.#sandbox.post('/bots', { firstName: 'Herald' });
      await this.#api.post('/bots', { token: bot.token, environment: 'sandbox' });
      const { people } = await this.#sandbox.post('/people', { firstName: 'Rui', count: peoplePerBot });
      await this.#sandbox.post('/actions/start', { botId: bot.id, personIds: people.map(({ id }) => id) });
    }
    await waitFor(
      'everybody is greeted',
      async () => (await this.#countGreetings()) >= botCount * peoplePerBot,
      {
        signal: this.#signal,
        withinSeconds: WITHIN_SECONDS,
      },
    );
  }

  async #countGreetings() {
    return (await this.#sandbox.get('/ledger/summary?method=sendMessage')).effects;
  }

  setAnswerTime(minimumMs) {
    return this.#sandbox.put('/latency', { minimumMs });
  }

  async broadcast(text) {
    const { id } = await this.#api.post('/broadcasts', {
      message: { kind: 'text', text },
      audience: { to: 'everybody' },
    });
    return id;
  }

  /** @returns the report once it is so */
  until(id, what, isReached) {
    return waitFor(
      what,
      async () => {
        const report = await this.#api.get(`/broadcasts/${id}`);
        return isReached(report) && report;
      },
      { signal: this.#signal, withinSeconds: WITHIN_SECONDS },
    );
  }

  async hasEnded(id) {
    return (await this.#api.get(`/broadcasts/${id}`)).state === 'finished';
  }

  async deliveries(id) {
    const found = [];
    for (let cursor = ''; cursor !== null;) {
      const page = await this.#api.get(
        `/broadcasts/${id}/deliveries?limit=${LARGEST_PAGE}${cursor && `&cursor=${cursor}`}`,
      );
      found.push(...page.items);
      cursor = page.nextCursor;
    }
    return found;
  }

  /** The chats that a text arrived in, once for each time. */
  async arrivals(text) {
    const query = `/ledger?limit=${LARGEST_LEDGER_PAGE}&textPrefix=${encodeURIComponent(text)}`;
    const chats = [];
    for (let page = { hasMore: true, nextSinceSequence: 0 }; page.hasMore;) {
      page = await this.#sandbox.get(`${query}&sinceSequence=${page.nextSinceSequence}`);
      chats.push(...page.rows.filter(({ hasEffect }) => hasEffect).map(({ chatId }) => Number(chatId)));
    }
    return chats;
  }
}
