import { countBusiestWindow, summarizeLedger } from './ledger-summary.rules.js';
import { type Ledger, type LedgerEntry } from './ledger.js';
import { Ledgers } from './ledgers.js';

const options = { methodName: (method: number) => `method${method}`, textPrefixCharacters: 0 };

function entry(change: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    botId: 7,
    method: 3,
    chatId: 5,
    status: 200,
    hasEffect: true,
    isViolation: false,
    isSending: true,
    isWebhookReply: false,
    fault: -1,
    messageId: 9,
    content: 'Hello',
    arrivedAtUs: 0,
    arrivedAtEpochMs: 1000,
    ...change,
  };
}

function fill(entries: Partial<LedgerEntry>[]): Ledger {
  const ledger = new Ledgers({ capacityRows: 100_000, contentCharacters: 200 }).of('ours');
  for (const change of entries) ledger.record(entry(change));
  return ledger;
}

describe('Ledger', () => {
  it('gives back what was recorded', () => {
    const recorded = entry({ chatId: -1_002_000_000_001, isViolation: true, fault: 4, isWebhookReply: true });
    const [row] = fill([recorded]).read(0);
    expect(row).toEqual({
      ...recorded,
      sequence: 1,
      ordinal: 1,
      contentHash: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    });
  });

  it('reads on from a sequence', () => {
    const ledger = fill([{ messageId: 1 }, { messageId: 2 }, { messageId: 3 }]);
    expect([...ledger.read(1)].map(({ messageId }) => messageId)).toEqual([2, 3]);
  });

  it('drops the oldest rows beyond its bound and says so', () => {
    const ledger = new Ledgers({ capacityRows: 20_480, contentCharacters: 200 }).of('ours');
    for (let index = 0; index < 60_000; index++) ledger.record(entry());
    expect(ledger.lastSequence).toBe(60_000);
    expect(ledger.firstSequence).toBeGreaterThan(1);
    expect(ledger.lastSequence - ledger.firstSequence + 1).toBeGreaterThanOrEqual(19_456);
    expect([...ledger.read(0)][0]?.sequence).toBe(ledger.firstSequence);
  });

  it('keeps the start of a text and tells whole texts apart', () => {
    const ledger = new Ledgers({ capacityRows: 10, contentCharacters: 5 }).of('ours');
    ledger.record(entry({ content: 'Hello Ada' }));
    ledger.record(entry({ content: 'Hello Rui' }));
    const [first, second] = [...ledger.read(0)];
    expect(first?.content).toBe('Hello');
    expect(first?.contentHash).not.toBe(second?.contentHash);
  });
});

describe('Ledgers', () => {
  it('count each workspace for itself, and drop nothing of one for another that has more', () => {
    const ledgers = new Ledgers({ capacityRows: 10_240, contentCharacters: 200 });
    ledgers.of('ours').record(entry({ messageId: 1 }));
    for (let index = 0; index < 60_000; index++) ledgers.of('theirs').record(entry());
    ledgers.of('ours').record(entry({ messageId: 2 }));
    const { firstSequence, lastSequence } = ledgers.of('ours');
    expect([firstSequence, lastSequence]).toEqual([1, 2]);
    expect([...ledgers.of('ours').read(0)].map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(ledgers.of('theirs').firstSequence).toBeGreaterThan(1);
  });

  it('are read together in the order in which everything happened', () => {
    const ledgers = new Ledgers({ capacityRows: 10_240, contentCharacters: 200 });
    for (const [index, id] of ['a', 'b', 'a', 'c', 'b', 'a'].entries()) {
      ledgers.of(id).record(entry({ messageId: index + 1 }));
    }
    const told = (since: number) => [...ledgers.readAll(since)].map((row) => [row.sequence, row.messageId]);
    expect(told(0)).toEqual([1, 2, 3, 4, 5, 6].map((n) => [n, n]));
    expect(told(4)).toEqual([5, 6].map((n) => [n, n]));
    ledgers.forget('a');
    expect(told(0)).toEqual([2, 4, 5].map((n) => [n, n]));
  });
});

describe('countBusiestWindow', () => {
  it('counts half-open windows wherever they begin', () => {
    expect(countBusiestWindow([], 1000)).toBe(0);
    expect(countBusiestWindow([0, 999, 1000], 1000)).toBe(2);
    expect(countBusiestWindow([900, 0, 1100, 1899, 1901], 1000)).toBe(3);
  });

  it('agrees with counting every window by hand', () => {
    let state = 1;
    const arrivals = Array.from({ length: 400 }, () => (state = (state * 48_271) % 2_147_483_647) % 10_000);
    const byHand = Math.max(
      ...arrivals.map((start) => arrivals.filter((at) => at >= start && at < start + 700).length),
    );
    expect(countBusiestWindow(arrivals, 700)).toBe(byHand);
  });
});

describe('summarizeLedger', () => {
  it('counts methods, statuses, effects and violations', () => {
    const rows = fill([
      {},
      { status: 429, hasEffect: false, isViolation: true, content: 'b' },
      { fault: 2, content: 'c' },
    ]);
    expect(summarizeLedger(rows.read(0), options)).toMatchObject({
      requests: 3,
      effects: 2,
      violations: 1,
      faults: 1,
      counts: { method3: { 200: 2, 429: 1 } },
    });
  });

  it('proves duplicates: same bot, chat and content, delivered twice', () => {
    const rows = fill([
      {},
      {},
      {},
      { chatId: 6 },
      { botId: 8 },
      { hasEffect: false },
      { content: 'Other' },
      { isSending: false, content: 'Edited' },
      { isSending: false, content: 'Edited' },
    ]);
    expect(summarizeLedger(rows.read(0), options).duplicates).toEqual({
      surplus: 2,
      examples: [{ botId: 7, chatId: 5, content: 'Hello', times: 3 }],
    });
  });

  it('finds the busiest second per bot and minute per group among calls that send', () => {
    const rows = fill([
      ...[0, 400_000, 999_999, 1_000_000].map((arrivedAtUs) => ({ arrivedAtUs, chatId: -5 })),
      { arrivedAtUs: 1, isSending: false },
      { arrivedAtUs: 59_999_999, chatId: -5 },
      { arrivedAtUs: 60_000_000, chatId: -5 },
    ]);
    const summary = summarizeLedger(rows.read(0), options);
    expect(summary.busiestSecondPerBot).toEqual([{ botId: 7, calls: 3 }]);
    expect(summary.busiestMinutePerGroup).toEqual([{ botId: 7, chatId: -5, calls: 5 }]);
  });

  it('groups texts by their beginning with first and last arrival', () => {
    const rows = fill([
      { content: 'A-1', arrivedAtEpochMs: 20 },
      { content: 'A-2', arrivedAtEpochMs: 10, hasEffect: false },
      { content: 'B-1', arrivedAtEpochMs: 30 },
    ]);
    expect(summarizeLedger(rows.read(0), { ...options, textPrefixCharacters: 1 }).textGroups).toEqual([
      { prefix: 'A', requests: 2, effects: 1, firstArrivalEpochMs: 10, lastArrivalEpochMs: 20 },
      { prefix: 'B', requests: 1, effects: 1, firstArrivalEpochMs: 30, lastArrivalEpochMs: 30 },
    ]);
  });

  it('says nothing of times when there is nothing', () => {
    expect(summarizeLedger([], options)).toMatchObject({ requests: 0, firstArrivalEpochMs: null });
  });
});
