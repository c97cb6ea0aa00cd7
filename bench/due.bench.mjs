// Many schedules due at once while a million wait: how late does each start, what does a waiting one take on disk, how quickly
// are they made, and does each run exactly once?
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { Arauto } from './arauto.mjs';
import { isApschedulerPresent, runApscheduler } from './due/apscheduler.mjs';
import { awaitStarted, measureBytes } from './due/figures-of-database.mjs';
import { dueMsOf } from './due/lateness.mjs';
import { SchedulesApi } from './due/schedules-api.mjs';
import { now, printFailures, round, say, startPeer, withSurroundings } from './surroundings.mjs';
import { formatCount, printTable } from './table.mjs';

const PROMISED = {
  p99LatenessMs: 250,
  bullmqDelayed: 5,
  bytesPerSchedule: 400,
  createdPerSecond: 1_000,
  importedPerSecond: 20_000,
};
const CHATS_PER_BOT = 20;
const IMPORT_CONNECTIONS = 8;
const CREATE_CONNECTIONS = 16;
const DAY_MS = 86_400_000;
/** From the end of the writing to the first due time: long enough that a process has started and rests. */
const LEAD_MS = 4_000;
const SECOND_MS = 1_000;
const POLL_MS = 250;
/** No slower than this are schedules written before they are due. */
const IMPORTED_PER_SECOND = 2_000;
const SCHEDULERS_PER_SECOND = 1_000;
const DELIVERED_WITHIN_MS = 300_000;

/** `fewerWaiting`: of peers that take long to fill. */
const FULL = {
  waiting: 1_000_000,
  due: 20_000,
  cron: 100_000,
  cronSeconds: 60,
  created: 10_000,
  fewerWaiting: 20_000,
  peers: ['bullmqDelayed', 'bullmqSchedulers', 'graphileWorker', 'pgBoss', 'apscheduler'],
};
const QUICK = {
  waiting: 50_000,
  due: 4_000,
  cron: 5_000,
  cronSeconds: 5,
  created: 1_000,
  fewerWaiting: 2_000,
  peers: ['bullmqDelayed', 'bullmqSchedulers', 'graphileWorker', 'pgBoss', 'apscheduler'],
};

const PEERS = {
  bullmqDelayed: { title: 'BullMQ delayed jobs', module: 'due/bullmq-delayed.mjs', store: 'redis' },
  bullmqSchedulers: { title: 'BullMQ job schedulers', module: 'due/bullmq-schedulers.mjs', store: 'redis' },
  graphileWorker: { title: 'graphile-worker run_at', module: 'due/graphile-worker.mjs', store: 'database' },
  pgBoss: { title: 'pg-boss sendAfter', module: 'due/pg-boss.mjs', store: 'database' },
  apscheduler: { title: 'APScheduler, SQLite', isSmall: true },
};

export function run({ isQuick }) {
  const form = isQuick ? QUICK : FULL;
  return withSurroundings(
    async (around) => {
      if (!around.redis)
        throw new Error('This bench compares with BullMQ on Redis: install redis-server first.');
      if (isQuick)
        console.log(
          `--quick: ${formatCount(QUICK.due)} due of ${formatCount(QUICK.waiting)}, ${formatCount(QUICK.cron)} cron ` +
            `schedules in ${QUICK.cronSeconds} s, ${QUICK.peers.length} peers.`,
        );
      const bench = new DueBench(form, around);
      const arauto = await bench.measureArauto();
      return judge([arauto, ...(await bench.measurePeers())], form, isQuick, around.machine);
    },
    // When a transaction was committed is known of each row, to the microsecond.
    { track_commit_timestamp: 'on' },
  );
}

class DueBench {
  #form;
  #around;

  constructor(form, around) {
    this.#form = form;
    this.#around = around;
  }

