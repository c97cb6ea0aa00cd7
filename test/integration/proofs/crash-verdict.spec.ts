import { judge, unknownAtMost } from '../../../proofs/crash/verdict.mjs';

const FORM = { kills: 200, stops: 200, bots: 50, peoplePerBot: 400 };
const MOMENT = 'before a call reaches Telegram';
const nobody = { bots: 100, unknown: 0, most: 0 };

/** A run in which everything went well. */
const well = () => ({
  kills: 200,
  stops: 200,
  restarts: 1,
  accepted: 1_000,
  sent: 1_000,
  unknown: 0,
  lost: 0,
  duplicated: 0,
  chosenTwice: 0,
  deniedArrivals: 0,
  failed: 0,
  broadcasts: 1,
  broadcastsTooMany: 0,
  byKind: new Map(),
  endedBadly: [],
  pauses: [],
  servicePauses: [
    { service: 'planning', what: 'kill 1', pauseMs: 100 },
    { service: 'answering', what: 'kill 2', pauseMs: 3_000 },
  ],
  unknownOf: { kill: { ...nobody }, stop: { ...nobody }, restart: { ...nobody } },
  underWayMs: 150,
  met: new Map([[MOMENT, { kill: 1, stop: 1, flush: 1 }]]),
  metMethods: new Map([['sendPhoto', 1]]),
  backends: ['PostgreSQL', 'Redis'],
});

describe('the verdict of the proof crash', () => {
  let printed: string;
  beforeEach(() => {
    printed = '';
    jest.spyOn(console, 'log').mockImplementation((line) => void (printed += `${String(line)}\n`));
  });
  afterEach(() => jest.restoreAllMocks());

  const isMet = (figures: object, isQuick = false) =>
    (judge({ ...well(), ...figures }, FORM, {}, isQuick) as { isMet: boolean }).isMet;

  it('is met where all went well', () => {
    expect([isMet({}), isMet({}, true)]).toEqual([true, true]);
  });

  it('is not met by one backend of the queue alone; the short form says aloud what it did not show', () => {
    const figures = { backends: ['PostgreSQL'] };
    expect(isMet(figures)).toBe(false);
    expect(printed).toContain('NOT MET: the queue in Redis was not tried');
    expect(isMet(figures, true)).toBe(true);
    expect(printed).toContain('NOT SHOWN: nothing of the queue in Redis');
  });

  it.each(['kill', 'stop', 'flush'])(
    'asks for a %s at each moment, in the short form for anybody',
    (kind) => {
      const met = new Map([[MOMENT, { kill: 1, stop: 1, flush: 1, [kind]: 0 }]]);
      expect([isMet({ met }), isMet({ met }, true)]).toEqual([false, true]);
      expect(isMet({ met: new Map([[MOMENT, { kill: 0, stop: 0, flush: 1 }]]) }, true)).toBe(false);
    },
  );

  it.each([
    ['a method that was never caught', { metMethods: new Map([['sendPhoto', 0]]) }],
    ['plans and answers that were never timed', { servicePauses: [] }],
  ])('is not met by %s', (_what, figures) => {
    expect([isMet(figures), isMet(figures, true)]).toEqual([false, true]);
  });

  it.each(['planning', 'answering'])('judges how long %s took to go on', (service) => {
    const servicePauses = [...well().servicePauses, { service, what: 'kill 3', pauseMs: 10_001 }];
    expect([isMet({ servicePauses }), isMet({ servicePauses }, true)]).toEqual([false, false]);
  });

  it('lets no more be unknown than can be under way as it was measured, and five at most', () => {
    expect([50, 100, 150, 1_000].map(unknownAtMost)).toEqual([2, 3, 5, 5]);
    const unknownOf = { ...well().unknownOf, kill: { bots: 100, unknown: 301, most: 5 } };
    expect([isMet({ unknownOf }), isMet({ unknownOf, underWayMs: 100 })]).toEqual([true, false]);
    const most = { ...well().unknownOf, stop: { bots: 100, unknown: 31, most: 31 } };
    expect(isMet({ unknownOf: most })).toBe(false);
  });
});
