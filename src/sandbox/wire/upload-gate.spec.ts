import { UploadGate } from './upload-gate.js';

describe('UploadGate', () => {
  it('never has more inside than places, and lets all through in turn', async () => {
    const gate = new UploadGate(2);
    let inside = 0;
    let most = 0;
    const order: number[] = [];
    await Promise.all(
      [0, 1, 2, 3, 4].map(async (guest) => {
        await gate.enter();
        most = Math.max(most, ++inside);
        order.push(guest);
        await new Promise(setImmediate);
        inside--;
        gate.leave();
      }),
    );
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });
});
