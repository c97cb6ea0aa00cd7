import { Logger } from '@nestjs/common';
import { type Settlement } from './delivery.rules.js';
import { type IntentHolder, Journal } from './journal.js';
import { type Attempt, type JournalRepository, type SettledAttempt } from './journal.repository.js';

const SENT: Settlement = { state: 'sent', reason: null, messageId: 7, delayMs: 0 };
const attemptOn = (chatNo: number, attempt = 1): Attempt => ({
  plannedOn: '2026-01-01',
  class: 1,
  sourceNo: '1',
  chatNo: `${chatNo}`,
  owner: '1',
  epoch: '1',
  attempt,
});

/** A database that never takes an attempt beyond what its column holds, nor the number of a message beyond its own. */
class Rows {
  statements = 0;
  readonly written = new Map<string, string>();

  record(_: string, intents: readonly Attempt[], settlements: readonly SettledAttempt[]): Promise<boolean[]> {
    this.statements += 1;
    const isRefused =
      intents.some(({ attempt }) => attempt > 32_767) ||
      settlements.some(({ settlement }) => (settlement.messageId ?? 0) > 1e15);
    if (isRefused) return Promise.reject(Object.assign(new Error('out of range'), { code: '22003' }));
    for (const { chatNo } of intents) this.written.set(chatNo, 'sending');
    for (const { attempt, settlement } of settlements) this.written.set(attempt.chatNo, settlement.state);
    return Promise.resolve(intents.map(() => true));
  }
}

const NOBODY_COUNTS = { noteSettled: () => undefined, noteSkipped: () => undefined };

class Holder implements IntentHolder {
  readonly decided = new Map<string, boolean>();
  readonly settled: string[] = [];

  onIntentDecided({ chatNo }: Attempt, mayLeave: boolean): void {
    this.decided.set(chatNo, mayLeave);
  }
  onSettled({ attempt }: SettledAttempt): void {
    this.settled.push(attempt.chatNo);
  }
}

describe('a row that PostgreSQL will never take', () => {
  let rows: Rows;
  let journal: Journal;
  let holder: Holder;
  let errors: jest.SpyInstance;
  beforeEach(() => {
    errors = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    rows = new Rows();
    journal = new Journal(rows as unknown as JournalRepository, NOBODY_COUNTS);
    holder = new Holder();
  });
  afterEach(() => jest.restoreAllMocks());

  const until = async (isTrue: () => boolean) => {
    while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1));
  };

  it('keeps back itself alone, and nothing else of its statement', async () => {
    for (let chatNo = 0; chatNo < 300; chatNo += 1)
      journal.intend(attemptOn(chatNo, chatNo === 123 ? 40_000 : 1), holder);
    for (let chatNo = 300; chatNo < 600; chatNo += 1)
      journal.settle({ attempt: attemptOn(chatNo), settlement: SENT }, holder);
    await until(() => holder.decided.size === 300);
    expect([...holder.decided].filter(([, mayLeave]) => !mayLeave)).toEqual([['123', false]]);
    expect(holder.settled).toHaveLength(300);
    expect(rows.written.size).toBe(599);
    expect(rows.statements).toBeLessThan(30);
    expect(errors).toHaveBeenCalledTimes(1);
    expect(errors.mock.calls[0]).toEqual([expect.any(Error), expect.stringContaining('1:1:123')]);
  });

  it('is noted as unknown where only its answer can not be written', async () => {
    const settlement = { ...SENT, messageId: 2e15 };
    journal.settle({ attempt: attemptOn(1), settlement }, holder);
    journal.settle({ attempt: attemptOn(2), settlement: SENT }, holder);
    await until(() => holder.settled.length === 2);
    expect(Object.fromEntries(rows.written)).toEqual({ 1: 'unknown', 2: 'sent' });
  });
});
