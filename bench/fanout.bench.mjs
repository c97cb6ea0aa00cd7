// One broadcast to a million chats: how soon the API answers, how soon the first message is out, how long the planning takes.
import { setTimeout as wait } from 'node:timers/promises';
import { Arauto } from './arauto.mjs';
import { peakMemoryMbOf } from './process-figures.mjs';
import { now, printFailures, round, say, startPeer, withSurroundings } from './surroundings.mjs';
import { formatCount, medianOf, printTable } from './table.mjs';

const PROMISED = { apiMs: 200, firstMs: 1_000, addBulk: 5, rssMb: 300 };
/** As a tenant has them; a million people are written to for as long as the pace takes, and the planning is done long before. */
const BOTS = 10;
/** Bots beside them, of two chats each, with which the process warms up. */
const WARM_UP = { bots: 34, chats: 2 };
const POLL_MS = 25;
const PLANNED_WITHIN_MS = 180_000;

const FULL = { runs: 5, chatsPerBot: 100_000, peerCount: 200_000 };
const QUICK = { runs: 1, chatsPerBot: 10_000, peerCount: 20_000 };

const PEERS = {
  typeormInsert: { title: 'TypeORM insert([])', module: 'fanout/typeorm-insert.mjs' },
  addBulkRedis: { title: 'BullMQ addBulk, Redis', module: 'fanout/add-bulk.mjs' },
  addBulkPostgres: { title: 'BullMQ addBulk, PostgreSQL', module: 'fanout/add-bulk.mjs' },
};

export function run({ isQuick }) {
  const form = isQuick ? QUICK : FULL;
  return withSurroundings(async (around) => {
    if (isQuick)
      console.log(
        `--quick: one run to ${formatCount(BOTS * QUICK.chatsPerBot)} chats instead of ${FULL.runs} to a million.`,
      );
    const rows = await measure(form, around);
    return judge(rows, form, isQuick, around.machine);
  });
}

async function measure({ runs, chatsPerBot, peerCount }, { stub, apiRoot, database, redis }) {
  await stub.ask({ reset: { answerMs: 0 } });
  say(`connecting ${formatCount(BOTS)} bots, writing ${formatCount(BOTS * chatsPerBot)} chats`);
  const arauto = await Arauto.setUp({
    database,
    apiRoot,
    botCount: BOTS + WARM_UP.bots,
    chatsOf: (bot) => (bot < BOTS ? chatsPerBot : WARM_UP.chats),
  });
  const rows = [];
  for (let run = 1; run <= runs; run += 1) {
    say(`run ${run} of ${runs}`);
    await arauto.start();
    try {
      await arauto.warmUp();
      const botIds = (await arauto.listBotIds()).slice(0, BOTS);
      rows.push(await runArauto(arauto, botIds, stub));
    } finally {
      await arauto.stop();
    }
    for (const peer of Object.keys(PEERS)) {
      if (peer === 'addBulkRedis' && !redis) continue;
      say(PEERS[peer].title);
      rows.push(await runPeer(peer, peer === 'addBulkRedis' ? redis.url : database.url, peerCount));
    }
  }
  return rows;
}

async function runArauto(arauto, botIds, stub) {
  await stub.ask({ reset: { answerMs: 0 } });
  const startedMs = now();
  const { id } = await arauto.begin({ to: 'everybody', botIds });
  const apiMs = now() - startedMs;
  let firstMs = null;
  for (let waitedMs = 0; firstMs === null && waitedMs < PLANNED_WITHIN_MS; waitedMs += 5) {
    ({ firstMs } = await stub.ask({ count: true }));
    await wait(5);
  }
  const planned = await arauto.awaitPlanned(id, PLANNED_WITHIN_MS, POLL_MS);
  const plannedMs = now() - startedMs;
  const { arrived } = await stub.ask({});
  const rssMb = peakMemoryMbOf(arauto.pid);
  await arauto.cancel(id);
  return {
    contender: 'arauto',
    apiMs,
    firstMs: firstMs - startedMs,
    perSecond: (planned * 1_000) / plannedMs,
    planned,
    sentMeanwhile: arrived,
    rssMb,
  };
}

