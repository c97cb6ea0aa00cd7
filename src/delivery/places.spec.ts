import { Places } from './places.js';

describe('Places', () => {
  it('gives as many as there are, then hands each on to who waited longest', async () => {
    const places = new Places(2);
    await expect(Promise.all([places.take(), places.take()])).resolves.toEqual([true, true]);
    const order: string[] = [];
    const waiting = ['first', 'second'].map(async (name) => {
      await places.take();
      order.push(name);
    });
    expect(places.waitingCount).toBe(2);
    places.giveBack();
    await waiting[0];
    expect(order).toEqual(['first']);
    places.giveBack();
    await waiting[1];
    expect(order).toEqual(['first', 'second']);
    places.giveBack();
    places.giveBack();
    await expect(places.take()).resolves.toBe(true);
  });

  it('gives none once it is closed, also to who waits', async () => {
    const places = new Places(1);
    await places.take();
    const waiting = places.take();
    places.close();
    await expect(waiting).resolves.toBe(false);
    places.giveBack();
    await expect(places.take()).resolves.toBe(false);
  });
});
