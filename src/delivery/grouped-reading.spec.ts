import { GroupedReading } from './grouped-reading.js';

describe('GroupedReading', () => {
  it('asks once for what is asked in the same turn, and each gets its own answer', async () => {
    const groups: (readonly string[])[] = [];
    const reading = new GroupedReading(async (keys) => {
      groups.push(keys);
      return Promise.resolve(new Map(keys.filter((key) => key !== 'none').map((key) => [key, `of ${key}`])));
    });
    await expect(Promise.all(['a', 'b', 'none', 'a'].map((key) => reading.ask(key)))).resolves.toEqual([
      'of a',
      'of b',
      undefined,
      'of a',
    ]);
    expect(groups).toEqual([['a', 'b', 'none']]);
  });

  it('gathers while a statement is under way, and bounds a group', async () => {
    const sizes: number[] = [];
    let release: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => (release = resolve));
    const reading = new GroupedReading(async (keys) => {
      sizes.push(keys.length);
      if (sizes.length === 1) await blocked;
      return new Map(keys.map((key) => [key, key]));
    });
    const first = reading.ask('first');
    await new Promise((resolve) => setImmediate(resolve));
    const others = Array.from({ length: 150 }, (_, n) => reading.ask(String(n)));
    release();
    await Promise.all([first, ...others]);
    expect(sizes).toEqual([1, 100, 50]);
  });

  it('fails those whose statement failed, and goes on with the others', async () => {
    let isBroken = true;
    const reading = new GroupedReading((keys) =>
      isBroken ? Promise.reject(new Error('away')) : Promise.resolve(new Map(keys.map((key) => [key, key]))),
    );
    await expect(reading.ask('a')).rejects.toThrow('away');
    isBroken = false;
    await expect(reading.ask('a')).resolves.toBe('a');
  });
});
