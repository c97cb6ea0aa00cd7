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
/**
 * In the third part chats hold back, not bots: some bots have groups, as many others have people, and each chat gets more
 * than its limit lets through in a minute, by as many broadcasts.
 */
const CHATS = { bots: 10, groups: 30, people: 20, messages: 25 };
const CHATS_WITHIN_SECONDS = 150;

const FULL = {
  runs: 5,
  bots: 100,
  messagesPerBot: 900,
  fallAfterMs: 15_000,
  hasChats: true,
  peers: ['telegrafRetry', 'grammyAutoRetry', 'grammyThrottler', 'bullmqLimiter'],
};
/** The same pace for a shorter time, with fewer bots and nothing else. */
const QUICK = {
  ...FULL,
  runs: 1,
  bots: 20,
  messagesPerBot: 450,
  fallAfterMs: undefined,
  hasChats: false,
  peers: [],
};

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
          `${FULL.messagesPerBot} (so the first second, in which a bot takes up speed, weighs twice), no peers, no falling limit, no groups.`,
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
    const { runs, bots, messagesPerBot, fallAfterMs, hasChats, peers } = this.#form;
    const { stub, apiRoot, database, redis } = this.#around;
    await stub.ask({ reset: { answerMs: 0 } });
    const fallMs = fallAfterMs === undefined ? 0 : fallAfterMs + FOUND_WITHIN_MS + LOOKED_AT_MS;
    /** Enough to be still at it when the last look is over. */
    const fallMessages = Math.ceil((fallMs / 1_000) * LIMITS.perSecond);
    say('connecting bots');
    const firstInGroups = bots * (fallMs > 0 ? 2 : 1);
    const firstWithPeople = firstInGroups + CHATS.bots;
    const arauto = await Arauto.setUp({
      database,
      apiRoot,
      botCount: firstInGroups + (hasChats ? 2 * CHATS.bots : 0),
      chatsOf: (bot) => {
        if (bot < bots) return messagesPerBot;
        if (bot < firstInGroups) return fallMessages;
        return bot < firstWithPeople ? 0 : CHATS.people;
      },
      groupsOf: (bot) => (bot >= firstInGroups && bot < firstWithPeople ? CHATS.groups : 0),
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
        this.#rows.push(await this.#runFall(arauto, fallMs, firstInGroups));
      });
    }
    if (hasChats) {
      await this.#with(arauto, {}, async () => {
        say('groups, and several broadcasts to the same people');
        this.#rows.push(...(await this.#runChats(arauto, firstInGroups)));
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

  async #runFall(arauto, fallMs, endOfBots) {
    const { bots, fallAfterMs } = this.#form;
    const answerMs = 50;
    await this.#reset({
      answerMs,
      firstBot: bots,
      fall: { afterMs: fallAfterMs, perSecond: FALLEN_PER_SECOND },
    });
    const started = await arauto.begin({ to: 'everybody', botIds: this.botIds.slice(bots, endOfBots) });
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

  /** As many broadcasts as each chat gets messages, all at once: each chat at the very limit would be done in `idealMs`. */
  async #runChats(arauto, firstBot) {
    const answerMs = 50;
    const { bots, groups, people, messages } = CHATS;
    const kinds = [
      { contender: 'arautoGroups', firstBot, chats: groups, idealMs: idealMsOfGroup(messages) },
      {
        contender: 'arautoPeople',
        firstBot: firstBot + bots,
        chats: people,
        idealMs: (messages - 1) * 1_000,
      },
    ];
    await this.#around.stub.ask({
      reset: {
        answerMs,
        limits: LIMITS,
        cohorts: kinds.map((kind) => ({ firstBot: botIdOf(kind.firstBot), botCount: bots, answerMs })),
      },
    });
    await paceForgets();
    const startedMs = now();
    const audience = { to: 'everybody', botIds: this.botIds.slice(firstBot) };
    const started = [];
    for (let n = 1; n <= messages; n += 1) {
      const message = { kind: 'text', text: `Message ${n}` };
      started.push(await arauto.begin(audience, { message }));
    }
    await this.#awaitArrivals(bots * (groups + people) * messages, CHATS_WITHIN_SECONDS);
    let unknown = 0;
    for (const { id } of started) unknown += (await this.#awaitSettled(arauto, id)).unknown;
    const { duplicated } = await this.#around.stub.ask({ count: true });
    const { cohorts } = await this.#around.stub.ask({ cohorts: true });
    return kinds.map(({ contender, chats, idealMs }, position) => {
      const { lastsMs, instants, refused, early } = cohorts[position];
      const shares = lastsMs.map((lastMs) => idealMs / (lastMs - startedMs));
      return {
        contender,
        answerMs,
        share: shares.reduce((sum, share) => sum + share, 0) / shares.length,
        lowest: Math.min(...shares),
        refused,
        early,
        taken: instants.length,
        lost: Math.max(0, bots * chats * messages - instants.length),
        // Counted of both together.
        duplicated: position === 0 ? duplicated : 0,
        unknown: position === 0 ? unknown : 0,
      };
    });
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

/** Until the last of so many messages may come to a group: one a second while the minute has room. */
function idealMsOfGroup(messages) {
  const { perGroupPerMinute } = LIMITS;
  const before = messages - 1;
  return Math.floor(before / perGroupPerMinute) * 60_000 + (before % perGroupPerMinute) * 1_000;
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
  arautoGroups: 'Arauto, groups',
  arautoPeople: 'Arauto, broadcasts to the same people',
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
  const steady = own.filter(({ contender }) => ['arauto', 'arautoAnswering'].includes(contender));
  const worstShareAt = (answerMs) =>
    Math.min(...steady.filter((row) => row.answerMs === answerMs).map(({ share }) => share));
  const worstAnswerAt = (answerMs) =>
    round(
      results.find((row) => row.contender === 'arautoAnswering' && row.answerMs === answerMs)?.answerP99Ms ??
        NaN,
      0,
    );
  const fall = own.find(({ contender }) => contender === 'arautoFall');
  const inGroups = own.find(({ contender }) => contender === 'arautoGroups');
  const withPeople = own.find(({ contender }) => contender === 'arautoPeople');
  const figures = {
    shareOfIdeal: round(worstShareAt(50), 3),
    shareOfIdealAt100Ms: round(worstShareAt(100), 3),
    per1000Of429: round(Math.max(...steady.map(({ per1000 }) => per1000)), 3),
    early: own.reduce((sum, { early }) => sum + early, 0),
    ...(fall && {
      afterFall: round(fall.share, 3),
      inTheFirstMinuteAfterFall: round(fall.shareOfFirstMinute, 3),
    }),
    ...(inGroups && {
      shareOfIdealOfGroups: round(inGroups.share, 3),
      shareOfIdealOfPeople: round(withPeople.share, 3),
      refusedForChats: inGroups.refused + withPeople.refused,
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
    figures.refusedForChats > 0 &&
      `${figures.refusedForChats} calls refused for what a chat had had already, instead of none`,
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
      ...(inGroups
        ? [
            {
              figure: 'answers 429 where chats and groups hold back',
              measured: String(figures.refusedForChats),
              reach: '0',
              isMet: figures.refusedForChats === 0,
            },
          ]
        : []),
    ],
    machine,
  };
}
