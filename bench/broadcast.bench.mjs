// One message from each of 1,000 bots to its 60 chats: Arauto beside what people use instead.
import { setTimeout as wait } from 'node:timers/promises';
import { Arauto } from './arauto.mjs';
import {
  DOCUMENTED_PER_SECOND,
  isApschedulerPresent,
  runApscheduler,
  THREADS,
} from './broadcast/apscheduler.mjs';
import { startPythonTelegramBot } from './broadcast/python-telegram-bot.mjs';
import { now, printFailures, say, startPeer, withSurroundings } from './surroundings.mjs';
import { formatCount, medianOf, printTable } from './table.mjs';

const ANSWER_TIMES_MS = [0, 50];

/**
 * What is promised. `documentedApscheduler`: against the rate that was documented for 10,000 jobs due at once on such a
 * machine; what it does beside us is shown as well, and falls and rises with the machine.
 */
const PROMISED = {
  ratios: { rawUndici: 0.5, rawTelegraf: 1.5, jobPerMessage: 4, documentedApscheduler: 20 },
  at50Ms: { rawUndici: 0.5, rawTelegraf: 1.1, jobPerMessage: 4 },
};

const FULL = {
  runs: 5,
  botCount: 1_000,
  messagesPerBot: 60,
  jobMessagesPerBot: 60,
  warmUpPerBot: 2,
  apschedulerJobs: 10_000,
  isTuned: true,
  peers: [
    'rawUndici',
    'rawTelegraf',
    'rawGrammy',
    'pythonTelegramBot',
    'jobPerMessagePostgres',
    'jobPerMessageRedis',
    'graphileWorker',
  ],
};
const QUICK = {
  ...FULL,
  runs: 1,
  jobMessagesPerBot: 4,
  warmUpPerBot: 1,
  apschedulerJobs: 1_000,
  isTuned: false,
  peers: ['rawUndici', 'rawTelegraf', 'jobPerMessageRedis'],
};

/** The first number under way is what --quick takes; the full form takes whichever is quickest here. */
const PEERS = {
  rawUndici: {
    title: 'plain undici loop',
    stores: 'nothing',
    module: 'raw-undici.mjs',
    concurrency: { 0: [64, 32, 256], 50: [1000, 512, 2000] },
  },
  rawTelegraf: {
    title: 'plain Telegraf loop',
    stores: 'nothing',
    module: 'raw-telegraf.mjs',
    concurrency: { 0: [64, 32, 256], 50: [512, 256, 1000] },
  },
  rawGrammy: {
    title: 'plain grammY loop',
    stores: 'nothing',
    module: 'raw-grammy.mjs',
    concurrency: { 0: [64, 32, 256], 50: [512, 256, 1000] },
  },
  jobPerMessagePostgres: {
    title: 'BullMQ job per message, PostgreSQL',
    stores: 'a row each',
    module: 'job-per-message.mjs',
    concurrency: { 0: [64, 32, 200], 50: [256, 128, 512] },
  },
  jobPerMessageRedis: {
    title: 'BullMQ job per message, Redis',
    stores: 'a row each',
    module: 'job-per-message.mjs',
    concurrency: { 0: [64, 32, 200], 50: [256, 128, 512] },
  },
  graphileWorker: {
    title: 'graphile-worker, jobs of 100',
    stores: 'a row each',
    module: 'graphile-worker.mjs',
    concurrency: { 0: [4, 1, 10], 50: [10, 5, 20] },
  },
  pythonTelegramBot: {
    title: 'plain python-telegram-bot loop',
    stores: 'nothing',
    messagesPerBot: 10,
    concurrency: { 0: [20, 8], 50: [64, 128] },
  },
};
const ARRIVE_WITHIN_MS = 120_000;
const POLL_MS = 50;
/** Messages of each bot in a run that only looks for the best number under way. */
const TUNING_PER_BOT = 5;

export function run({ isQuick }) {
  const form = isQuick ? QUICK : FULL;
  return withSurroundings(async ({ machine, ...around }) => {
    if (isQuick) printQuickness();
    if (!around.redis) console.log('No redis-server on the path: BullMQ runs on PostgreSQL alone.');
    const rows = await new BroadcastBench({ form, ...around }).measure();
    return judge({ rows, form, machine, isQuick });
  });
}

function printQuickness() {
  console.log(
    `--quick: one run instead of ${FULL.runs}, ${QUICK.jobMessagesPerBot} messages of each bot with a job per message ` +
      `instead of ${FULL.jobMessagesPerBot}, no grammY, one queue instead of two, nothing tuned, ` +
      `APScheduler with ${formatCount(QUICK.apschedulerJobs)} jobs at no answer time only.`,
  );
}

