import { faultOf } from './delivery.rules.js';
import { FaultRows } from './fault-rows.js';

describe('FaultRows', () => {
  it('counts the same fault of a delivery in a row, and begins anew with another', () => {
    const rows = new FaultRows();
    expect(['a', 'a', 'b', 'a'].map((fault) => rows.note('1', fault))).toEqual([1, 2, 1, 1]);
    expect(rows.note('2', 'a')).toBe(1);
    rows.end('1');
    expect(rows.note('1', 'a')).toBe(1);
  });

  it('takes rests and outages for no fault of what comes after them', () => {
    const rows = new FaultRows();
    const migrated = { kind: 'migrated', migrateToChatId: -1 } as const;
    for (let n = 0; n < 20; n++) rows.note('1', faultOf({ kind: 'notSent', cause: 'refused' }));
    expect(rows.note('1', faultOf({ kind: 'rateLimited', retryAfterSeconds: 1 }))).toBe(1);
    expect(rows.note('1', faultOf(migrated))).toBe(1);
    expect(rows.note('1', faultOf(migrated))).toBe(2);
  });

  it("forgets the oldest, so that it can't grow without end", () => {
    const rows = new FaultRows();
    for (let n = 0; n <= 20_000; n++) rows.note(String(n), 'a');
    expect(rows.note('0', 'a')).toBe(1);
    expect(rows.note('20000', 'a')).toBe(2);
  });
});
