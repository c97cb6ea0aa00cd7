// Arauto itself, nothing but the built program and its public API: one process that serves the API, plans and sends, on
// a durable PostgreSQL, with Telegram's usual pace kept.
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { makeFreshDatabase } from '../scripts/fresh-database.mjs';
import { homeDirectory } from '../scripts/run.mjs';
import { stopProcess } from './child-process.mjs';
import { botIdOf, chatIdOf, sendAll, tokenOf } from './workload.mjs';

const ROLES = 'api,scheduler,worker';
const READY_WITHIN_MS = 60_000;
const FINISH_WITHIN_MS = 60_000;
const POLL_MS = 100;
/** Connected at the same time while setting up. */
const CONNECTED_AT_ONCE = 16;
const WARM_UP_BOTS = 34;
/** What was sent just now still counts against a bot's pace for a second. */
const PACE_FORGETS_MS = 1_500;
const TEXT = 'Good morning, {{first_name|friend}}!';
/** As the table `deliveries` numbers them. */
const DELIVERY_STATES = ['queued', 'sending', 'sent', 'failed', 'unknown', 'cancelled', 'skipped'];
const ACCOUNT = { email: 'bench@example.org', password: randomBytes(16).toString('hex') };

/** Waits until no bot's pace knows of what was sent before. */
export const paceForgets = () => wait(PACE_FORGETS_MS);

/** A migrated database with one tenant, its bots and their chats, and the means to run Arauto on it. */
export class Arauto {
  #environment;
  #superuserUrl;
  #process;
  #worker;
  #scheduler;
  #apiUrl;
  #accessToken;

