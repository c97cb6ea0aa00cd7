import { UploadGate } from './upload-gate.js';

const SMALL = 1024;
const LARGE = 20 * 1024 * 1024;

describe('UploadGate', () => {
  it('keeps places for small files while large ones fill theirs', () => {
    const gate = new UploadGate({ small: 1, large: 1 });
    gate.enter(LARGE);
    expect([gate.hasRoom(LARGE), gate.hasRoom(SMALL)]).toEqual([false, true]);
    gate.enter(SMALL);
    expect(gate.hasRoom(SMALL)).toBe(false);
    gate.leave(LARGE);
    expect([gate.hasRoom(LARGE), gate.hasRoom(SMALL)]).toEqual([true, false]);
  });

  it('calls who waits in the order in which they came, as long as there is room', () => {
    const gate = new UploadGate({ small: 1, large: 1 });
    const called: string[] = [];
    const waiter = (name: string, isTaken: boolean) => () => {
      called.push(name);
      if (isTaken) gate.enter(LARGE);
    };
    gate.enter(LARGE);
    const one = waiter('one, which has nothing left to upload', false);
    gate.callWhenFree(LARGE, one);
    gate.callWhenFree(LARGE, waiter('two', true));
    gate.callWhenFree(LARGE, waiter('three', true));
    gate.callWhenFree(LARGE, one);
    gate.leave(LARGE);
    expect(called).toEqual(['one, which has nothing left to upload', 'two']);
    gate.leave(LARGE);
    expect(called.at(-1)).toBe('three');
    gate.leave(LARGE);
    expect(called).toHaveLength(3);
  });

  it('lets a waiter wait again from within its call', () => {
    const gate = new UploadGate({ small: 1, large: 1 });
    let calls = 0;
    const again = () => {
      calls += 1;
      gate.callWhenFree(SMALL, again);
    };
    gate.enter(SMALL);
    gate.callWhenFree(SMALL, again);
    gate.leave(SMALL);
    expect(calls).toBe(1);
    gate.enter(SMALL);
    gate.leave(SMALL);
    expect(calls).toBe(2);
  });

  it('lets pieces of all uploads through at one pace, and a small file without waiting', async () => {
    const gate = new UploadGate(undefined, 1024 * 1024);
    const upload = async (pieces: number) => {
      for (let n = 0; n < pieces; n += 1) await gate.letThrough(32 * 1024);
    };
    const startedMs = performance.now();
    await gate.letThrough(SMALL);
    expect(performance.now() - startedMs).toBeLessThan(20);
    await Promise.all([upload(4), upload(4)]);
    // The last of eight pieces has waited for seven, less a timer's rounding of each.
    const seven = (7 * 1_000) / 32;
    expect(performance.now() - startedMs).toBeGreaterThan(seven - 10);
  });
});