class BroadcastBench {
  #form;
  #stub;
  #database;
  #redis;
  #apiRoot;
  #rows = [];

  constructor({ form, stub, database, redis, apiRoot }) {
    this.#form = form;
    this.#stub = stub;
    this.#database = database;
    this.#redis = redis;
    this.#apiRoot = apiRoot;
  }

  /** Contenders take turns, so that a bad minute of the machine hits all of them. */
  async measure() {
    const form = this.#form;
    const peers = this.#choosePeers();
    const concurrency = form.isTuned ? await this.#tune(peers) : firstConcurrencies(peers);
    await this.#stub.ask({ reset: { answerMs: 0 } });
    say('connecting bots');
    const arauto = await Arauto.setUp({
      database: this.#database,
      apiRoot: this.#apiRoot,
      botCount: form.botCount,
      chatsOf: () => form.messagesPerBot,
    });
    for (let run = 1; run <= form.runs; run += 1) {
      for (const answerMs of ANSWER_TIMES_MS) {
        say(`run ${run} of ${form.runs}, ${answerMs} ms`);
        await this.#runArauto(arauto, answerMs);
        for (const peer of peers) await this.#runPeer(peer, answerMs, concurrency[peer][answerMs]);
      }
      if (isApschedulerPresent()) await this.#runApscheduler();
    }
    return this.#rows;
  }

  /** Without a Redis the job per message has PostgreSQL alone. */
  #choosePeers() {
    const peers = this.#form.peers.filter((peer) => peer !== 'pythonTelegramBot' || isApschedulerPresent());
    if (this.#redis) return peers;
    const others = peers.filter((peer) => !peer.startsWith('job'));
    return [...others, 'jobPerMessagePostgres'];
  }

