// What a large broadcast does to the small ones that come after it: 50,000 messages wait for one bot, then 999 bots get 5 each.
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

const ANSWER_MS = 50;
const PROMISED = { smallP99Ms: 500, fifo: 20, bigRateKept: 0.9 };
/** The large one alone, so that its rate is known. */
const ALONE_MS = 4_000;
const ARRIVE_WITHIN_MS = 60_000;
const POLL_MS = 25;
/** Jobs under way at a time: with which of them is the peer's first-in-first-out soonest done? */
const CONCURRENCIES = [64, 128, 256, 512];
const USUAL_CONCURRENCY = 256;

const FULL = {
  runs: 5,
  bigCount: 50_000,
  smallBots: 999,
  smallPerBot: 5,
  peers: ['fifo', 'priority', 'queuePerBot'],
  concurrencies: CONCURRENCIES,
};
const QUICK = { ...FULL, runs: 2, bigCount: 20_000, peers: ['fifo'], concurrencies: [USUAL_CONCURRENCY] };

const PEERS = {
  fifo: { title: 'BullMQ, first in, first out', module: 'fairness/bullmq.mjs', arguments: ['fifo'] },
  priority: { title: 'BullMQ, small ones first', module: 'fairness/bullmq.mjs', arguments: ['priority'] },
  queuePerBot: {
    title: 'BullMQ, a queue per bot',
    module: 'fairness/bullmq-queue-per-bot.mjs',
    arguments: [],
  },
};

export function run({ isQuick }) {
  const form = isQuick ? QUICK : FULL;
  return withSurroundings(async (around) => {
    if (!around.redis)
      throw new Error('This bench compares with BullMQ on Redis: install redis-server first.');
    if (isQuick) {
      console.log(
        `--quick: ${QUICK.runs} runs instead of ${FULL.runs}, ${formatCount(QUICK.bigCount)} waiting, first in, first out alone, with ${USUAL_CONCURRENCY} under way.`,
      );
    }
    const bench = new FairnessBench(form, around);
    return judge(await bench.measure(), form, isQuick, around.machine);
  });
}

class FairnessBench {
  #form;
  #around;

  constructor(form, around) {
    this.#form = form;
    this.#around = around;
  }