  /**
   * @param chatsOf how many chats a bot has, by its position
   * @param tagOf the tag of all chats of a bot, by its position, where they have one
   * @param groupsOf how many groups a bot is in, by its position, where it is in any
   */
  static async setUp({ database, apiRoot, botCount, chatsOf, tagOf, groupsOf }) {
    const urls = await makeFreshDatabase(database.url, 'arauto_bench');
    const arauto = new Arauto();
    const key = () => randomBytes(32).toString('base64');
    arauto.#superuserUrl = urls.superuser;
    arauto.#environment = {
      PATH: process.env.PATH,
      DATABASE_URL: urls.app,
      DATABASE_DISPATCHER_URL: urls.dispatcher,
      TELEGRAM_API_ROOT: apiRoot,
      PORT: '0',
      // What is measured are messages; setting up asks more of the API than any one program may.
      API_REQUESTS_PER_MINUTE: '0',
      API_ANONYMOUS_REQUESTS_PER_MINUTE: '0',
      LOG_LEVEL: 'info',
      ENCRYPTION_KEY: key(),
      SESSION_KEY: key(),
      SANDBOX_KEY: key(),
    };
    await arauto.start();
    try {
      const bots = Array.from({ length: botCount }, (_, bot) => bot);
      await arauto.#fill(bots.map(chatsOf));
      if (tagOf) await arauto.#tag(bots.map(tagOf));
      if (groupsOf) await arauto.#join(bots.map(groupsOf));
    } finally {
      await arauto.stop();
    }
    return arauto;
  }

  /** Starts the one process and signs in. */
  async start({ roles = ROLES } = {}) {
    this.#process = this.#spawn(roles);
    this.#apiUrl = await readLine(this.#process, /"apiUrl":"([^"]+)"/);
    const account = { ...ACCOUNT, name: 'Bench', tenantName: 'Bench' };
    const { accessToken } = this.#accessToken
      ? await this.#post('auth/sign-in', ACCOUNT)
      : await this.#post('auth/sign-up', account);
    this.#accessToken = accessToken;
  }

  /** Starts a worker beside an API that was started without one. */
  async startWorker() {
    this.#worker = this.#spawn('worker');
    await readLine(this.#worker, /"msg":"(ready)"/);
  }

  /** Starts a scheduler beside an API that was started without one. */
  async startScheduler() {
    this.#scheduler = this.#spawn('scheduler');
    await readLine(this.#scheduler, /"msg":"(ready)"/);
  }

  /** Ends the worker beside the API alone. */
  async stopWorker() {
    await stopProcess(this.#worker);
    this.#worker = undefined;
  }

  async stop() {
    for (const beside of [this.#worker, this.#scheduler]) if (beside) await stopProcess(beside);
    this.#worker = this.#scheduler = undefined;
    await stopProcess(this.#process);
  }

  get schedulerPid() {
    return this.#scheduler.pid;
  }

  get workerPid() {
    return this.#worker.pid;
  }

  #spawn(roles) {
    const arauto = spawn(process.execPath, ['dist/main.js'], {
      cwd: homeDirectory,
      env: { ...this.#environment, ARAUTO_ROLES: roles },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const kill = () => arauto.kill();
    process.once('exit', kill);
    arauto.once('exit', () => process.off('exit', kill));
    return arauto;
  }

  /** Where the API is and how to speak to it, for a client that counts its requests. */
  get api() {
    return { url: this.#apiUrl, authorization: `Bearer ${this.#accessToken}` };
  }

  /** The database, for a look at what only its superuser sees. */
  get databaseUrl() {
    return this.#superuserUrl;
  }

  /** The process, for a profiler to look at. */
  get pid() {
    return this.#process.pid;
  }

  /** Sends a little, so that nothing is compiled or connected for the first time in what is measured. */
  async warmUp() {
    // The last bots have few chats in every bench.
    const botIds = (await this.listBotIds()).slice(-WARM_UP_BOTS);
    await this.run({ to: 'everybody', botIds }, () => Promise.resolve());
    await paceForgets();
  }

  /** Ids of the bots, by their position. */
  async listBotIds() {
    const ids = [];
    for (let cursor; cursor !== null;) {
      const page = await this.#get(`bots?limit=100${cursor ? `&cursor=${cursor}` : ''}`);
      for (const { id, username } of page.items) ids[Number(username.split('_')[1]) - botIdOf(0)] = id;
      cursor = page.nextCursor;
    }
    return ids;
  }

  /** Begins to send one message to an audience. */
  begin(audience, options = {}) {
    return this.#post('broadcasts', { message: { kind: 'text', text: TEXT }, audience, ...options });
  }

  /** Stores a file for messages of a kind. */
  async storeFile({ name, content }, kind) {
    const body = new FormData();
    body.set('file', new Blob([content]), name);
    return this.#receive(`POST assets?kind=${kind}`, {
      method: 'POST',
      body,
      headers: {
        authorization: `Bearer ${this.#accessToken}`,
        'idempotency-key': randomBytes(12).toString('hex'),
      },
    });
  }

  report(id) {
    return this.#get(`broadcasts/${id}`);
  }

  /** @returns how many deliveries were planned */
  async awaitPlanned(id, withinMs, pollMs) {
    const client = new pg.Client({ connectionString: this.#superuserUrl });
    await client.connect();
    try {
      // The report counts rows; whether planning is done stands in the broadcast's own.
      for (let waitedMs = 0; waitedMs < withinMs; waitedMs += pollMs) {
        const { rows } = await client.query('SELECT state, planned::int FROM broadcasts WHERE id = $1', [id]);
        if (rows[0].state !== 'planning') return rows[0].planned;
        await wait(pollMs);
      }
      throw new Error(`Broadcast ${id} was not planned within ${withinMs} ms.`);
    } finally {
      await client.end();
    }
  }

  /** @returns the state of each delivery, by its bot and its chat as Telegram numbers them */
  async listStates(id) {
    const client = new pg.Client({ connectionString: this.#superuserUrl });
    await client.connect();
    try {
      const { rows } = await client.query(
        `SELECT bots.telegram_id || ' ' || c.telegram_chat_id AS key, d.state
         FROM broadcasts b JOIN deliveries d ON d.planned_on = b.planned_on AND d.class = 1 AND d.source_no = b.no
           JOIN chats c ON c.no = d.chat_no JOIN bots ON bots.no = d.bot_no
         WHERE b.id = $1`,
        [id],
      );
      return new Map(rows.map(({ key, state }) => [key, DELIVERY_STATES[state]]));
    } finally {
      await client.end();
    }
  }

  cancel(id) {
    return this.#post(`broadcasts/${id}/cancel`);
  }

  /**
   * Sends one message to an audience and waits until nothing is left; the counts are those of the report.
   *
   * @param arrived settles when the other side has everything: the report is not asked for before, since counting the
   *   rows again and again would be measured too
   */
  async run(audience, arrived, options = {}) {
    const started = await this.begin(audience, options);
    await arrived();
    for (let waitedMs = 0; waitedMs < FINISH_WITHIN_MS; waitedMs += POLL_MS) {
      const report = await this.report(started.id);
      if (report.state === 'finished') return report.counts;
      if (!['planning', 'sending'].includes(report.state)) break;
      await wait(POLL_MS);
    }
    const { state, counts } = await this.report(started.id);
    throw new Error(`Arauto's broadcast did not finish: ${state} ${JSON.stringify(counts)}`);
  }

  /** Bots come in as tenants bring them, by their tokens; their chats straight into the table. */
  async #fill(chatCounts) {
    await sendAll(chatCounts.keys(), CONNECTED_AT_ONCE, (bot) =>
      this.#post('bots', { token: tokenOf(bot), environment: 'live', name: `Bot ${bot}` }),
    );
    const client = new pg.Client({ connectionString: this.#superuserUrl });
    await client.connect();
    await client.query(
      `WITH people AS (
         SELECT b.tenant_id, b.id AS bot_id, b.no AS bot_no, uuidv7() AS contact_id, 'Person ' || chat AS first_name,
           $1::bigint + (b.telegram_id - $2) * ($3::bigint - $1) + chat AS chat_id
         FROM bots b, unnest($4::int[]) WITH ORDINALITY AS owned(chats, n), generate_series(0, owned.chats - 1) AS chat
         WHERE owned.n - 1 = b.telegram_id - $2
       ), met AS (
         INSERT INTO contacts (id, tenant_id, bot_id, telegram_user_id, first_name)
         SELECT contact_id, tenant_id, bot_id, chat_id, first_name FROM people)
       INSERT INTO chats (tenant_id, bot_id, bot_no, contact_id, telegram_chat_id, type)
       SELECT tenant_id, bot_id, bot_no, contact_id, chat_id, 'private' FROM people ORDER BY chat_id`,
      [chatIdOf(0, 0), botIdOf(0), chatIdOf(1, 0), chatCounts],
    );
    await client.query('VACUUM ANALYZE');
    await client.end();
  }

  /** Telegram numbers groups below zero. */
  async #join(groupCounts) {
    const client = new pg.Client({ connectionString: this.#superuserUrl });
    await client.connect();
    await client.query(
      `INSERT INTO chats (tenant_id, bot_id, bot_no, telegram_chat_id, type, title)
       SELECT b.tenant_id, b.id, b.no, -($1::bigint + (b.telegram_id - $2) * ($3::bigint - $1) + chat), 'group', 'Group ' || chat
       FROM bots b, unnest($4::int[]) WITH ORDINALITY AS joined(groups, n), generate_series(0, joined.groups - 1) AS chat
       WHERE joined.n - 1 = b.telegram_id - $2`,
      [chatIdOf(0, 0), botIdOf(0), chatIdOf(1, 0), groupCounts],
    );
    await client.query('VACUUM ANALYZE');
    await client.end();
  }

  async #tag(tagNames) {
    const client = new pg.Client({ connectionString: this.#superuserUrl });
    await client.connect();
    await client.query(
      `WITH named AS (
         INSERT INTO tags (tenant_id, name)
         SELECT DISTINCT b.tenant_id, named.name FROM bots b, unnest($1::text[]) AS named(name) RETURNING id, tenant_id, name)
       INSERT INTO chat_tags (tenant_id, tag_id, chat_id)
       SELECT c.tenant_id, named.id, c.id
       FROM unnest($1::text[]) WITH ORDINALITY AS tagged(name, n)
         JOIN named ON named.name = tagged.name JOIN bots b ON b.telegram_id = $2 + tagged.n - 1
         JOIN chats c ON c.bot_id = b.id`,
      [tagNames, botIdOf(0)],
    );
    await client.query('VACUUM ANALYZE');
    await client.end();
  }

  #get(path) {
    return this.#call('GET', path);
  }

  #post(path, body) {
    return this.#call('POST', path, body);
  }

  #call(method, path, body) {
    return this.#receive(`${method} ${path}`, {
      method,
      headers: {
        ...(this.#accessToken && { authorization: `Bearer ${this.#accessToken}` }),
        ...(body && {
          'content-type': 'application/json',
          'idempotency-key': randomBytes(12).toString('hex'),
        }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  async #receive(request, init) {
    const response = await fetch(`${this.#apiUrl}/api/v1/${request.split(' ')[1]}`, init);
    const answer = await response.json();
    if (!response.ok) throw new Error(`${request}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }
}

/** Waits for a line of the log that has this in it; from then on only warnings and errors are shown. */
async function readLine(arauto, pattern) {
  const deadline = setTimeout(() => arauto.kill('SIGKILL'), READY_WITHIN_MS);
  const lines = createInterface({ input: arauto.stdout });
  const seen = [];
  try {
    return await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        seen.push(line);
        const found = pattern.exec(line);
        if (found) resolve(found[1]);
      });
      lines.once('close', () => reject(new Error(`Arauto did not start:\n${seen.join('\n')}`)));
    });
  } finally {
    clearTimeout(deadline);
    lines.removeAllListeners('line');
    lines.on('line', showTrouble);
  }
}

/** Pino's number of "warn"; what is graver has a greater one. */
const WARN = 40;

function showTrouble(line) {
  if (Number(/^{"level":(\d+)/.exec(line)?.[1]) >= WARN) console.error(line);
}