  async #runArauto(arauto, answerMs) {
    await arauto.start();
    try {
      await arauto.warmUp();
      const expected = this.#messages();
      await this.#record({ contender: 'arauto', answerMs, expected }, () =>
        arauto.run({ to: 'everybody' }, () => this.#awaitArrivals(expected)),
      );
    } finally {
      await arauto.stop();
    }
  }

  async #runPeer(peer, answerMs, concurrency) {
    const messagesPerBot =
      PEERS[peer].messagesPerBot ??
      (peer.startsWith('job') ? this.#form.jobMessagesPerBot : this.#form.messagesPerBot);
    const expected = this.#form.botCount * messagesPerBot;
    const contender = await this.#startPeer(peer, concurrency);
    try {
      await this.#stub.ask({ reset: { answerMs } });
      await contender.send(this.#form.warmUpPerBot);
      await this.#record({ contender: peer, answerMs, concurrency, expected }, () =>
        contender.send(messagesPerBot),
      );
    } finally {
      await contender.stop();
    }
  }

  async #runApscheduler() {
    const { apschedulerJobs: jobCount } = this.#form;
    let startedMs;
    await this.#stub.ask({ reset: { answerMs: 0 } });
    const begin = () => (startedMs = now());
    await runApscheduler({ apiRoot: this.#apiRoot, jobCount, begin });
    const seen = await this.#stub.ask({ count: true });
    this.#rows.push(
      rowOf(
        { contender: 'apscheduler', answerMs: 0, concurrency: THREADS, expected: jobCount },
        startedMs,
        seen,
      ),
    );
  }

  /** Runs one contender against a fresh count; the time goes from its start to the last arrival. */
  async #record(row, send) {
    await this.#stub.ask({ reset: { answerMs: row.answerMs } });
    const startedMs = now();
    const counts = await send();
    const seen = await this.#stub.ask({ count: true });
    this.#rows.push({ ...rowOf(row, startedMs, seen), unknown: counts?.unknown ?? 0 });
  }

  /** Waits until so many have arrived, or for so long that something must be wrong. */
  async #awaitArrivals(expected) {
    for (let waitedMs = 0; waitedMs < ARRIVE_WITHIN_MS; waitedMs += POLL_MS) {
      const { arrived } = await this.#stub.ask({});
      if (arrived >= expected) return;
      await wait(POLL_MS);
    }
  }

  async #tune(peers) {
    const best = {};
    for (const peer of peers) {
      say(`looking for the best concurrency of ${PEERS[peer].title}`);
      best[peer] = {};
      for (const answerMs of ANSWER_TIMES_MS) {
        let fastest = 0;
        for (const concurrency of PEERS[peer].concurrency[answerMs]) {
          const perSecond = await this.#tryConcurrency(peer, answerMs, concurrency);
          if (perSecond <= fastest) continue;
          fastest = perSecond;
          best[peer][answerMs] = concurrency;
        }
      }
    }
    return best;
  }

  async #tryConcurrency(peer, answerMs, concurrency) {
    const contender = await this.#startPeer(peer, concurrency);
    try {
      await this.#stub.ask({ reset: { answerMs } });
      await contender.send(this.#form.warmUpPerBot);
      await this.#stub.ask({ reset: { answerMs } });
      const startedMs = now();
      await contender.send(TUNING_PER_BOT);
      const { arrived, lastMs } = await this.#stub.ask({ count: true });
      return (arrived * 1_000) / (lastMs - startedMs);
    } finally {
      await contender.stop();
    }
  }

  async #startPeer(peer, concurrency) {
    const { botCount } = this.#form;
    const apiRoot = this.#apiRoot;
    if (peer === 'pythonTelegramBot')
      return startPythonTelegramBot({ apiRoot, botCount, threads: concurrency });
    const process = await startPeer(`broadcast/${PEERS[peer].module}`, {
      arguments: [
        ...(PEERS[peer].stores === 'nothing' ? [] : [this.#database.url]),
        ...(peer === 'jobPerMessageRedis' ? [this.#redis.url] : []),
      ],
    });
    return {
      send: (messagesPerBot) => process.ask({ apiRoot, concurrency, botCount, messagesPerBot }),
      stop: () => process.stop(),
    };
  }

  #messages() {
    return this.#form.botCount * this.#form.messagesPerBot;
  }
}

function firstConcurrencies(peers) {
  return Object.fromEntries(
    peers.map((peer) => [
      peer,
      Object.fromEntries(ANSWER_TIMES_MS.map((answerMs) => [answerMs, PEERS[peer].concurrency[answerMs][0]])),
    ]),
  );
}

function rowOf(row, startedMs, { arrived, distinct, duplicated, firstMs, lastMs, overLimit }) {
  return {
    ...row,
    perSecond: (arrived * 1_000) / (lastMs - startedMs),
    perSecondBetweenArrivals: (arrived * 1_000) / (lastMs - firstMs),
    lost: row.expected - distinct,
    duplicated,
    overLimit,
  };
}

/** Prints the table and returns what programs read. Every ratio compares from the start to the last arrival. */
function judge({ rows, form, machine, isQuick }) {
  const measured = ANSWER_TIMES_MS.map((answerMs) => summarise(rows, answerMs));
  ANSWER_TIMES_MS.forEach((answerMs, position) => printResults(answerMs, measured[position]));
  const [atOnce, at50Ms] = measured.map((results) => ratiosOf(results));
  const isApschedulerMeasured = measured[0].some(({ contender }) => contender === 'apscheduler');
  if (!isApschedulerMeasured) {
    console.log(
      `APScheduler did not run beside us (Debian's python3-apscheduler, python3-sqlalchemy and python3-python-telegram-bot).`,
    );
  }
  const arautoRows = rows.filter(({ contender }) => contender === 'arauto');
  const total = (name) => arautoRows.reduce((sum, row) => sum + row[name], 0);
  const lost = total('lost');
  const duplicated = total('duplicated');
  const unknown = total('unknown');
  const failures = [
    ...missing(atOnce, PROMISED.ratios, 'at once'),
    ...missing(at50Ms, PROMISED.at50Ms, 'at 50 ms'),
    ...Object.entries({ lost, duplicated, unknown })
      .filter(([, count]) => count !== 0)
      .map(([name, count]) => `${count} ${name}`),
  ];
  const isMet = printFailures(failures);
  const { runs, botCount, messagesPerBot } = form;
  return {
    bench: 'broadcast',
    isMet,
    isQuick,
    runs,
    bots: botCount,
    messages: botCount * messagesPerBot,
    ...atOnce,
    // With the ratios within reach of whoever looks for one by its name.
    at50Ms: { ...at50Ms.ratios, ...at50Ms },
    lost,
    duplicated,
    unknown,
    promised: PROMISED,
    headline: [
      headlineOf(
        'messages/s, every state stored, answers at once',
        formatCount(atOnce.perSecond.arauto),
        '',
        true,
      ),
      ...headlinesOf(atOnce, PROMISED.ratios, 'answers at once'),
      ...headlinesOf(at50Ms, PROMISED.at50Ms, 'after 50 ms'),
    ],
    titles: TITLES,
    stores: STORES,
    isApschedulerMeasured,
    machine,
  };
}

const IN_HEADLINES = {
  rawUndici: 'plain undici loop',
  rawTelegraf: 'plain Telegraf loop',
  jobPerMessage: 'BullMQ job per message',
  documentedApscheduler: 'APScheduler’s documented rate',
};
const headlineOf = (figure, measured, reach, isMet) => ({ figure, measured, reach, isMet });
const headlinesOf = ({ ratios }, promised, when) =>
  Object.entries(promised).map(([peer, ratio]) =>
    headlineOf(
      `against ${IN_HEADLINES[peer]}, ${when}`,
      `${ratios[peer]} ×`,
      `≥ ${ratio} ×`,
      ratios[peer] >= ratio,
    ),
  );

const missing = ({ ratios }, promised, when) =>
  Object.entries(promised)
    .filter(([peer, ratio]) => !(ratios[peer] >= ratio))
    .map(([peer, ratio]) => `${ratios[peer]} × ${peer} ${when} instead of ${ratio} ×`);

function summarise(rows, answerMs) {
  const contenders = [...new Set(rows.map(({ contender }) => contender))];
  return contenders.flatMap((contender) => {
    const own = rows.filter((row) => row.contender === contender && row.answerMs === answerMs);
    if (own.length === 0) return [];
    const rates = own.map(({ perSecond }) => perSecond);
    return [
      {
        ...own[0],
        perSecond: medianOf(rates),
        lowest: Math.min(...rates),
        highest: Math.max(...rates),
        perSecondBetweenArrivals: medianOf(own.map((row) => row.perSecondBetweenArrivals)),
        lost: own.reduce((sum, { lost }) => sum + lost, 0),
        duplicated: own.reduce((sum, { duplicated }) => sum + duplicated, 0),
        overLimit: own.reduce((sum, { overLimit }) => sum + overLimit, 0),
      },
    ];
  });
}

function ratiosOf(results) {
  const rates = Object.fromEntries(results.map(({ contender, perSecond }) => [contender, perSecond]));
  // The better of its two queues is the peer.
  const jobPerMessage = Math.max(rates.jobPerMessagePostgres ?? 0, rates.jobPerMessageRedis ?? 0);
  const ratioTo = (rate) => Math.round((rates.arauto / rate) * 100) / 100;
  const isAtOnce = results[0].answerMs === 0;
  return {
    ratios: {
      rawUndici: ratioTo(rates.rawUndici),
      rawTelegraf: ratioTo(rates.rawTelegraf),
      jobPerMessage: ratioTo(jobPerMessage),
      ...(rates.rawGrammy && { rawGrammy: ratioTo(rates.rawGrammy) }),
      ...(rates.graphileWorker && { graphileWorker: ratioTo(rates.graphileWorker) }),
      ...(rates.pythonTelegramBot && { pythonTelegramBot: ratioTo(rates.pythonTelegramBot) }),
      ...(isAtOnce && {
        documentedApscheduler: ratioTo(DOCUMENTED_PER_SECOND),
        ...(rates.apscheduler && { apscheduler: ratioTo(rates.apscheduler) }),
      }),
    },
    perSecond: Object.fromEntries(
      Object.entries(rates).map(([contender, perSecond]) => [contender, Math.round(perSecond)]),
    ),
    perSecondBetweenArrivals: Math.round(results[0].perSecondBetweenArrivals),
  };
}

const TITLES = {
  ...Object.fromEntries(Object.entries(PEERS).map(([peer, { title }]) => [peer, title])),
  arauto: 'Arauto',
  apscheduler: 'APScheduler, SQLite, all due at once',
};
const STORES = {
  ...Object.fromEntries(Object.entries(PEERS).map(([peer, { stores }]) => [peer, stores])),
  arauto: 'every state',
  apscheduler: 'a job each',
};

function printResults(answerMs, results) {
  const arauto = results.find(({ contender }) => contender === 'arauto');
  console.log(`\nanswers after ${answerMs} ms`);
  printTable(
    [
      '',
      'stores',
      'under way',
      'messages',
      'msg/s',
      'min–max',
      'first to last',
      'Arauto is',
      'lost',
      'double',
      'over 30/s',
    ],
    results.map((row) => [
      TITLES[row.contender],
      STORES[row.contender],
      row.concurrency ?? 'by pace',
      formatCount(row.expected),
      formatCount(row.perSecond),
      `${formatCount(row.lowest)}–${formatCount(row.highest)}`,
      formatCount(row.perSecondBetweenArrivals),
      row === arauto ? '' : `${(arauto.perSecond / row.perSecond).toFixed(2)} ×`,
      row.lost,
      row.duplicated,
      formatCount(row.overLimit),
    ]),
  );
}
