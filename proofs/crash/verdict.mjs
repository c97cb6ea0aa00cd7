// Holds the figures against what is promised.
import { formatCount, printTable } from '../../bench/table.mjs';
import { groupBy } from './grouping.mjs';

/** The pace of one bot, and how long Telegram takes: with them, how much can be under way. */
export const PER_SECOND = 30;
export const ANSWER_MS = { least: 60, most: 140 };
/** However long a busy machine takes to settle, no more than so many of a bot may stay unknown. */
const MOST_UNKNOWN = 5;
/** In one moment the pace lets a bot have a whole second's messages under way; on average it has far fewer. */
const MOST_UNKNOWN_OF_ONE_BOT = PER_SECOND;
const GOES_ON_WITHIN_MS = 10_000;
const BACKENDS = ['PostgreSQL', 'Redis'];

/** What one bot has under way when its worker dies, from the intents to the commits of the answers as they were measured. */
export const unknownAtMost = (underWayMs) =>
  Math.min(MOST_UNKNOWN, Math.ceil((PER_SECOND * underWayMs) / 1_000));

/** Where the time went: until nobody else may drive the bot, until somebody does, until it sends. */
const describePause = ({ what, botNo, leaseMs, takenMs, pauseMs }) =>
  `${pauseMs} ms of bot ${botNo} after ${what} (its lease was over after ${leaseMs} ms, somebody took it after ${takenMs} ms)`;

const SERVICES = { planning: 'the next plan', answering: 'the next answer of the API' };

/** What was not caught: in the short form a point by nobody, in the full one by a kill, a stop or the loss of the queue. */
function findUncaught({ met, metMethods, servicePauses }, isQuick) {
  const points = [...met].flatMap(([name, times]) => {
    if (isQuick) return times.kill + times.stop === 0 ? [`nobody was caught ${name}`] : [];
    return Object.entries(CAUGHT_BY).flatMap(([kind, words]) =>
      times[kind] === 0 ? [`${words} was never ${name}`] : [],
    );
  });
  if (isQuick) return points;
  return [
    ...points,
    ...[...metMethods].flatMap(([method, times]) =>
      times === 0 ? [`no ${method} was caught on its way`] : [],
    ),
    ...Object.entries(SERVICES).flatMap(([service, what]) =>
      servicePauses.some((pause) => pause.service === service)
        ? []
        : [`${what} after a kill was never timed`],
    ),
  ];
}

const CAUGHT_BY = { kill: 'a kill', stop: 'a stop', flush: 'the loss of the queue' };