  async measure() {
    const { runs, bigCount, smallBots, smallPerBot, peers } = this.#form;
    const { stub, apiRoot, database } = this.#around;
    await stub.ask({ reset: { answerMs: 0 } });
    say('connecting bots');
    const arauto = await Arauto.setUp({
      database,
      apiRoot,
      botCount: smallBots + 1,
      chatsOf: (bot) => (bot === 0 ? bigCount : smallPerBot),
      tagOf: (bot) => (bot === 0 ? 'large' : 'small'),
    });
    const rows = [];
    await arauto.start();
    try {
      await arauto.warmUp();
      for (let run = 1; run <= runs; run += 1) {
        say(`run ${run} of ${runs}`);
        rows.push(await this.#runArauto(arauto));
      }
    } finally {
      await arauto.stop();
    }
    const concurrency = await this.#tune();
    for (const peer of peers) {
      say(PEERS[peer].title);
      rows.push({ concurrency, ...(await this.#runPeer(peer, concurrency)) });
    }
    return rows;
  }

  /** With so many jobs under way the first-in-first-out queue is soonest done with the small ones. */
  async #tune() {
    const { concurrencies } = this.#form;
    if (concurrencies.length === 1) return concurrencies[0];
    let best = { p99Ms: Infinity };
    for (const concurrency of concurrencies) {
      const { p99Ms } = await this.#runPeer('fifo', concurrency);
      say(`${PEERS.fifo.title}, ${concurrency} under way: ${formatCount(p99Ms)} ms`);
      if (p99Ms < best.p99Ms) best = { p99Ms, concurrency };
    }
    return best.concurrency;
  }

  async #runArauto(arauto) {
    await this.#reset();
    await paceForgets();
    const big = await arauto.begin({ to: 'tags', tags: ['large'] });
    await wait(ALONE_MS);
    const startedMs = now();
    const small = await arauto.begin({ to: 'tags', tags: ['small'] });
    const { smallBots, smallPerBot } = this.#form;
    const deadlineMs = now() + ARRIVE_WITHIN_MS;
    let cohorts;
    do {
      await wait(POLL_MS);
      ({ cohorts } = await this.#around.stub.ask({ cohorts: true }));
    } while (cohorts[1].instants.length < smallBots * smallPerBot && now() < deadlineMs);
    // The large one goes on for as long again, so that its rate over the time of the small ones can be seen.
    await wait(ALONE_MS);
    ({ cohorts } = await this.#around.stub.ask({ cohorts: true }));
    await arauto.cancel(big.id);
    const { counts } = await arauto.report(small.id);
    return { contender: 'arauto', unknown: counts.unknown, ...(await this.#figuresOf(cohorts, startedMs)) };
  }

  async #runPeer(peer, concurrency) {
    const { bigCount, smallBots, smallPerBot } = this.#form;
    const { apiRoot, redis } = this.#around;
    const contender = await startPeer(PEERS[peer].module, {
      arguments: [redis.url, ...PEERS[peer].arguments, String(concurrency)],
    });
    try {
      await this.#reset();
      const { startedMs } = await contender.ask({ apiRoot, bigCount, smallBots, smallPerBot });
      const { cohorts } = await this.#around.stub.ask({ cohorts: true });
      return { contender: peer, ...(await this.#figuresOf(cohorts, startedMs)) };
    } finally {
      await contender.stop();
    }
  }

  #reset() {
    const { smallBots } = this.#form;
    return this.#around.stub.ask({
      reset: {
        answerMs: ANSWER_MS,
        cohorts: [
          { firstBot: botIdOf(0), botCount: 1, answerMs: ANSWER_MS },
          { firstBot: botIdOf(1), botCount: smallBots, answerMs: ANSWER_MS },
        ],
      },
    });
  }

  async #figuresOf([big, small], startedMs) {
    const { smallBots, smallPerBot } = this.#form;
    const { duplicated } = await this.#around.stub.ask({ count: true });
    const lateness = small.instants.map((atMs) => atMs - startedMs);
    const endedMs = Math.max(...small.instants);
    const spanMs = Math.max(1_000, endedMs - startedMs);
    const rateBetween = (fromMs, toMs) =>
      (big.instants.filter((atMs) => atMs >= fromMs && atMs < toMs).length * 1_000) / (toMs - fromMs);
    return {
      p50Ms: percentileOf(lateness, 50),
      p99Ms: percentileOf(lateness, 99),
      bigAlone: rateBetween(startedMs - ALONE_MS / 2, startedMs),
      bigMeanwhile: rateBetween(startedMs, startedMs + Math.max(spanMs, 2_000)),
      lost: smallBots * smallPerBot - small.instants.length,
      duplicated,
    };
  }
}

function judge(rows, form, isQuick, machine) {
  const contenders = [...new Set(rows.map(({ contender }) => contender))];
  const results = contenders.map((contender) => {
    const own = rows.filter((row) => row.contender === contender);
    const median = (name) => medianOf(own.map((row) => row[name]));
    const sum = (name) => own.reduce((total, row) => total + row[name], 0);
    return {
      contender,
      concurrency: own[0].concurrency,
      p50Ms: median('p50Ms'),
      p99Ms: median('p99Ms'),
      worstP99Ms: Math.max(...own.map((row) => row.p99Ms)),
      bigAlone: median('bigAlone'),
      bigMeanwhile: median('bigMeanwhile'),
      lost: sum('lost'),
      duplicated: sum('duplicated'),
      unknown: sum('unknown'),
    };
  });
  printTable(
    ['', 'small: median', 'p99', 'worst p99', 'large: alone', 'meanwhile', 'lost', 'double', 'unknown'],
    results.map((row) => [
      row.contender === 'arauto' ? 'Arauto' : PEERS[row.contender].title,
      `${formatCount(row.p50Ms)} ms`,
      `${formatCount(row.p99Ms)} ms`,
      `${formatCount(row.worstP99Ms)} ms`,
      row.contender === 'arauto' ? `${round(row.bigAlone, 1)}/s` : '',
      `${round(row.bigMeanwhile, 1)}/s`,
      row.lost,
      row.duplicated,
      row.contender === 'arauto' ? row.unknown : '',
    ]),
  );
  const arauto = results.find(({ contender }) => contender === 'arauto');
  const ratios = Object.fromEntries(
    results.filter((row) => row !== arauto).map((row) => [row.contender, round(row.p99Ms / arauto.p99Ms, 1)]),
  );
  const bigRateKept = round(arauto.bigMeanwhile / arauto.bigAlone);
  const smallP99Ms = Math.round(arauto.p99Ms);
  const { lost, duplicated, unknown } = arauto;
  const failures = [
    smallP99Ms > PROMISED.smallP99Ms &&
      `p99 of the small ones ${smallP99Ms} ms instead of ${PROMISED.smallP99Ms}`,
    // Fewer wait in the short form, so first in, first out is done with them sooner.
    !isQuick &&
      ratios.fifo < PROMISED.fifo &&
      `${ratios.fifo} × first in, first out instead of ${PROMISED.fifo} ×`,
    bigRateKept < PROMISED.bigRateKept &&
      `the large one kept ${bigRateKept} of its rate instead of ${PROMISED.bigRateKept}`,
    lost > 0 && `${lost} lost`,
    duplicated > 0 && `${duplicated} duplicated`,
    unknown > 0 && `${unknown} unknown`,
  ].filter(Boolean);
  const isMet = printFailures(failures);
  return {
    bench: 'fairness',
    isMet,
    isQuick,
    runs: form.runs,
    smallP99Ms,
    ratios,
    bigRateKept,
    lost,
    duplicated,
    unknown,
    promised: PROMISED,
    headline: [
      {
        figure: 'p99 of small broadcasts behind a large one',
        measured: `${smallP99Ms} ms`,
        reach: `≤ ${PROMISED.smallP99Ms} ms`,
        isMet: smallP99Ms <= PROMISED.smallP99Ms,
      },
      {
        figure: `against BullMQ, first in, first out, ${results.find((row) => row.contender === 'fifo').concurrency} under way`,
        measured: `${ratios.fifo} ×`,
        reach: `≥ ${PROMISED.fifo} ×`,
        isMet: ratios.fifo >= PROMISED.fifo,
      },
    ],
    machine,
  };
}
