// Holds the figures against what is promised.
import { formatCount, printTable } from '../../bench/table.mjs';
import { groupBy } from './grouping.mjs';

/** The pace of one bot, and how long Telegram takes: with them, how much can be under way. */
export const PER_SECOND = 30;
export const ANSWER_MS = { least: 60, most: 140 };
/** From the answer to the commit that settles it, with what a busy machine adds. */
const SETTLE_MS = 60;
const MEAN_ANSWER_MS = (ANSWER_MS.least + ANSWER_MS.most) / 2;
/** What one bot has under way when its worker dies. */
const UNKNOWN_PER_KILL_PER_BOT = Math.min(5, Math.ceil((PER_SECOND * (MEAN_ANSWER_MS + SETTLE_MS)) / 1_000));
const GOES_ON_WITHIN_MS = 10_000;

/** Where the time went: until nobody else may drive the bot, until somebody does, until it sends. */
const describePause = ({ what, botNo, leaseMs, takenMs, pauseMs }) =>
  `${pauseMs} ms of bot ${botNo} after ${what} (its lease was over after ${leaseMs} ms, somebody took it after ${takenMs} ms)`;

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
  const unmet = [...figures.met].filter(([, { kill, stop }]) => kill + stop === 0).map(([name]) => name);
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
    longestPauseMs: Math.max(longest('kill'), longest('stop')),
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
    unknownPerKillPerBot: UNKNOWN_PER_KILL_PER_BOT,
    unknownPerStopPerBot: UNKNOWN_PER_KILL_PER_BOT,
    unknownPerRestartPerBot: UNKNOWN_PER_KILL_PER_BOT,
    longestPauseMs: GOES_ON_WITHIN_MS,
  };
  console.log('');
  printTable(
    ['', 'count', 'bots driven', 'unknown', 'per bot', 'most', 'longest pause, ms'],
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
    ['caught', 'SIGKILL', 'SIGSTOP'],
    [...figures.met].map(([name, { kill, stop }]) => [name, kill, stop]),
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
    `unknown at most: ⌈${PER_SECOND}/s × (${MEAN_ANSWER_MS} ms to answer + ${SETTLE_MS} ms to settle)⌉ = ` +
      `${UNKNOWN_PER_KILL_PER_BOT} for each bot of the process that was hit`,
  );
  console.log(`From intent to settled: ${figures.underWayMs} ms for nine of ten.`);
  for (const pause of longestPauses) console.log(`Among the longest pauses: ${describePause(pause)}`);
  const failures = [
    ...Object.keys(promised)
      .filter((name) => !(measured[name] <= promised[name]))
      .map((name) => `${name} is ${measured[name]} instead of ${promised[name]} at most`),
    ...figures.pauses
      .filter(({ pauseMs }) => pauseMs > GOES_ON_WITHIN_MS)
      .map((pause) => `a bot stood still: ${describePause(pause)}`),
    ...unmet.map((name) => `nobody was caught ${name}`),
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
    ...measured,
    promised,
    machine,
  };
}
