// Workers, schedulers and the API die in the middle of broadcasts, again and again; others stand still past their leases and
// wake up; connections break, PostgreSQL restarts, the queue is lost. Nothing may be lost or sent twice, and of what was
// under way only so much may stay unknown.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describeMachine, printMachine } from '../bench/machine.mjs';
import { audit } from './crash/auditor.mjs';
import { ProofDatabase } from './crash/database.mjs';
import { Installation } from './crash/installation.mjs';
import { LaneWatch } from './crash/lane-watch.mjs';
import { POINTS } from './crash/points.mjs';
import { queueStores } from './crash/queue-store.mjs';
import { Supervisor } from './crash/supervisor.mjs';
import { Tenant } from './crash/tenant.mjs';
import { ANSWER_MS, judge, PER_SECOND } from './crash/verdict.mjs';
import { TEXT, Workload } from './crash/workload.mjs';

/** Kills and stops are those of both queues together. */
const FULL = { kills: 200, stops: 200, bots: 50, peoplePerBot: 400 };
const QUICK = {
  kills: 26,
  stops: 26,
  bots: 50,
  peoplePerBot: 60,
};

const WORKERS = 5;
const SCHEDULERS = 2;
/** None takes all bots, and two can take those of everybody else. */
const LANES_PER_WORKER = 30;
const LOOK_EVERY_MS = 250;
const ENDED_WITHIN_MS = 300_000;

