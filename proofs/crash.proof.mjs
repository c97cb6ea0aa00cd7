// Workers die in the middle of broadcasts, again and again; one stands still past its leases and wakes up. Nothing may
// be lost or sent twice, and of what was under way only so much may stay unknown.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { describeMachine, printMachine } from '../bench/machine.mjs';
import { formatCount, printTable } from '../bench/table.mjs';
import { makeFreshDatabase } from '../scripts/fresh-database.mjs';
import { homeDirectory } from '../scripts/run.mjs';
import { Installation } from './crash/installation.mjs';
import { Tenant } from './crash/tenant.mjs';

const FULL = { kills: 5, bots: 12, peoplePerBot: 200 };
const QUICK = { kills: 1, bots: 6, peoplePerBot: 60 };

const PER_SECOND = 30;
const ANSWER_MS = 100;
/** From the answer to the commit that settles it, with what a busy machine adds. */
const SETTLE_MS = 150;
/** What one bot may have under way when its worker dies. */
const UNKNOWN_PER_BOT = Math.ceil((PER_SECOND * (ANSWER_MS + SETTLE_MS)) / 1_000);
/** How long a dead owner's lane stays its own. */
const LEASE_MS = 6_000;
const TAKEN_OVER_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 50;
/** Of each bot, before something happens: the broadcast is in full swing. */
const SENT_BEFORE = 10;

