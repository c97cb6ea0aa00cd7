// One bot that may send 1,000 messages a second because it pays for them, against answers that take 100 ms.
import { setTimeout as wait } from 'node:timers/promises';
import { Arauto, paceForgets } from './arauto.mjs';
import { now, printFailures, round, say, withSurroundings } from './surroundings.mjs';
import { formatCount, medianOf, printTable } from './table.mjs';
import { botIdOf } from './workload.mjs';

const ANSWER_MS = 100;
const LIMITS = { perSecond: 1_000, restSeconds: 3, perChatPerSecond: 1, perGroupPerMinute: 20 };
/** A call may leave while those under way and those answered within a second are fewer than 1,000: at most 1,000 / 1.1 s. */
const BOUND = LIMITS.perSecond / (1 + ANSWER_MS / 1_000);
const PROMISED = { perSecond: 870 };
const MESSAGES_PER_STAR = 10;
const ARRIVE_WITHIN_MS = 120_000;
const POLL_MS = 100;
/** Bots beside the one, of two chats each, with which the process warms up. */
const WARM_UP = { bots: 34, chats: 2 };

const FULL = { runs: 5, messages: 30_000 };
const QUICK = { runs: 1, messages: 15_000 };

export function run({ isQuick }) {
  const form = isQuick ? QUICK : FULL;
  return withSurroundings(async ({ stub, apiRoot, database, machine }) => {
    if (isQuick) {
      console.log(
        `--quick: one run of ${formatCount(QUICK.messages)} messages instead of ${FULL.runs} of ${formatCount(FULL.messages)}.`,
      );
    }
    await stub.ask({ reset: { answerMs: 0 } });
    say('connecting bots');
    const arauto = await Arauto.setUp({
      database,
      apiRoot,
      botCount: 1 + WARM_UP.bots,
      chatsOf: (bot) => (bot === 0 ? form.messages : WARM_UP.chats),
    });
    const rows = [];
    await arauto.start();
    try {
      const [botId] = await arauto.listBotIds();
      await arauto.warmUp();
      for (let run = 1; run <= form.runs; run += 1) {
        say(`run ${run} of ${form.runs}`);
        rows.push(await measure({ arauto, stub, botId, messages: form.messages }));
      }
    } finally {
      await arauto.stop();
    }
    return judge(rows, form, isQuick, machine);
  });
}

async function measure({ arauto, stub, botId, messages }) {
  await stub.ask({
    reset: {
      answerMs: ANSWER_MS,
      limits: LIMITS,
      cohorts: [{ firstBot: botIdOf(0), botCount: 1, answerMs: ANSWER_MS }],
    },
  });
  await paceForgets();
  const deadlineMs = now() + ARRIVE_WITHIN_MS;
  const arrived = async () => {
    while (now() < deadlineMs && (await stub.ask({})).arrived < messages) await wait(POLL_MS);
  };
  const counts = await arauto.run({ to: 'everybody', botIds: [botId] }, arrived, {
    paid: true,
    maxStars: Math.ceil(messages / MESSAGES_PER_STAR),
  });
  const seen = await stub.ask({ count: true });
  const [{ refused, early }] = (await stub.ask({ cohorts: true })).cohorts;
  return {
    perSecond: ((seen.arrived - 1) * 1_000) / (seen.lastMs - seen.firstMs),
    refused,
    early,
    lost: messages - seen.distinct,
    duplicated: seen.duplicated,
    unknown: counts.unknown,
  };
}

function judge(rows, form, isQuick, machine) {
  const rates = rows.map(({ perSecond }) => perSecond);
  const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
  const perSecond = Math.round(medianOf(rates));
  const figures = {
    perSecond,
    shareOfBound: round(perSecond / BOUND, 3),
    ...Object.fromEntries(
      ['refused', 'early', 'lost', 'duplicated', 'unknown'].map((name) => [name, sum(name)]),
    ),
  };
  printTable(
    ['', 'messages', 'msg/s', 'min–max', 'of the bound', '429', 'too early', 'lost', 'double', 'unknown'],
    [
      [
        'Arauto, one bot that pays',
        formatCount(form.messages),
        formatCount(perSecond),
        `${formatCount(Math.min(...rates))}–${formatCount(Math.max(...rates))}`,
        `${(figures.shareOfBound * 100).toFixed(1)} % of ${Math.round(BOUND)}/s`,
        figures.refused,
        figures.early,
        figures.lost,
        figures.duplicated,
        figures.unknown,
      ],
    ],
  );
  const failures = [
    perSecond < PROMISED.perSecond && `${perSecond}/s instead of ${PROMISED.perSecond}/s`,
    ...['refused', 'early', 'lost', 'duplicated', 'unknown'].map(
      (name) => figures[name] > 0 && `${figures[name]} ${name}`,
    ),
  ].filter(Boolean);
  const isMet = printFailures(failures);
  return {
    bench: 'paid',
    isMet,
    isQuick,
    runs: form.runs,
    messages: form.messages,
    ...figures,
    promised: PROMISED,
    headline: [
      {
        figure: 'messages/s of one bot that pays, answers after 100 ms',
        measured: formatCount(perSecond),
        reach: `≥ ${PROMISED.perSecond}`,
        isMet: perSecond >= PROMISED.perSecond,
      },
    ],
    machine,
  };
}
