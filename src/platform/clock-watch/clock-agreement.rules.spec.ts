import {
  aheadMsOf,
  type ClockReading,
  doClocksAgree,
  LONGEST_READING_MS,
  setBackMsOf,
} from './clock-agreement.rules.js';

const NOON = Date.UTC(2026, 5, 1, 12);
const reading = (changes: Partial<ClockReading> = {}): ClockReading => ({
  databaseMs: NOON,
  answeredAtMs: NOON,
  answeredAtMonotonicMs: 1_000,
  tookMs: 0,
  ...changes,
});

describe('two clocks', () => {
  it('are held against each other in the middle between question and answer', () => {
    expect(aheadMsOf(reading({ tookMs: 400 }))).toBe(200);
    expect(aheadMsOf(reading({ databaseMs: NOON + 300_000 }))).toBe(300_000);
    expect(aheadMsOf(reading({ databaseMs: NOON - 300_000 }))).toBe(-300_000);
  });

  it('are not judged by an answer that took too long', () => {
    expect(aheadMsOf(reading({ tookMs: LONGEST_READING_MS + 1 }))).toBeUndefined();
  });

  it.each([
    [0, true],
    [60_000, true],
    [-60_000, true],
    [60_001, false],
    [-60_001, false],
    [90 * 86_400_000, false],
  ])('that are %d ms apart agree: %s', (aheadMs, doAgree) => {
    expect(doClocksAgree(aheadMs)).toBe(doAgree);
  });
});

describe('the clock of the database', () => {
  const later = (databaseMs: number, tookMs = 10) =>
    reading({ databaseMs, answeredAtMonotonicMs: 3_000, tookMs });

  it.each([
    ['goes on', NOON + 2_000, 0],
    ['is slewed', NOON + 1_500, 0],
    ['is set forward', NOON + 3_600_000, 0],
    ['is set back by two seconds', NOON, 2_000],
    ['is set back by months', NOON + 2_000 - 90 * 86_400_000, 90 * 86_400_000],
  ])('that %s', (_, databaseMs, setBackMs) => {
    expect(setBackMsOf(reading(), later(databaseMs))).toBe(setBackMs);
  });

  it('is not taken for set back where the answer took so long itself', () => {
    expect(setBackMsOf(reading(), later(NOON, 2_000))).toBe(0);
  });
});
