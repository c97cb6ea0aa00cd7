// How near to Telegram's limit each contender keeps, and what it is told by it: Arauto beside what bot libraries and queues offer.
import { setTimeout as wait } from 'node:timers/promises';
import { Arauto, paceForgets } from './arauto.mjs';
import {
  now,
  percentileOf,
  printFailures,
  round,
  say,
  startPeer,
  withSurroundings,
} from './surroundings.mjs';
import { formatCount, medianOf, printTable } from './table.mjs';
import { botIdOf } from './workload.mjs';

/** What the other side acts out; the limits are Telegram's published ones, the rest after a breach is what it was seen to ask. */
const LIMITS = { perSecond: 30, restSeconds: 3, perChatPerSecond: 1, perGroupPerMinute: 20 };
const PROMISED = { at50Ms: 0.9, at100Ms: 0.85, afterFall: 0.85 };
/** In the second part the limit falls, unannounced. */
const FALLEN_PER_SECOND = 20;
/** From the fall on, this long until the new limit must be found, and as long again is looked at. */
const FOUND_WITHIN_MS = 60_000;
const LOOKED_AT_MS = 30_000;
/** How often a person writes to each bot where answers wait too. */
const PERSON_WRITES_EVERY_MS = 2_000;
const POLL_MS = 250;

const FULL = {
  runs: 5,
  bots: 100,
  messagesPerBot: 900,
  fallAfterMs: 15_000,
  peers: ['telegrafRetry', 'grammyAutoRetry', 'grammyThrottler', 'bullmqLimiter'],
};
/** The same pace for a shorter time, with fewer bots and no peers; the fall's second half minute alone is left out. */
const QUICK = { ...FULL, runs: 1, bots: 20, messagesPerBot: 450, fallAfterMs: undefined, peers: [] };

const PEERS = {
  telegrafRetry: { title: 'Telegraf, retry on 429', module: 'pacing/telegraf-retry.mjs' },
  grammyAutoRetry: { title: 'grammY, auto-retry', module: 'pacing/grammy-auto-retry.mjs' },
  grammyThrottler: { title: 'grammY, throttler', module: 'pacing/grammy-throttler.mjs' },
  bullmqLimiter: {
    title: 'BullMQ, limiter per queue',
    module: 'pacing/bullmq-limiter.mjs',
    needsRedis: true,
  },
};

export function run({ isQuick }) {
  const form = isQuick ? QUICK : FULL;
  return withSurroundings(async (around) => {
    if (isQuick) {
      console.log(
        `--quick: one run instead of ${FULL.runs}, ${QUICK.bots} bots × ${QUICK.messagesPerBot} instead of ${FULL.bots} × ` +
          `${FULL.messagesPerBot} (so the first second, in which a bot takes up speed, weighs twice), no peers, no falling limit.`,
      );
    }
    const bench = new PacingBench(form, around);
    return judge(await bench.measure(), form, isQuick, around.machine);
  });
}

class PacingBench {
  #form;
  #around;
  #rows = [];

  constructor(form, around) {
    this.#form = form;
    this.#around = around;
  }

