import { Slots } from './slots.js';

describe('Slots', () => {
  it('lets no more happen at once than it has, in the order they came, also past failures', async () => {
    const slots = new Slots(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const runs = [0, 1, 2, 3].map((n) =>
      slots.run(async () => {
        begun.push(n);
        await new Promise<void>((resolve) => ends.push(resolve));
        if (n === 0) throw new Error('fails');
      }),
    );
    const settled = Promise.allSettled(runs);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await turn();
    expect(begun).toEqual([0, 1]);
    ends[0]?.();
    await turn();
    expect(begun).toEqual([0, 1, 2]);
    ends[1]?.();
    await turn();
    ends[2]?.();
    ends[3]?.();
    expect((await settled).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    await expect(slots.run(() => Promise.resolve('free again'))).resolves.toBe('free again');
  });

  it('gives as many as there are, then hands each on to who waited longest', async () => {
    const slots = new Slots(2);
    await expect(Promise.all([slots.take(), slots.take()])).resolves.toEqual([true, true]);
    const order: string[] = [];
    const waiting = ['first', 'second'].map(async (name) => {
      await slots.take();
      order.push(name);
    });
    expect(slots.waitingCount).toBe(2);
    slots.giveBack();
    await waiting[0];
    expect(order).toEqual(['first']);
    slots.giveBack();
    await waiting[1];
    expect(order).toEqual(['first', 'second']);
    slots.giveBack();
    slots.giveBack();
    await expect(slots.take()).resolves.toBe(true);
  });

  it('gives none once it is closed, also to who waits', async () => {
    const slots = new Slots(1);
    await slots.take();
    const waiting = slots.take();
    slots.close();
    await expect(waiting).resolves.toBe(false);
    slots.giveBack();
    await expect(slots.take()).resolves.toBe(false);
  });
});
