import { array, assert, constantFrom, integer, nat, oneof, property, tuple } from 'fast-check';
import { Cron } from 'croner';
import { findCronProblem, patternOfCron } from './cron.rules.js';

/** A field of numbers below a bound, in all the ways in which people write one. */
const fieldBelow = (count: number) => {
  const number = integer({ min: 0, max: count - 1 });
  const range = tuple(number, number).map(
    ([one, other]) => `${Math.min(one, other)}-${Math.max(one, other)}`,
  );
  const step = integer({ min: 1, max: count - 1 });
  const part = oneof(
    number.map(String),
    range,
    tuple(oneof(constantFrom('*'), range), step).map(([from, by]) => `${from}/${by}`),
  );
  return oneof(
    constantFrom('*'),
    array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(',')),
  );
};
const days = constantFrom(
  '* * *',
  '* * MON-FRI',
  'L * *',
  '15W * *',
  '* * TUE#2',
  '* * FRI#L',
  '29 2 *',
  '1-7 6 +MON',
);

describe('patternOfCron', () => {
  it('agrees with croner where clocks run evenly', () => {
    assert(
      property(
        fieldBelow(60),
        fieldBelow(60),
        fieldBelow(24),
        days,
        nat(4 * 365 * 24 * 60),
        (second, minute, hour, rest, from) => {
          const line = `${second} ${minute} ${hour} ${rest}`;
          const cron = new Cron(line, { paused: true, timezone: 'UTC' });
          let ms = Date.UTC(2024, 0, 1) + from * 60_000;
          for (let n = 0; n < 3; n++) {
            const expected = cron.nextRun(new Date(ms))?.getTime() ?? null;
            expect([line, patternOfCron(line).nextWall(ms)]).toEqual([line, expected]);
            ms = expected ?? ms;
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds out quickly that a line is never due', () => {
    const startedMs = performance.now();
    for (const line of ['* * 30 2 *', '0 0 31 4,6,9,11 *', '0 0 1W 1 +SUN'])
      expect(patternOfCron(line).nextWall(Date.UTC(2026, 0, 1))).toBeNull();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});

describe('findCronProblem', () => {
  it.each(['0 9 * * MON-FRI', '*/10 * * * * *', '0 9 LW * *', '0 9 * * 5L', '0 0 1,15 JAN-JUN *'])(
    'has none with %s',
    (line) => expect(findCronProblem(line)).toBeUndefined(),
  );
  it.each([
    '',
    '60 * * * *',
    '5/70 * * * *',
    '* * * *',
    '* * * * * * *',
    '@daily',
    '? * * * *',
    '0 9 * * NODAY',
    '9-3 * * * *',
  ])('says what to write instead of "%s"', (line) =>
    expect(findCronProblem(line)).toMatch(/0 9 \* \* MON-FRI/),
  );
});