  async measure() {
    const { runs, bots, messagesPerBot, fallAfterMs, peers } = this.#form;
    const { stub, apiRoot, database, redis } = this.#around;
    await stub.ask({ reset: { answerMs: 0 } });
    const fallMs = fallAfterMs === undefined ? 0 : fallAfterMs + FOUND_WITHIN_MS + LOOKED_AT_MS;
    /** Enough to be still at it when the last look is over. */
    const fallMessages = Math.ceil((fallMs / 1_000) * LIMITS.perSecond);
    say('connecting bots');
    const arauto = await Arauto.setUp({
      database,
      apiRoot,
      botCount: bots * (fallMs > 0 ? 2 : 1),
      chatsOf: (bot) => (bot < bots ? messagesPerBot : fallMessages),
    });
    await this.#with(arauto, {}, async () => {
      for (let run = 1; run <= runs; run += 1) {
        for (const answerMs of [50, 100]) {
          say(`run ${run} of ${runs}, answers after ${answerMs} ms`);
          this.#rows.push(await this.#runArauto(arauto, { answerMs }));
        }
      }
    });
    await this.#with(arauto, { roles: 'api,scheduler,worker,poller' }, async () => {
      for (const answerMs of [50, 100]) {
        say(`with people who write, answers after ${answerMs} ms`);
        const updates = { everyMs: PERSON_WRITES_EVERY_MS };
        this.#rows.push(await this.#runArauto(arauto, { answerMs, updates }));
      }
    });
    if (fallMs > 0) {
      await this.#with(arauto, {}, async () => {
        say(`the limit falls to ${FALLEN_PER_SECOND}/s`);
        this.#rows.push(await this.#runFall(arauto, fallMs));
      });
    }
    for (const peer of peers) {
      if (PEERS[peer].needsRedis && !redis) continue;
      say(PEERS[peer].title);
      this.#rows.push(await this.#runPeer(peer));
    }
    return this.#rows;
  }

  async #with(arauto, options, measure) {
    await arauto.start(options);
    try {
      this.botIds ??= await arauto.listBotIds();
      await measure();
    } finally {
      await arauto.stop();
    }
  }

  async #runArauto(arauto, { answerMs, updates }) {
    const { bots, messagesPerBot } = this.#form;
    await this.#reset({ answerMs, updates });
    // What was sent before still counts against the bots' pace for a second.
    await paceForgets();
    const startedMs = now();
    const counts = await arauto.run({ to: 'everybody', botIds: this.botIds.slice(0, bots) }, () =>
      this.#awaitArrivals(bots * messagesPerBot, 3 * messagesPerBot),
    );
    const contender = updates ? 'arautoAnswering' : 'arauto';
    return { ...(await this.#rowOf(contender, answerMs, startedMs)), unknown: counts.unknown };
  }

  async #runFall(arauto, fallMs) {
    const { bots, fallAfterMs } = this.#form;
    const answerMs = 50;
    await this.#reset({
      answerMs,
      firstBot: bots,
      fall: { afterMs: fallAfterMs, perSecond: FALLEN_PER_SECOND },
    });
    const started = await arauto.begin({ to: 'everybody', botIds: this.botIds.slice(bots) });
    await wait(fallMs);
    const [cohort] = (await this.#around.stub.ask({ cohorts: true })).cohorts;
    await arauto.cancel(started.id);
    const counts = await this.#awaitSettled(arauto, started.id);
    const held = holdAgainst(
      await arauto.listStates(started.id),
      (await this.#around.stub.ask({ arrivals: true })).arrivals,
    );
    const foundMs = cohort.firstMs + fallAfterMs + FOUND_WITHIN_MS;
    const looked = cohort.instants.filter((atMs) => atMs >= foundMs && atMs < foundMs + LOOKED_AT_MS);
    const before = cohort.instants.filter((atMs) => atMs >= foundMs - FOUND_WITHIN_MS && atMs < foundMs);
    const idealOf = (ms) => (FALLEN_PER_SECOND * bots * ms) / 1_000;
    return {
      contender: 'arautoFall',
      answerMs,
      share: looked.length / idealOf(LOOKED_AT_MS),
      shareOfFirstMinute: before.length / idealOf(FOUND_WITHIN_MS),
      refused: cohort.refused,
      early: cohort.early,
      taken: cohort.instants.length,
      ...held,
      unknown: counts.unknown,
    };
  }

  /** What was cancelled is settled once nothing of it is under way. */
  async #awaitSettled(arauto, id) {
    for (;;) {
      const { counts } = await arauto.report(id);
      if (counts.queued + counts.sending === 0) return counts;
      await wait(POLL_MS);
    }
  }

  async #runPeer(peer) {
    const { bots, messagesPerBot } = this.#form;
    const { apiRoot, redis } = this.#around;
    const { module, needsRedis } = PEERS[peer];
    const contender = await startPeer(module, { arguments: needsRedis ? [redis.url] : [] });
    try {
      await this.#reset({ answerMs: 50 });
      const startedMs = now();
      await contender.ask({ apiRoot, botCount: bots, messagesPerBot });
      return await this.#rowOf(peer, 50, startedMs);
    } finally {
      await contender.stop();
    }
  }

  #reset({ answerMs, firstBot = 0, ...more }) {
    const { fall, updates } = more;
    return this.#around.stub.ask({
      reset: {
        answerMs,
        limits: LIMITS,
        updates,
        cohorts: [{ firstBot: botIdOf(firstBot), botCount: this.#form.bots, answerMs, fall }],
      },
    });
  }

  async #awaitArrivals(expected, withinSeconds) {
    const deadlineMs = now() + withinSeconds * 1_000;
    while (now() < deadlineMs && (await this.#around.stub.ask({})).arrived < expected) await wait(POLL_MS);
  }

  /** Of each bot, the time that its messages take at the very limit over the time from the start to its last. */
  async #rowOf(contender, answerMs, startedMs) {
    const { bots, messagesPerBot } = this.#form;
    const { stub } = this.#around;
    const { distinct, duplicated } = await stub.ask({ count: true });
    const [{ lastsMs, instants, answers, refused, early }] = (await stub.ask({ cohorts: true })).cohorts;
    const idealMs = (instants.length / bots / LIMITS.perSecond) * 1_000;
    const shares = lastsMs.map((lastMs) => idealMs / (lastMs - startedMs));
    return {
      contender,
      answerMs,
      share: shares.reduce((sum, share) => sum + share, 0) / shares.length,
      lowest: Math.min(...shares),
      refused,
      early,
      taken: instants.length,
      lost: bots * messagesPerBot - distinct,
      duplicated,
      answerP99Ms: answers.length > 0 ? percentileOf(answers, 99) : undefined,
    };
  }
}