  async measureArauto() {
    const { due, waiting, created } = this.#form;
    const { stub, apiRoot, database } = this.#around;
    await stub.ask({ reset: { answerMs: 0 } });
    const botCount = due / CHATS_PER_BOT;
    say(`connecting ${formatCount(botCount)} bots`);
    const arauto = await Arauto.setUp({ database, apiRoot, botCount, chatsOf: () => CHATS_PER_BOT });
    const client = new pg.Client({ connectionString: arauto.databaseUrl });
    await client.connect();
    try {
      const chatIds = (await client.query('SELECT id FROM chats ORDER BY no')).rows.map(({ id }) => id);
      await arauto.start({ roles: 'api' });
      const importing = new SchedulesApi(arauto.api, IMPORT_CONNECTIONS);
      const messageId = await importing.createMessage('It is time, {{first_name|friend}}!');
      const onceAt = (n, atMs) => ({
        name: `Schedule ${n}`,
        messageId,
        audience: { to: 'chats', chatIds: [chatIds[n % chatIds.length]] },
        rule: { kind: 'once', at: new Date(atMs).toISOString() },
      });
      say(`importing ${formatCount(waiting)} schedules`);
      const farMs = now() + 2 * DAY_MS;
      const importedPerSecond = await importing.import(waiting, (n) =>
        onceAt(n, farMs + ((n * 7_919) % 363) * DAY_MS + n),
      );
      const creating = new SchedulesApi(arauto.api, CREATE_CONNECTIONS);
      const createdPerSecond = await creating.create(
        Array.from({ length: created }, (_, n) => onceAt(n, farMs + n)),
      );
      await creating.close();
      say(
        `${formatCount(importedPerSecond)}/s imported, ${formatCount(createdPerSecond)}/s created one by one`,
      );
      const bytesPerSchedule = await measureBytes(client);
      await client.query('VACUUM ANALYZE');

      await arauto.startScheduler();
      const atOnce = await this.#runDue(client, importing, onceAt);
      say(`p99 ${formatCount(atOnce.p99Ms)} ms late`);
      const wire = await this.#deliver(arauto);
      const cron = await this.#runCron(client, importing, onceAt);
      await importing.close();
      return {
        contender: 'arauto',
        waiting: waiting + created,
        atOnce,
        cron,
        wire,
        importedPerSecond,
        createdPerSecond,
        bytesPerSchedule,
      };
    } finally {
      await arauto.stop();
      await client.end();
    }
  }

