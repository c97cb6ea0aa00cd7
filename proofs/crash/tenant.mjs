// A tenant over the public API, and the people of its bots over the sandbox's. Its program asks again, with the same
// Idempotency-Key, when the API dies under its request.
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { JsonClient, RequestError } from '../../scripts/demo/json-client.mjs';
import { waitFor } from '../../scripts/demo/waiting.mjs';

const LARGEST_LEDGER_PAGE = 10_000;
const GREETED_WITHIN_SECONDS = 600;
const ANSWERED_WITHIN_MS = 60_000;
/** An API that stands still answers nobody; whoever asked looks for another one. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 100;
const SCOPES = ['bots:write', 'sandbox:write', 'broadcasts:read', 'broadcasts:write', 'messages:write'];

/** Longer than any form of the proof takes. */
const SANDBOX_OPEN_SECONDS = 6 * 60 * 60;

export class Tenant {
  #installation;
  #key;
  #sandbox;
  #signal = new AbortController().signal;
  /** What the API accepted, in order. */
  broadcasts = [];

  static async signUp(installation, sandboxUrl) {
    const tenant = new Tenant();
    const signal = tenant.#signal;
    tenant.#installation = installation;
    const address = `${installation.apiUrl}/api/v1`;
    const { accessToken, tenant: signedUp } = await new JsonClient(address, { signal }).post(
      '/auth/sign-up',
      {
        email: 'proof@example.org',
        password: randomBytes(16).toString('hex'),
        name: 'Proof',
        tenantName: 'Proof',
      },
    );
    const api = new JsonClient(address, { accessToken, signal });
    tenant.#key = (await api.post('/api-keys', { name: 'Proof', scopes: SCOPES })).key;
    // The installation's own key opens the sandbox whether the API is there or not.
    const { signSandboxAccess } = await import('../../dist/sandbox/index.js');
    const access = {
      workspace: signedUp.id,
      expiresAt: Math.floor(Date.now() / 1_000) + SANDBOX_OPEN_SECONDS,
    };
    const sandboxToken = signSandboxAccess(installation.sandboxKey, access);
    tenant.#sandbox = new JsonClient(`${sandboxUrl}/sandbox/v1`, { accessToken: sandboxToken, signal });
    return tenant;
  }

  /** Connects bots, each with so many people who press Start; resolves when all of them are known and greeted. */
  async connectBots(botCount, peoplePerBot) {
    for (let n = 0; n < botCount; n += 1) {
      const bot = await this.#sandbox.post('/bots', { firstName: 'Herald' });
      await this.#insist('POST', '/bots', { token: bot.token, environment: 'sandbox' });
      const { people } = await this.#sandbox.post('/people', { firstName: 'Rui', count: peoplePerBot });
      await this.#sandbox.post('/actions/start', { botId: bot.id, personIds: people.map(({ id }) => id) });
    }
    await waitFor(
      'everybody is greeted',
      async () => (await this.#countGreetings()) >= botCount * peoplePerBot,
      { signal: this.#signal, withinSeconds: GREETED_WITHIN_SECONDS },
    );
  }

  async #countGreetings() {
    return (await this.#sandbox.get('/ledger/summary?method=sendMessage')).effects;
  }

  setAnswerTime(minimumMs, maximumMs) {
    return this.#sandbox.put('/latency', { minimumMs, maximumMs });
  }

  async broadcast(text) {
    const { id } = await this.#insist('POST', '/broadcasts', {
      message: { kind: 'text', text },
      audience: { to: 'everybody' },
    });
    this.broadcasts.push({ id, text });
  }

  report(id) {
    return this.#insist('GET', `/broadcasts/${id}`);
  }

  /** What arrived of all texts that begin so, once for each time. */
  async arrivals(textPrefix) {
    const query = `/ledger?limit=${LARGEST_LEDGER_PAGE}&textPrefix=${encodeURIComponent(textPrefix)}`;
    const found = [];
    for (let page = { hasMore: true, nextSinceSequence: 0 }; page.hasMore;) {
      page = await this.#sandbox.get(`${query}&sinceSequence=${page.nextSinceSequence}`);
      for (const { hasEffect, text, chatId } of page.rows) if (hasEffect) found.push({ text, chatId });
    }
    return found;
  }

  /** Asks whichever API there is, until one answers otherwise than that it can't. */
  async #insist(method, path, body) {
    const idempotencyKey = randomUUID();
    const startedMs = performance.now();
    for (;;) {
      try {
        return await this.#ask(method, path, body, idempotencyKey);
      } catch (error) {
        const isForGood = error instanceof RequestError && error.isRefusal;
        if (isForGood || performance.now() - startedMs > ANSWERED_WITHIN_MS) throw error;
        await wait(RETRY_MS);
      }
    }
  }

  async #ask(method, path, body, idempotencyKey) {
    const { apiUrl } = this.#installation;
    if (apiUrl === undefined) throw new Error('There is no API just now.');
    const response = await fetch(`${apiUrl}/api/v1${path}`, {
      method,
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: {
        authorization: `Bearer ${this.#key}`,
        'idempotency-key': idempotencyKey,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    throw Object.assign(new RequestError(`${method} ${path} was answered with ${response.status}: ${text}`), {
      isRefusal: response.status < 500,
    });
  }
}