export async function run({ isQuick }) {
  const form = isQuick ? QUICK : FULL;
  const { startEmbeddedDatabase } = await import('../dist/platform/embedded-database/index.js');
  const home = mkdtempSync(join(tmpdir(), 'arauto-proof-'));
  const server = await startEmbeddedDatabase({
    homeDirectory,
    dataDirectory: '.arauto/proof-postgres',
    databaseName: 'postgres',
    log: () => undefined,
  });
  let installation;
  try {
    const machine = await describeMachine(server.url);
    printMachine(machine);
    if (isQuick) printQuickness();
    const databaseUrls = await makeFreshDatabase(server.url, 'arauto_proof');
    installation = new Installation({ databaseUrls, home });
    const rounds = await new CrashProof(form, installation, databaseUrls.superuser).run();
    return judge(rounds, form, machine, isQuick);
  } finally {
    await installation?.stop();
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

function printQuickness() {
  console.log(
    `--quick: ${QUICK.kills} kill instead of ${FULL.kills}, ${QUICK.bots} bots instead of ${FULL.bots}, ` +
      `${QUICK.peoplePerBot} people of each instead of ${FULL.peoplePerBot}.`,
  );
}

class CrashProof {
  #form;
  #installation;
  #superuser;
  #tenant;
  #workers = [];

  constructor(form, installation, superuserUrl) {
    this.#form = form;
    this.#installation = installation;
    this.#superuser = new pg.Client({ connectionString: superuserUrl });
  }

  async run() {
    await this.#superuser.connect();
    try {
      await this.#setUp();
      const rounds = [];
      for (let kill = 1; kill <= this.#form.kills; kill += 1) {
        rounds.push(await this.#runRound(`kill ${kill}`, () => this.#kill()));
      }
      rounds.push(await this.#runRound('stand still', () => this.#standStill()));
      return rounds;
    } finally {
      await this.#superuser.end();
    }
  }

  async #setUp() {
    const { bots, peoplePerBot } = this.#form;
    say(`${bots} bots, ${peoplePerBot} people of each`);
    const sandboxUrl = await this.#installation.startSandbox();
    const { apiUrl } = await this.#installation.start('api,scheduler,poller');
    // Greetings are no part of the proof: as fast as they go, by a worker that leaves.
    const greeter = await this.#installation.start('worker', pacing(0));
    this.#tenant = await Tenant.signUp(apiUrl, sandboxUrl);
    await this.#tenant.connectBots(bots, peoplePerBot);
    await greeter.end('SIGTERM');
    await this.#tenant.setAnswerTime(ANSWER_MS);
    await Promise.all([this.#startWorker(), this.#startWorker()]);
  }

  /** With room for two thirds of the bots in each of two workers, neither is ever without any. */
  async #startWorker() {
    const lanes = Math.ceil((this.#form.bots * 2) / 3);
    const settings = { ...pacing(PER_SECOND), LANES_PER_WORKER: String(lanes) };
    this.#workers.push(await this.#installation.start('worker', settings));
  }

  async #kill() {
    await this.#workers.shift().end('SIGKILL');
    return () => this.#startWorker();
  }

  async #standStill() {
    const sleeper = this.#workers.shift();
    sleeper.signal('SIGSTOP');
    return async () => {
      await this.#startWorker();
      return async () => {
        sleeper.signal('SIGCONT');
        this.#workers.push(sleeper);
      };
    };
  }

  /** One broadcast to everybody, and what happens in its middle. */
  async #runRound(what, happen) {
    const { bots, peoplePerBot } = this.#form;
    const text = `Whatever happens, ${what}`;
    say(what);
    const id = await this.#tenant.broadcast(text);
    await this.#tenant.until(id, 'it is in full swing', ({ counts }) => counts.sent >= bots * SENT_BEFORE);
    const before = await this.#readLanes();
    const goOn = await happen();
    const startedMs = performance.now();
    const [takeOver, wake] = await Promise.all([this.#watchTakeOver(before, startedMs), goOn()]);
    await wake?.();
    const { counts } = await this.#tenant.until(
      id,
      'it ends',
      ({ state, counts }) => state === 'finished' && counts.queued + counts.sending === 0,
    );
    return {
      what,
      expected: bots * peoplePerBot,
      counts,
      ...takeOver,
      ...compare(counts, await this.#tenant.deliveries(id), await this.#tenant.arrivals(text)),
    };
  }

  /** Lanes that are driven, by bot. */
  async #readLanes() {
    const { rows } = await this.#superuser.query(
      `SELECT bot_no, owner, epoch, until < clock_timestamp() AS "isOver",
         (extract(epoch FROM until - clock_timestamp()) * 1000)::float8 AS "leftMs"
       FROM lanes WHERE owner IS NOT NULL`,
    );
    return new Map(rows.map((lane) => [lane.bot_no, lane]));
  }

  /**
   * Waits until it is known of every lane that was driven what became of it. The dead worker's have a new epoch; those
   * of others were renewed past the last instant that the dead one could have held them, or let go in good order.
   */
  async #watchTakeOver(before, startedMs) {
    const pending = new Map(before);
    const takenOverMs = [];
    while (pending.size > 0) {
      const elapsedMs = performance.now() - startedMs;
      if (elapsedMs > TAKEN_OVER_WITHIN_MS) {
        const bots = [...pending.keys()].join(', ');
        throw new Error(`After ${Math.round(elapsedMs / 1_000)} s nobody drives the lanes of bots ${bots}.`);
      }
      const lanes = await this.#readLanes();
      for (const [botNo, { epoch }] of pending) {
        const lane = lanes.get(botNo);
        const isTaken = lane !== undefined && lane.epoch !== epoch;
        const isAnothers = lane === undefined || elapsedMs + lane.leftMs > LEASE_MS + LOOK_EVERY_MS;
        if (isTaken) takenOverMs.push(elapsedMs);
        if (isTaken || isAnothers) pending.delete(botNo);
      }
      await wait(LOOK_EVERY_MS);
    }
    return { driven: takenOverMs.length, takenOverMs: Math.round(Math.max(0, ...takenOverMs)) };
  }
}

/** The report against what arrived: every delivery has an end, and each end is true. */
function compare(counts, deliveries, arrivals) {
  const times = new Map();
  for (const chat of arrivals) times.set(chat, (times.get(chat) ?? 0) + 1);
  const unfinished = counts.queued + counts.sending;
  const vanished = counts.accepted - deliveries.length;
  const neverArrived = deliveries.filter(
    ({ state, telegramChatId }) => state === 'sent' && !times.has(Number(telegramChatId)),
  ).length;
  const deniedArrivals = deliveries.filter(
    ({ state, telegramChatId }) => !['sent', 'unknown'].includes(state) && times.has(Number(telegramChatId)),
  ).length;
  return {
    lost: unfinished + vanished + neverArrived,
    duplicated: arrivals.length - times.size,
    deniedArrivals,
  };
}

function judge(rounds, form, machine, isQuick) {
  const sum = (pick) => rounds.reduce((total, round) => total + pick(round), 0);
  const driven = sum((round) => round.driven);
  const promised = { lost: 0, duplicated: 0, deniedArrivals: 0, unknown: driven * UNKNOWN_PER_BOT };
  const measured = {
    lost: sum((round) => round.lost + round.expected - round.counts.accepted),
    duplicated: sum((round) => round.duplicated),
    deniedArrivals: sum((round) => round.deniedArrivals),
    unknown: sum((round) => round.counts.unknown),
  };
  const failed = sum(({ counts }) => counts.failed + counts.skipped + counts.cancelled);
  console.log('');
  printTable(
    ['', 'accepted', 'sent', 'unknown', 'at most', 'failed', 'lost', 'double', 'bots', 'taken over after'],
    rounds.map(({ what, counts, lost, duplicated, driven, takenOverMs }) => [
      what,
      formatCount(counts.accepted),
      formatCount(counts.sent),
      counts.unknown,
      driven * UNKNOWN_PER_BOT,
      counts.failed,
      lost,
      duplicated,
      driven,
      `${formatCount(takenOverMs)} ms`,
    ]),
  );
  console.log(
    `unknown at most: bots of the dead worker × ⌈${PER_SECOND}/s × (${ANSWER_MS} ms to answer + ${SETTLE_MS} ms to settle)⌉ = bots × ${UNKNOWN_PER_BOT}`,
  );
  const failures = [
    ...Object.keys(promised)
      .filter((name) => measured[name] > promised[name])
      .map((name) => `${measured[name]} ${name} instead of ${promised[name]} at most`),
    ...(failed > 0 ? [`${failed} failed, skipped or cancelled, with nothing to fail of`] : []),
    ...rounds
      .filter(({ driven }) => driven === 0)
      .map(({ what }) => `${what} hit a worker that drove nothing`),
  ];
  for (const failure of failures) console.log(`NOT MET: ${failure}`);
  return {
    proof: 'crash',
    isMet: failures.length === 0,
    isQuick,
    kills: form.kills,
    standStills: 1,
    bots: form.bots,
    messages: sum((round) => round.counts.accepted),
    ...measured,
    driven,
    takenOverMs: rounds.map(({ takenOverMs }) => takenOverMs),
    promised,
    machine,
  };
}

const say = (text) => console.error(`… ${text}`);
const pacing = (perSecond) => ({ PACING_BOT_PER_SECOND: String(perSecond), PACING_CHAT_PER_SECOND: '0' });