  /** Within one second, one after the other. */
  async #runDue(client, api, onceAt) {
    const workload = this.#dueWorkload();
    say(`${formatCount(workload.count)} due at ${new Date(workload.firstMs).toISOString()}`);
    await api.import(workload.count, (n) => onceAt(n, dueMsOf(n, workload)));
    return this.#awaitStarted(client, workload);
  }

  /** Each has a second of one minute, every hour. */
  async #runCron(client, api, onceAt) {
    const workload = this.#cronWorkload();
    say(`${formatCount(workload.count)} cron schedules from ${new Date(workload.firstMs).toISOString()}`);
    await api.import(workload.count, (n) => ({
      ...onceAt(n, workload.firstMs),
      rule: { kind: 'cron', expression: cronOf(dueMsOf(n, workload)) },
      timeZone: 'UTC',
    }));
    return this.#awaitStarted(client, workload);
  }

  #awaitStarted(client, { count, firstMs, spanMs }) {
    if (now() > firstMs) throw new Error('The schedules were not written before they were due.');
    return awaitStarted(client, count, firstMs, firstMs + spanMs);
  }

  /** With a worker everything goes out: what the other side gets is counted by chat, of which each has one schedule. */
  async #deliver(arauto) {
    const { due } = this.#form;
    say('sending what was started');
    await arauto.startWorker();
    const deadlineMs = now() + DELIVERED_WITHIN_MS;
    let counts;
    do {
      await wait(POLL_MS);
      counts = await this.#around.stub.ask({ count: true });
    } while (counts.distinct < due && now() < deadlineMs);
    await wait(SECOND_MS);
    counts = await this.#around.stub.ask({ count: true });
    await arauto.stopWorker();
    return { lost: due - counts.distinct, doubled: counts.duplicated };
  }

  async measurePeers() {
    const rows = [];
    for (const contender of this.#form.peers) {
      const { title, isSmall } = PEERS[contender];
      if (isSmall && !isApschedulerPresent()) {
        console.log(
          `${title}: left out, since Debian's python3-apscheduler and python3-sqlalchemy are missing.`,
        );
        continue;
      }
      say(title);
      rows.push({ contender, ...(await (isSmall ? this.#runApscheduler() : this.#runPeer(contender))) });
    }
    return rows;
  }

  async #runPeer(contender) {
    const { module, store } = PEERS[contender];
    const isCron = contender === 'bullmqSchedulers';
    const { waiting } = this.#form;
    const peer = await startPeer(module, { arguments: [this.#around[store].url] });
    try {
      if (!isCron) await peer.ask({ waiting, firstMs: now() + 2 * DAY_MS });
      const workload = isCron ? this.#cronWorkload(SCHEDULERS_PER_SECOND) : this.#dueWorkload();
      return { waiting: isCron ? 0 : waiting, [isCron ? 'cron' : 'atOnce']: await peer.ask({ workload }) };
    } finally {
      await peer.stop();
    }
  }

  async #runApscheduler() {
    const { fewerWaiting: waiting } = this.#form;
    const count = Math.min(this.#form.due, waiting);
    return { waiting, atOnce: await runApscheduler({ waiting, count, spanMs: SECOND_MS, leadMs: LEAD_MS }) };
  }

  #dueWorkload() {
    return {
      count: this.#form.due,
      firstMs: chooseFirstMs(this.#form.due, IMPORTED_PER_SECOND),
      spanMs: SECOND_MS,
    };
  }

  #cronWorkload(writtenPerSecond = IMPORTED_PER_SECOND) {
    const { cron: count, cronSeconds } = this.#form;
    const spanMs = cronSeconds * SECOND_MS;
    return { count, firstMs: chooseFirstMs(count, writtenPerSecond), spanMs, stepMs: SECOND_MS };
  }
}

/** A full second by which everything is surely written. */
const chooseFirstMs = (count, writtenPerSecond) =>
  Math.ceil((now() + LEAD_MS) / SECOND_MS + count / writtenPerSecond) * SECOND_MS;

const cronOf = (dueMs) => {
  const due = new Date(dueMs);
  return `${due.getUTCSeconds()} ${due.getUTCMinutes()} * * * *`;
};

function judge(results, form, isQuick, machine) {
  const inMs = (value) => (value === undefined ? '' : `${formatCount(value)} ms`);
  const sumOf = (row, name) =>
    ['atOnce', 'cron', 'wire'].reduce((sum, part) => sum + (row[part]?.[name] ?? 0), 0);
  printTable(
    ['', 'waiting', 'due', 'median late', 'p99', 'most', 'cron', 'median', 'p99', 'lost', 'double'],
    results.map((row) => [
      row.contender === 'arauto' ? 'Arauto' : PEERS[row.contender].title,
      formatCount(row.waiting),
      row.atOnce ? formatCount(row.atOnce.count) : '',
      ...['p50Ms', 'p99Ms', 'mostMs'].map((name) => inMs(row.atOnce?.[name])),
      row.cron ? formatCount(row.cron.count) : '',
      ...['p50Ms', 'p99Ms'].map((name) => inMs(row.cron?.[name])),
      sumOf(row, 'lost'),
      sumOf(row, 'doubled'),
    ]),
  );
  const [arauto, ...peers] = results;
  console.log(
    `Arauto: ${formatCount(arauto.importedPerSecond)}/s imported, ${formatCount(arauto.createdPerSecond)}/s created one by one, ` +
      `${formatCount(arauto.bytesPerSchedule)} bytes a waiting schedule`,
  );
  const figures = {
    p99LatenessMs: Math.round(arauto.atOnce.p99Ms),
    cronP99LatenessMs: Math.round(arauto.cron.p99Ms),
    ratios: Object.fromEntries(
      peers.map((row) => [
        row.contender,
        round(row.atOnce ? row.atOnce.p99Ms / arauto.atOnce.p99Ms : row.cron.p99Ms / arauto.cron.p99Ms, 1),
      ]),
    ),
    bytesPerSchedule: Math.round(arauto.bytesPerSchedule),
    createdPerSecond: Math.round(arauto.createdPerSecond),
    importedPerSecond: Math.round(arauto.importedPerSecond),
    lost: sumOf(arauto, 'lost'),
    doubled: sumOf(arauto, 'doubled'),
  };
  const headline = [
    atMost(
      `p99 of ${formatCount(form.due)} due in one second, ${formatCount(form.waiting)} waiting`,
      figures.p99LatenessMs,
      PROMISED.p99LatenessMs,
      'ms late',
    ),
    atMost(
      `p99 of ${formatCount(form.cron)} cron schedules over ${form.cronSeconds} s`,
      figures.cronP99LatenessMs,
      PROMISED.p99LatenessMs,
      'ms late',
    ),
    atLeast('against BullMQ’s delayed jobs', figures.ratios.bullmqDelayed, PROMISED.bullmqDelayed, '×'),
    atMost(
      'a waiting schedule with its indexes',
      figures.bytesPerSchedule,
      PROMISED.bytesPerSchedule,
      'bytes',
    ),
    atLeast('created one by one', figures.createdPerSecond, PROMISED.createdPerSecond, '/s'),
    atLeast('imported', figures.importedPerSecond, PROMISED.importedPerSecond, '/s'),
    atMost('lost, doubled', figures.lost + figures.doubled, 0, ''),
  ];
  const isMet = printFailures(
    headline
      .filter((row) => !row.isMet)
      .map(({ figure, measured, reach }) => `${figure}: ${measured} instead of ${reach}`),
  );
  return {
    bench: 'due',
    isMet,
    isQuick,
    ...figures,
    contenders: Object.fromEntries(results.map(({ contender, ...row }) => [contender, row])),
    promised: PROMISED,
    headline,
    machine,
  };
}

const atMost = (figure, value, reach, unit) => ({
  figure,
  measured: `${formatCount(value)} ${unit}`.trim(),
  reach: `≤ ${formatCount(reach)} ${unit}`.trim(),
  isMet: value <= reach,
});

const atLeast = (figure, value, reach, unit) => ({
  figure,
  measured: unit === '×' ? `${value} ×` : `${formatCount(value)} ${unit}`,
  reach: `≥ ${formatCount(reach)} ${unit}`,
  isMet: value >= reach,
});
