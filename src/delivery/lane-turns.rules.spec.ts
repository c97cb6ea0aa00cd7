import { asTenantId } from '../platform/identity/index.js';
import { type LaneShare, LaneTurns, SLICE_MS } from './lane-turns.rules.js';

const tenantOf = (digit: number) => asTenantId(`00000000-0000-4000-8000-00000000000${digit}`);
const [A, B, C] = [tenantOf(1), tenantOf(2), tenantOf(3)];
const lane = (tenantId: LaneShare['tenantId'], weight = 1) => ({ tenantId, weight });
const lanes = (count: number, tenantId: LaneShare['tenantId'], weight = 1) =>
  Array.from({ length: count }, () => lane(tenantId, weight));

/** Whose turns come when all of them wait all the time, and each uses what the function says of its slice. */
function serve(
  turns: LaneTurns,
  heads: readonly LaneShare[],
  count: number,
  usedMs = (_: LaneShare) => SLICE_MS,
) {
  return Array.from({ length: count }, () => {
    const next = turns.findNext(heads)!;
    turns.begin(next);
    turns.end(next, usedMs(next));
    return next.tenantId;
  });
}
const countOf = (served: readonly LaneShare['tenantId'][], tenantId: LaneShare['tenantId']) =>
  served.filter((id) => id === tenantId).length;

describe('who is next', () => {
  it('is each tenant in turn, and nobody where nobody waits', () => {
    expect(serve(new LaneTurns(), [lane(A), lane(B), lane(C)], 6)).toEqual([A, B, C, A, B, C]);
    expect(new LaneTurns().findNext([])).toBeUndefined();
  });

  it.each([
    [1, 3],
    [2, 5],
    [1, 100],
  ])('goes by weight: of %d and %d', (ofA, ofB) => {
    const rounds = 10;
    const served = serve(new LaneTurns(), [lane(A, ofA), lane(B, ofB)], (ofA + ofB) * rounds);
    expect(Math.abs(countOf(served, A) - ofA * rounds)).toBeLessThanOrEqual(1);
  });

  it('is who uses little of its slices as often as that makes up for it', () => {
    const served = serve(new LaneTurns(), [lane(A), lane(B)], 55, ({ tenantId }) =>
      tenantId === A ? SLICE_MS / 10 : SLICE_MS,
    );
    expect(countOf(served, A)).toBeGreaterThanOrEqual(49);
  });

  it('is who comes anew, before those who had turns already', () => {
    const turns = new LaneTurns();
    serve(turns, [lane(A)], 1_000);
    expect(serve(turns, [lane(A), lane(B)], 4)).toEqual([B, A, B, A]);
  });

  it('is nobody all the time because they wanted nothing before', () => {
    const turns = new LaneTurns();
    serve(turns, [lane(A), lane(B)], 10);
    serve(turns, [lane(A)], 1_000);
    turns.forgetSettled();
    const served = serve(turns, [lane(A), lane(B)], 10);
    expect(countOf(served, A)).toBe(5);
  });

  it('remembers a debt of who is away for a moment', () => {
    const turns = new LaneTurns();
    serve(turns, [lane(A, 3), lane(B)], 2);
    turns.forgetSettled();
    // B paid a whole second, A a third of one.
    expect(serve(turns, [lane(B), lane(A, 3)], 3)).toEqual([A, A, B]);
  });
});

describe('who gives way', () => {
  it('is nobody while nobody waits, or what is being given back is enough', () => {
    expect(new LaneTurns().findLeaving(lanes(5, A), [], 0)).toEqual([]);
    expect(new LaneTurns().findLeaving(lanes(5, A), lanes(2, B), 2)).toEqual([]);
  });

  it('are as many as wait, the last ones named first', () => {
    const had = lanes(5, A);
    expect(new LaneTurns().findLeaving(had, lanes(2, A), 0)).toEqual(had.slice(3));
    expect(new LaneTurns().findLeaving(had, lanes(50, A), 0)).toEqual(had);
    expect(new LaneTurns().findLeaving(had, lanes(4, A), 1)).toEqual(had.slice(2));
  });

  it('is not who has less than its share, however many of another tenant’s wait', () => {
    const [many, few] = [lanes(8, A), lanes(2, B)];
    const turns = new LaneTurns();
    for (const share of [...few, ...many]) turns.begin(share);
    expect(turns.findLeaving([...many, ...few], lanes(500, A), 0)).toEqual(many);
  });

  it('is who has more than its share by weight', () => {
    const turns = new LaneTurns();
    const [ofA, ofB] = [lanes(6, A), lanes(6, B, 3)];
    // 12 places, 3 for A and 9 for B: what each has beyond or below that.
    expect(
      turns.findLeaving([...ofA, ...ofB], lanes(100, B, 3), 0).filter(({ tenantId }) => tenantId === A),
    ).toHaveLength(3);
  });

  it('leaves two single lanes in one place turns by their weights', () => {
    const turns = new LaneTurns();
    let [driven, waiting] = [lane(A), lane(B, 3)];
    turns.begin(driven);
    const drivenIn: LaneShare['tenantId'][] = [];
    for (let slice = 0; slice < 400; slice += 1) {
      drivenIn.push(driven.tenantId);
      if (turns.findLeaving([driven], [waiting], 0).length === 0) turns.goOn(driven);
      else {
        turns.end(driven, SLICE_MS);
        [driven, waiting] = [waiting, driven];
        turns.begin(driven);
      }
    }
    expect(countOf(drivenIn, A)).toBeGreaterThanOrEqual(95);
    expect(countOf(drivenIn, A)).toBeLessThanOrEqual(105);
  });
});
