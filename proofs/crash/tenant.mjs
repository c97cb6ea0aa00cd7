// A tenant over the public API, and the people of its bots over the sandbox's. Its program asks again, with the same
// Idempotency-Key, when the API dies under its request.
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { JsonClient, RequestError } from '../../scripts/demo/json-client.mjs';
import { waitFor } from '../../scripts/demo/waiting.mjs';
import { BY_NAME } from './workload.mjs';

const LARGEST_LEDGER_PAGE = 10_000;
const GREETED_WITHIN_SECONDS = 600;
const ANSWERED_WITHIN_MS = 60_000;
/** An API that stands still answers nobody; whoever asked looks for another one. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 100;
const SCOPES = [
  'bots:write',
  'sandbox:write',
  'broadcasts:read',
  'broadcasts:write',
  'messages:write',
  'schedules:write',
];
const BOT_NAME = 'Herald';
/** As every bot answers /help. */
const HELP_TEXT = `${BOT_NAME} sends you messages of`;
/** One pixel. */
const PHOTO = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** Longer than any form of the proof takes. */
const SANDBOX_OPEN_SECONDS = 6 * 60 * 60;

const EVERYBODY = { to: 'everybody' };

export class Tenant {
  #installation;
  #key;
  #sandbox;
  #signal = new AbortController().signal;
  /** Of each bot, its number at Telegram and the people who started it. */
  #audiences = [];
  /** Of each person, how a text ends that names them. */
  #endings = new Map();
  photoId;
  /** How often each person asked for help. */
  asked = new Map();

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
    const photo = { fileName: 'photo.png', contentType: 'image/png', bytes: PHOTO };
    tenant.photoId = (await api.upload('/assets?kind=photo', photo)).id;
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
      const bot = await this.#sandbox.post('/bots', { firstName: BOT_NAME });
      await this.#insist('POST', '/bots', { token: bot.token, environment: 'sandbox' });
      const { people } = await this.#sandbox.post('/people', { firstName: 'Rui', count: peoplePerBot });
      const personIds = people.map(({ id }) => id);
      await this.#sandbox.post('/actions/start', { botId: bot.id, personIds });
      this.#audiences.push({ botId: bot.id, personIds });
      for (const { id, firstName } of people) this.#endings.set(id, `, ${firstName}`);
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

  async broadcast(message, more = {}) {
    const { id } = await this.#insist('POST', '/broadcasts', { message, audience: EVERYBODY, ...more });
    return id;
  }

  async schedule(what, dueAt) {
    const { id } = await this.#insist('POST', '/schedules', {
      name: 'Once',
      audience: EVERYBODY,
      rule: { kind: 'once', at: dueAt.toISOString() },
      ...what,
    });
    return id;
  }

  async edit(targetId, message) {
    return (await this.#insist('POST', `/broadcasts/${targetId}/edit`, { message })).id;
  }

  /** The newest broadcast that a query of the list finds; undefined while there is none. */
  async findBroadcast(query, isMeant = () => true) {
    return (await this.#insist('GET', `/broadcasts?${query}`)).items.find(isMeant);
  }

  /** Somebody writes /help to their bot. */
  async askForHelp() {
    const { botId, personIds } = this.#audiences[Math.floor(Math.random() * this.#audiences.length)];
    const personId = personIds[Math.floor(Math.random() * personIds.length)];
    await this.#sandbox.post(`/people/${personId}/message`, { botId, text: '/help' });
    this.asked.set(personId, (this.asked.get(personId) ?? 0) + 1);
  }

  report(id) {
    return this.#insist('GET', `/broadcasts/${id}`);
  }

  /** What arrived of all texts that begin so, once for each time. */
  arrivals(textPrefix) {
    return this.#listEffects(`textPrefix=${encodeURIComponent(textPrefix)}`);
  }

  pins() {
    return this.#listEffects('method=pinChatMessage');
  }

  answers() {
    return this.arrivals(HELP_TEXT);
  }

  async #listEffects(filter) {
    const query = `/ledger?limit=${LARGEST_LEDGER_PAGE}&${filter}`;
    const found = [];
    for (let page = { hasMore: true, nextSinceSequence: 0 }; page.hasMore;) {
      page = await this.#sandbox.get(`${query}&sinceSequence=${page.nextSinceSequence}`);
      for (const { hasEffect, text, chatId, arrivedAtEpochMs: atMs } of page.rows)
        if (hasEffect) found.push({ text: this.#withoutName(text, chatId), chatId, atMs });
    }
    return found;
  }

  #withoutName(text, personId) {
    const ending = this.#endings.get(personId);
    return text.endsWith(ending) ? `${text.slice(0, -ending.length)}, ${BY_NAME}` : text;
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