/** Prints the tables for people. @returns the last line for programs */
export function judge(figures, form, machine, isQuick) {
  const { kill, stop, restart } = figures.unknownOf;
  // A restart finds every bot in the middle of something.
  const restarted = { ...restart, bots: figures.restarts * form.bots };
  const perBot = ({ unknown, bots }) => (unknown === 0 ? 0 : Math.round((unknown / bots) * 100) / 100);
  const longest = (kind) =>
    Math.max(0, ...figures.pauses.filter((pause) => pause.kind === kind).map(({ pauseMs }) => pauseMs));
  const longestOfHit = groupBy(figures.pauses, ({ what }) => what);
  const longestPauses = [...longestOfHit.values()]
    .map((pauses) => pauses.reduce((longest, one) => (one.pauseMs > longest.pauseMs ? one : longest)))
    .sort((one, other) => other.pauseMs - one.pauseMs)
    .slice(0, 3);
  const longestOf = (pauses, service) =>
    Math.max(0, ...pauses.filter((pause) => pause.service === service).map(({ pauseMs }) => pauseMs));
  const unknownPerBot = unknownAtMost(figures.underWayMs);
  const measured = {
    lost: figures.lost,
    duplicated: figures.duplicated,
    deniedArrivals: figures.deniedArrivals,
    broadcastsTooMany: figures.broadcastsTooMany,
    failed: figures.failed,
    endedBadly: figures.endedBadly.length,
    unknownPerKillPerBot: perBot(kill),
    unknownPerStopPerBot: perBot(stop),
    unknownPerRestartPerBot: perBot(restarted),
    mostUnknownOfOneBot: Math.max(kill.most, stop.most, restart.most),
    longestPauseMs: Math.max(longest('kill'), longest('stop')),
    longestPlanPauseMs: longestOf(figures.servicePauses, 'planning'),
    longestAnswerPauseMs: longestOf(figures.servicePauses, 'answering'),
  };
  const promised = {
    ...{
      lost: 0,
      duplicated: 0,
      deniedArrivals: 0,
      broadcastsTooMany: 0,
      failed: 0,
      endedBadly: 0,
    },
    unknownPerKillPerBot: unknownPerBot,
    unknownPerStopPerBot: unknownPerBot,
    unknownPerRestartPerBot: unknownPerBot,
    mostUnknownOfOneBot: MOST_UNKNOWN_OF_ONE_BOT,
    longestPauseMs: GOES_ON_WITHIN_MS,
    longestPlanPauseMs: GOES_ON_WITHIN_MS,
    longestAnswerPauseMs: GOES_ON_WITHIN_MS,
  };
  console.log('');
  printTable(
    ['', 'count', 'bots under way', 'unknown', 'per bot', 'most', 'longest pause, ms'],
    [
      ['SIGKILL', figures.kills, kill.bots, kill.unknown, perBot(kill), kill.most, longest('kill')],
      ['SIGSTOP', figures.stops, stop.bots, stop.unknown, perBot(stop), stop.most, longest('stop')],
      [
        'restart',
        figures.restarts,
        restarted.bots,
        restart.unknown,
        perBot(restarted),
        restart.most,
        undefined,
      ],
    ],
  );
  console.log('');
  printTable(
    ['caught', 'SIGKILL', 'SIGSTOP', 'queue emptied'],
    [...figures.met].map(([name, { kill, stop, flush }]) => [name, kill, stop, flush]),
  );
  console.log(
    `Of those at Telegram: ${[...figures.metMethods].map(([method, times]) => `${times} × ${method}`).join(', ')}.`,
  );
  console.log('');
  printTable(
    ['after a kill, until', 'times', 'longest, ms'],
    Object.entries(SERVICES).map(([service, what]) => [
      what,
      figures.servicePauses.filter((pause) => pause.service === service).length,
      longestOf(figures.servicePauses, service),
    ]),
  );
  console.log('');
  printTable(
    ['', 'count', 'messages', 'sent', 'unknown', 'lost', 'double', 'twice by choice'],
    [...figures.byKind].map(([kind, own]) => [
      kind,
      kind === 'answers' ? '' : own.count,
      formatCount(own.accepted),
      formatCount(own.sent),
      own.unknown,
      own.lost,
      own.duplicated,
      own.chosenTwice,
    ]),
  );
  console.log('');
  console.log(
    `${figures.broadcasts} broadcasts, ${formatCount(figures.accepted)} messages: ${formatCount(figures.sent)} sent, ` +
      `${figures.unknown} unknown, ${figures.lost} lost, ${figures.duplicated} double.`,
  );
  console.log(
    `unknown at most: ⌈${PER_SECOND}/s × ${figures.underWayMs} ms from intent to settled, for nine of ten⌉, and ` +
      `${MOST_UNKNOWN} at most: ${unknownPerBot} for each bot that the process had something of under way`,
  );
  for (const pause of longestPauses) console.log(`Among the longest pauses: ${describePause(pause)}`);
  const missing = BACKENDS.filter((name) => !figures.backends.includes(name));
  if (isQuick && missing.length > 0) {
    console.log(
      `NOT SHOWN: nothing of the queue in ${missing.join(' and ')}, since there is no redis-server on the path. ` +
        'The full form is not met without it.',
    );
  }
  const failures = [
    ...Object.keys(promised)
      .filter((name) => !(measured[name] <= promised[name]))
      .map((name) => `${name} is ${measured[name]} instead of ${promised[name]} at most`),
    ...figures.pauses
      .filter(({ pauseMs }) => pauseMs > GOES_ON_WITHIN_MS)
      .map((pause) => `a bot stood still: ${describePause(pause)}`),
    ...figures.servicePauses
      .filter(({ pauseMs }) => pauseMs > GOES_ON_WITHIN_MS)
      .map(({ service, what, pauseMs }) => `${pauseMs} ms until ${SERVICES[service]} after ${what}`),
    ...findUncaught(figures, isQuick),
    ...(isQuick ? [] : missing.map((name) => `the queue in ${name} was not tried`)),
    ...figures.endedBadly.map((words) => `a process ended badly: ${words}`),
  ];
  for (const failure of failures) console.log(`NOT MET: ${failure}`);
  return {
    proof: 'crash',
    isMet: failures.length === 0,
    isQuick,
    kills: figures.kills,
    stops: figures.stops,
    backends: figures.backends,
    bots: form.bots,
    messages: figures.accepted,
    unknown: figures.unknown,
    chosenTwice: figures.chosenTwice,
    kinds: Object.fromEntries([...figures.byKind].map(([kind, { accepted }]) => [kind, accepted])),
    underWayMs: figures.underWayMs,
    caught: Object.fromEntries(figures.metMethods),
    timed: {
      plans: figures.servicePauses.filter(({ service }) => service === 'planning').length,
      answers: figures.servicePauses.filter(({ service }) => service === 'answering').length,
    },
    ...measured,
    promised,
    machine,
  };
}
