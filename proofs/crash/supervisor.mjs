// Kills one process after the other, has others stand still past their leases, and in between cuts connections, restarts
// PostgreSQL and empties the queue; most of it at named moments, some at random.
import { setTimeout as wait } from 'node:timers/promises';
import { POINTS } from './points.mjs';

/** How long a dead owner's lane stays its own. */
const LEASE_MS = 6_000;
/** Nobody comes along at a point for so long: then it happens at a random moment. */
const POINT_WITHIN_MS = 4_000;
const LOOK_AGAIN_MS = 200;
const MOST_STANDING_STILL = 2;
/** Ready and awake beside whoever is hit: a service of which every process is down at once has no successor to measure. */
const LEFT_OF = { worker: 1, scheduler: 1, api: 0, poller: 0 };
const DISTURB_EVERY_HITS = 4;

export class Supervisor {
  #installation;
  #database;
  #queueStore;
  #watch;
  #say;
  #standingStill = new Set();
  #hits = 0;
  #disturbances = 0;

  /** How often each kind of hit met each point, by its name. */
  met;
  kills = 0;
  stops = 0;

  constructor({ installation, database, queueStore, watch, met, say }) {
    Object.assign(this, { met });
    this.#installation = installation;
    this.#database = database;
    this.#queueStore = queueStore;
    this.#watch = watch;
    this.#say = say;
  }

  async run({ kills, stops }) {
    while (this.kills < kills || this.stops < stops) {
      await wait(1_000 + Math.random() * 700);
      const canStop = this.stops < stops && this.#standingStill.size < MOST_STANDING_STILL;
      const isStopNext = canStop && (this.kills >= kills || this.stops / stops <= this.kills / kills);
      if (!isStopNext && this.kills >= kills) continue;
      await (isStopNext ? this.#stopOne(stops) : this.#killOne(kills));
      this.#hits += 1;
      if (this.#hits % DISTURB_EVERY_HITS === 0) await this.#disturb();
    }
    await Promise.all(this.#standingStill);
  }

  async #killOne(kills) {
    const { one, moment, hitAtMs } = await this.#catchOne('kill', (victim) => victim.kill());
    this.kills += 1;
    await this.#note('kill', one, moment, hitAtMs, `${this.kills}/${kills}`);
  }

  async #stopOne(stops) {
    const { one, moment, hitAtMs, goOn } = await this.#catchOne('stop', (victim) => victim.standStill());
    this.stops += 1;
    const waking = this.#wakeLater(one, goOn).finally(() => this.#standingStill.delete(waking));
    this.#standingStill.add(waking);
    await this.#note('stop', one, moment, hitAtMs, `${this.stops}/${stops}`);
  }

  async #wakeLater(one, goOn) {
    await wait(LEASE_MS + 500 + Math.random() * 1_500);
    // What it had said leaves first, as if it had been on its way all the time.
    goOn();
    one.wake();
  }

  async #note(kind, one, moment, hitAtMs, count) {
    const what = `${kind} ${count}: ${one.roles}, ${moment}`;
    const lanes = await this.#watch.noteHit({ kind, what, owner: one.owner, atMs: hitAtMs });
    this.#say(one.owner === undefined ? what : `${what}; it drove ${lanes} bots`);
  }

  /** Two hits are at the next point of theirs, where somebody comes along in time, the third at random. */
  async #catchOne(kind, hit) {
    if (this.#hits % 3 < 2) {
      const point = this.#nextPoint(kind);
      const caught = await this.#catchAt(point, hit);
      if (caught) {
        this.met.get(point.name)[kind] += 1;
        return caught;
      }
    }
    for (;;) {
      const eligible = Object.keys(LEFT_OF).flatMap((roles) => this.#eligible(roles));
      const one = eligible[Math.floor(Math.random() * eligible.length)];
      if (one) {
        hit(one);
        return { one, moment: 'at a random moment', hitAtMs: Date.now(), goOn: () => undefined };
      }
      await wait(LOOK_AGAIN_MS);
    }
  }

  #eligible(roles) {
    const up = this.#installation.upWith(roles);
    return up.length > LEFT_OF[roles] ? up : [];
  }

  #nextPoint(kind) {
    const count = ({ name }) => {
      const { kill, stop } = this.met.get(name);
      // The rarest of this kind; of those, the rarest of all.
      return this.met.get(name)[kind] + (kill + stop) / 1_000;
    };
    return POINTS.reduce((rarest, point) => (count(point) < count(rarest) ? point : rarest));
  }

  /** @returns undefined where nobody came along who may be hit */
  #catchAt(point, hit) {
    return new Promise((resolve) => {
      const relays = new Map();
      let isOver = false;
      const deadline = setTimeout(() => end(undefined), POINT_WITHIN_MS);
      const end = (caught) => {
        clearTimeout(deadline);
        trap.isTaken = true;
        isOver = true;
        for (const relay of relays.keys()) relay.trap = undefined;
        resolve(caught);
      };
      const trap = {
        ...point,
        isTaken: false,
        spring: (relay, goOn) => {
          // A request taken in time whose answer is not: nobody waits for it any more.
          if (isOver) return goOn();
          const one = relays.get(relay);
          if (!this.#eligible(one.roles).includes(one)) {
            goOn();
            return end(undefined);
          }
          hit(one);
          end({ one, moment: point.name, hitAtMs: Date.now(), goOn });
        },
      };
      for (const roles of Object.keys(LEFT_OF)) {
        for (const one of this.#eligible(roles)) {
          const relay = one.relays[point.wire];
          relays.set(relay, one);
          relay.trap = trap;
        }
      }
    });
  }

  /** One thing after the other that hits nobody in particular; losing the queue is caught at a point too. */
  async #disturb() {
    this.#disturbances += 1;
    if (this.#disturbances % 3 === 1) await this.#flushQueue();
    else if (this.#disturbances % 3 === 2) {
      this.#say(`${await this.#database.cutConnections()} connections to PostgreSQL are cut`);
    } else {
      const startedMs = Date.now();
      await this.#database.restart();
      this.#watch.noteRestart(Date.now());
      this.#say(`PostgreSQL was restarted in ${Date.now() - startedMs} ms`);
    }
  }

  async #flushQueue() {
    const point = POINTS[Math.floor(Math.random() * POINTS.length)];
    const caught = await this.#catchAt(point, () => undefined);
    try {
      await this.#queueStore.flush();
    } finally {
      caught?.goOn();
    }
    this.#say(`the queue was emptied, ${caught?.moment ?? 'at a random moment'}`);
  }
}
