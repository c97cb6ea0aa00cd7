import { type Sharer, SharedRoom } from './shared-room.js';

class Shelf implements Sharer {
  held = 0;

  constructor(private readonly room: SharedRoom) {}

  put(amount: number): void {
    this.held += amount;
    this.room.take(this, amount);
  }

  giveWay(): void {
    if (this.held === 0) return;
    this.held -= 1;
    this.room.release(1);
  }
}

describe('SharedRoom', () => {
  it('lets whoever holds the most give way', () => {
    const room = new SharedRoom(10);
    const [greedy, modest] = [new Shelf(room), new Shelf(room)];
    modest.put(3);
    for (let n = 0; n < 100; n++) greedy.put(1);
    expect([greedy.held, modest.held]).toEqual([7, 3]);
  });

  it('shares evenly among those who all want more', () => {
    const room = new SharedRoom(10);
    const [first, second] = [new Shelf(room), new Shelf(room)];
    for (let n = 0; n < 100; n++) first.put(1);
    for (let n = 0; n < 100; n++) second.put(1);
    expect([first.held, second.held]).toEqual([5, 5]);
  });

  it('has the room again of who left', () => {
    const room = new SharedRoom(10);
    const [first, second] = [new Shelf(room), new Shelf(room)];
    first.put(10);
    room.leave(first);
    second.put(10);
    expect(second.held).toBe(10);
  });
});