export async function run({ isQuick }) {
  const form = isQuick ? QUICK : FULL;
  const home = mkdtempSync(join(tmpdir(), 'arauto-proof-'));
  const database = await ProofDatabase.start();
  const stores = await queueStores(database);
  const installation = new Installation({ database, home });
  try {
    const machine = await describeMachine(database.serverUrl);
    printMachine(machine);
    if (isQuick) printQuickness();
    if (stores.length === 1) console.log('Without Redis: there is no redis-server on the path.');
    const figures = await new CrashProof(form, installation, database, stores).run();
    return judge(figures, form, machine, isQuick);
  } finally {
    await installation.stop().catch((error) => console.error(error));
    await Promise.all(stores.map((store) => store.close()));
    await database.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

function printQuickness() {
  console.log(
    `--quick: ${QUICK.kills} kills and ${QUICK.stops} stops instead of ${FULL.kills} and ${FULL.stops}, ` +
      `${QUICK.peoplePerBot} people of each bot instead of ${FULL.peoplePerBot}.`,
  );
}

class CrashProof {
  #form;
  #installation;
  #database;
  #stores;
  #watch;
  #tenant;
  #workload;
  #answersSinceNo;
  #met = new Map(POINTS.map(({ name }) => [name, { kill: 0, stop: 0 }]));
  #startedMs = performance.now();

  constructor(form, installation, database, stores) {
    this.#form = form;
    this.#installation = installation;
    this.#database = database;
    this.#stores = stores;
    this.#watch = new LaneWatch(database);
  }

  async run() {
    await this.#setUp();
    const hits = { kills: 0, stops: 0 };
    for (const [position, store] of this.#stores.entries()) {
      const share = (count) => Math.round((count * (position + 1)) / this.#stores.length);
      const { kills, stops } = this.#form;
      const wanted = { kills: share(kills) - hits.kills, stops: share(stops) - hits.stops };
      this.#say(`the queue is in ${store.name}`);
      await this.#runOn(store, wanted);
      hits.kills += wanted.kills;
      hits.stops += wanted.stops;
    }
    this.#say('everything is held against each other');
    const { bots, peoplePerBot } = this.#form;
    const audited = await audit({
      database: this.#database,
      tenant: this.#tenant,
      sent: this.#workload.sent,
      people: bots * peoplePerBot,
      arrivals: await this.#tenant.arrivals(TEXT),
      pins: await this.#tenant.pins(),
      answers: await this.#tenant.answers(),
      asked: this.#tenant.asked,
      answersSinceNo: this.#answersSinceNo,
    });
    await this.#installation.rest();
    return {
      ...hits,
      ...audited,
      pauses: await this.#watch.measurePauses(),
      restarts: this.#watch.restarts,
      unknownOf: await this.#watch.countUnknown(),
      underWayMs: await this.#watch.measureUnderWay(),
      met: this.#met,
      endedBadly: this.#installation.endedBadly,
      backends: this.#stores.map(({ name }) => name),
    };
  }

  /** Greetings are no part of the proof: as fast as they go, by processes that leave. */
  async #setUp() {
    const { bots, peoplePerBot } = this.#form;
    this.#say(`${bots} bots get ${peoplePerBot} people each`);
    const sandboxUrl = await this.#installation.startSandbox();
    await this.#installation.keep('api,scheduler,poller,worker', 1, pacing(0));
    this.#tenant = await Tenant.signUp(this.#installation, sandboxUrl);
    await this.#tenant.connectBots(bots, peoplePerBot);
    await this.#installation.rest();
    await this.#tenant.setAnswerTime(ANSWER_MS.least, ANSWER_MS.most);
    this.#workload = new Workload(this.#tenant);
    [{ no: this.#answersSinceNo }] = await this.#database.look(
      'SELECT coalesce(max(no), 0)::text AS no FROM replies',
    );
    await this.#watch.begin();
  }

  async #runOn(store, wanted) {
    const settings = {
      ...pacing(PER_SECOND),
      ...store.environment,
      LANES_PER_WORKER: String(LANES_PER_WORKER),
    };
    await this.#installation.rest();
    await Promise.all([
      this.#installation.keep('worker', WORKERS, settings),
      this.#installation.keep('scheduler', SCHEDULERS, settings),
      this.#installation.keep('api', 1, settings),
      this.#installation.keep('poller', 1, settings),
    ]);
    const supervisor = new Supervisor({
      installation: this.#installation,
      database: this.#database,
      queueStore: store,
      watch: this.#watch,
      met: this.#met,
      say: (text) => this.#say(text),
    });
    let isOver = false;
    const broadcasting = this.#keepBroadcasting(() => isOver);
    await Promise.all([supervisor.run(wanted).finally(() => (isOver = true)), broadcasting]);
    await this.#untilEnded();
  }

  /** The next broadcast begins while the one before still has half its way to go, so that there is always work. */
  async #keepBroadcasting(isOver) {
    const enough = (this.#form.bots * this.#form.peoplePerBot) / 2;
    await this.#workload.begin();
    while (!isOver()) {
      if ((await this.#countOpen()) < enough) await this.#workload.broadcastNext();
      await this.#workload.goOn();
      await this.#watch.noteUnknown();
      await wait(LOOK_EVERY_MS);
    }
  }

  /** What waits for a second try, for more than a minute, leaves room for more. */
  async #countOpen() {
    const [{ count }] = await this.#database.look(
      `SELECT (SELECT count(*) FROM deliveries WHERE is_open AND class = 1 AND not_before <= clock_timestamp())::int
         + (SELECT count(*) * $1 FROM broadcasts WHERE state = 'planning')::int AS count`,
      [this.#form.bots * this.#form.peoplePerBot],
    );
    return count;
  }

  async #untilEnded() {
    const startedMs = performance.now();
    const until = async (isReached, describe) => {
      while (!(await isReached())) {
        if (performance.now() - startedMs > ENDED_WITHIN_MS) throw new Error(describe());
        await this.#watch.noteUnknown();
        await wait(LOOK_EVERY_MS);
      }
    };
    await this.#workload.end(async (look) => {
      let found;
      await until(
        async () => (found = await look())?.state === 'finished',
        () => `A broadcast did not end: ${JSON.stringify(found)}`,
      );
      return found;
    });
    const questions = [...this.#tenant.asked.values()].reduce((sum, times) => sum + times, 0);
    let answers;
    await until(
      async () => {
        [answers] = await this.#database.look(
          `SELECT count(*)::int AS made, count(*) FILTER (WHERE d.is_open)::int AS open
           FROM replies r JOIN deliveries d ON d.class = 2 AND d.source_no = r.no WHERE r.no > $1`,
          [this.#answersSinceNo],
        );
        return answers.made >= questions && answers.open === 0;
      },
      () => `${questions} questions were not answered: ${JSON.stringify(answers)}`,
    );
    this.#say(
      `all ${this.#workload.sent.length} broadcasts have ended, and ${questions} people are answered`,
    );
  }

  #say(text) {
    const seconds = Math.round((performance.now() - this.#startedMs) / 1_000);
    console.error(`… ${String(seconds).padStart(4)} s: ${text}`);
  }
}

const pacing = (perSecond) => ({ PACING_BOT_PER_SECOND: String(perSecond), PACING_CHAT_PER_SECOND: '0' });