/** Each message that was cancelled halfway, against what arrived of it. */
function holdAgainst(states, arrivals) {
  const arrived = new Map(arrivals);
  const found = { lost: 0, duplicated: 0, denied: 0 };
  for (const [key, state] of states) if (state === 'sent' && !arrived.has(key)) found.lost += 1;
  for (const [key, times] of arrived) {
    const state = states.get(key);
    found.duplicated += times - (state === undefined ? 0 : 1);
    if (state !== undefined && state !== 'sent' && state !== 'unknown') found.denied += 1;
  }
  return found;
}

const TITLES = {
  arauto: 'Arauto',
  arautoAnswering: 'Arauto, and people write',
  arautoFall: `Arauto, limit falls to ${FALLEN_PER_SECOND}/s`,
  ...Object.fromEntries(Object.entries(PEERS).map(([peer, { title }]) => [peer, title])),
};

const share = (figure, measured, reach) => ({
  figure,
  measured: `${(measured * 100).toFixed(1)} %`,
  reach: `≥ ${reach * 100} %`,
  isMet: measured >= reach,
});

function judge(rows, form, isQuick, machine) {
  const groups = new Map();
  for (const row of rows) {
    const key = `${row.contender} ${row.answerMs}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const results = [...groups.values()].map((own) => {
    const sum = (name) => own.reduce((total, row) => total + row[name], 0);
    return {
      ...own[0],
      share: medianOf(own.map(({ share }) => share)),
      lowestShare: Math.min(...own.map(({ lowest, share }) => lowest ?? share)),
      refused: sum('refused'),
      early: sum('early'),
      lost: sum('lost'),
      duplicated: sum('duplicated'),
      unknown: sum('unknown'),
      per1000: (sum('refused') * 1_000) / sum('taken'),
    };
  });
  printTable(
    [
      '',
      'answers after',
      'of the ideal',
      'slowest bot',
      '429 per 1,000',
      'too early',
      'lost',
      'double',
      'unknown',
      'p99 of answers',
    ],
    results.map((row) => [
      TITLES[row.contender],
      `${row.answerMs} ms`,
      `${(row.share * 100).toFixed(1)} %`,
      `${(row.lowestShare * 100).toFixed(1)} %`,
      round(row.per1000, 1),
      row.early,
      row.lost,
      row.duplicated,
      row.contender in PEERS ? '' : row.unknown,
      row.answerP99Ms === undefined ? '' : `${formatCount(row.answerP99Ms)} ms`,
    ]),
  );
  const own = results.filter(({ contender }) => contender.startsWith('arauto'));
  const steady = own.filter(({ contender }) => contender !== 'arautoFall');
  const worstShareAt = (answerMs) =>
    Math.min(...steady.filter((row) => row.answerMs === answerMs).map(({ share }) => share));
  const worstAnswerAt = (answerMs) =>
    round(
      results.find((row) => row.contender === 'arautoAnswering' && row.answerMs === answerMs)?.answerP99Ms ??
        NaN,
      0,
    );
  const fall = own.find(({ contender }) => contender === 'arautoFall');
  const figures = {
    shareOfIdeal: round(worstShareAt(50), 3),
    shareOfIdealAt100Ms: round(worstShareAt(100), 3),
    per1000Of429: round(Math.max(...steady.map(({ per1000 }) => per1000)), 3),
    early: own.reduce((sum, { early }) => sum + early, 0),
    ...(fall && {
      afterFall: round(fall.share, 3),
      inTheFirstMinuteAfterFall: round(fall.shareOfFirstMinute, 3),
    }),
    lost: own.reduce((sum, { lost }) => sum + lost, 0),
    duplicated: own.reduce((sum, { duplicated }) => sum + duplicated, 0),
    unknown: own.reduce((sum, { unknown }) => sum + unknown, 0),
    ...(fall && { denied: fall.denied }),
    answerP99Ms: worstAnswerAt(50),
    answerP99MsAt100Ms: worstAnswerAt(100),
  };
  const failures = [
    // The short form's first second weighs twice, so its share says less.
    !isQuick &&
      figures.shareOfIdeal < PROMISED.at50Ms &&
      `${figures.shareOfIdeal} of the ideal at 50 ms instead of ${PROMISED.at50Ms}`,
    !isQuick &&
      figures.shareOfIdealAt100Ms < PROMISED.at100Ms &&
      `${figures.shareOfIdealAt100Ms} of the ideal at 100 ms instead of ${PROMISED.at100Ms}`,
    fall &&
      figures.afterFall < PROMISED.afterFall &&
      `${figures.afterFall} of the fallen limit instead of ${PROMISED.afterFall}`,
    figures.per1000Of429 > 0 && `${figures.per1000Of429} of 1,000 calls refused instead of none`,
    ...['early', 'lost', 'duplicated', 'unknown', 'denied'].map(
      (name) => figures[name] > 0 && `${figures[name]} ${name}`,
    ),
  ].filter(Boolean);
  const isMet = printFailures(failures);
  return {
    bench: 'pacing',
    isMet,
    isQuick,
    runs: form.runs,
    bots: form.bots,
    messagesPerBot: form.messagesPerBot,
    ...figures,
    peers: Object.fromEntries(
      results
        .filter(({ contender }) => contender in PEERS)
        .map(({ contender, share, per1000 }) => [
          contender,
          { share: round(share, 3), per1000Of429: round(per1000, 1) },
        ]),
    ),
    promised: PROMISED,
    headline: [
      share('of the ideal pace, answers after 50 ms', figures.shareOfIdeal, PROMISED.at50Ms),
      share('of the ideal pace, answers after 100 ms', figures.shareOfIdealAt100Ms, PROMISED.at100Ms),
      ...(fall ? [share('of a limit that fell, a minute later', figures.afterFall, PROMISED.afterFall)] : []),
      {
        figure: 'answers 429 per 1,000 calls',
        measured: String(figures.per1000Of429),
        reach: '0',
        isMet: figures.per1000Of429 === 0,
      },
    ],
    machine,
  };
}
