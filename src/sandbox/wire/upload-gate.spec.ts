import { UploadGate } from './upload-gate.js';

const STAYS = new AbortController().signal;

describe('UploadGate', () => {
  it('never has more inside than places, and lets all through in turn', async () => {
    const gate = new UploadGate<string>(2, 2);
    let inside = 0;
    let most = 0;
    const order: number[] = [];
    await Promise.all(
      [0, 1, 2, 3, 4].map(async (visit) => {
        await gate.enter('ana', STAYS);
        most = Math.max(most, ++inside);
        order.push(visit);
        await new Promise(setImmediate);
        inside--;
        gate.leave('ana');
      }),
    );
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('keeps places for others when one wants all of them', async () => {
    const gate = new UploadGate<string>(4, 2);
    const entered: string[] = [];
    const enter = (guest: string) => gate.enter(guest, STAYS).then(() => entered.push(guest));
    const visits = ['ana', 'ana', 'ana', 'ana', 'bia'].map(enter);
    await Promise.all([visits[0], visits[1], visits[4]]);
    expect(entered).toEqual(['ana', 'ana', 'bia']);
    gate.leave('bia');
    gate.leave('ana');
    gate.leave('ana');
    await Promise.all(visits);
    expect(entered).toEqual(['ana', 'ana', 'bia', 'ana', 'ana']);
  });

  it('keeps no place for who went away while waiting', async () => {
    const gate = new UploadGate<string>(1, 1);
    expect(await gate.enter('ana', STAYS)).toBe(true);
    const going = new AbortController();
    const gone = gate.enter('bia', going.signal);
    const waiting = gate.enter('carla', STAYS);
    going.abort();
    expect(await gone).toBe(false);
    gate.leave('ana');
    expect(await waiting).toBe(true);
    gate.leave('carla');
    expect(await gate.enter('dora', STAYS)).toBe(true);
    expect(await gate.enter('eva', AbortSignal.abort())).toBe(false);
  });
});