async function runPeer(peer, url, count) {
  const contender = await startPeer(PEERS[peer].module, { arguments: [url] });
  try {
    await contender.ask({ count: 1_000 });
    const startedMs = now();
    const { tookUntilMs = now() } = await contender.ask({ count });
    return { contender: peer, perSecond: (count * 1_000) / (tookUntilMs - startedMs), planned: count };
  } finally {
    await contender.stop();
  }
}

const below = (figure, measured, reach, unit) => ({
  figure,
  measured: `${measured} ${unit}`,
  reach: `< ${reach} ${unit}`,
  isMet: measured < reach,
});

function judge(rows, form, isQuick, machine) {
  const contenders = [...new Set(rows.map(({ contender }) => contender))];
  const results = contenders.map((contender) => {
    const own = rows.filter((row) => row.contender === contender);
    const median = (name) => (own[0][name] === undefined ? undefined : medianOf(own.map((row) => row[name])));
    return {
      contender,
      apiMs: median('apiMs'),
      firstMs: median('firstMs'),
      perSecond: median('perSecond'),
      planned: own[0].planned,
      rssMb: own[0].rssMb && Math.max(...own.map(({ rssMb }) => rssMb)),
      sentMeanwhile: median('sentMeanwhile'),
    };
  });
  const inMs = (value) => (value === undefined ? '' : `${formatCount(value)} ms`);
  printTable(
    ['', 'chats', 'API answers', 'first message', 'planned/s', 'sent meanwhile', 'peak memory'],
    results.map((row) => [
      row.contender === 'arauto' ? 'Arauto, while it sends' : PEERS[row.contender].title,
      formatCount(row.planned),
      inMs(row.apiMs),
      inMs(row.firstMs),
      formatCount(row.perSecond),
      row.sentMeanwhile === undefined ? '' : formatCount(row.sentMeanwhile),
      row.rssMb === undefined ? '' : `${formatCount(row.rssMb)} MB`,
    ]),
  );
  const [arauto] = results;
  const rateOf = (contender) => results.find((row) => row.contender === contender)?.perSecond ?? 0;
  // The better of its two queues is the peer.
  const addBulk = Math.max(rateOf('addBulkRedis'), rateOf('addBulkPostgres'));
  const figures = {
    apiMs: Math.round(arauto.apiMs),
    firstMs: Math.round(arauto.firstMs),
    ratios: {
      addBulk: round(arauto.perSecond / addBulk),
      typeormInsert: round(arauto.perSecond / rateOf('typeormInsert')),
    },
    rssMb: Math.round(arauto.rssMb),
  };
  const failures = [
    figures.apiMs >= PROMISED.apiMs &&
      `the API answers after ${figures.apiMs} ms instead of ${PROMISED.apiMs}`,
    figures.firstMs >= PROMISED.firstMs &&
      `the first message is out after ${figures.firstMs} ms instead of ${PROMISED.firstMs}`,
    figures.ratios.addBulk < PROMISED.addBulk &&
      `${figures.ratios.addBulk} × addBulk instead of ${PROMISED.addBulk} ×`,
    figures.rssMb > PROMISED.rssMb && `${figures.rssMb} MB instead of ${PROMISED.rssMb}`,
    arauto.planned !== BOTS * form.chatsPerBot &&
      `${arauto.planned} planned instead of ${BOTS * form.chatsPerBot}`,
  ].filter(Boolean);
  const isMet = printFailures(failures);
  return {
    bench: 'fanout',
    isMet,
    isQuick,
    runs: form.runs,
    chats: arauto.planned,
    plannedPerSecond: Math.round(arauto.perSecond),
    ...figures,
    promised: PROMISED,
    headline: [
      below(`to ${formatCount(arauto.planned)} chats: the API answers`, figures.apiMs, PROMISED.apiMs, 'ms'),
      below('first message out', figures.firstMs, PROMISED.firstMs, 'ms'),
      {
        figure: 'planning against BullMQ’s addBulk',
        measured: `${figures.ratios.addBulk} ×`,
        reach: `≥ ${PROMISED.addBulk} ×`,
        isMet: figures.ratios.addBulk >= PROMISED.addBulk,
      },
      below('peak memory of the process', figures.rssMb, PROMISED.rssMb, 'MB'),
    ],
    machine,
  };
}
