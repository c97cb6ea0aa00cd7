import { asTenantId } from '../identity/index.js';
import { waitUntil } from '../../../test/harness/wait.js';
import { TenantPlaces } from './tenant-places.js';

const [ana, bia] = [
  asTenantId('00000000-0000-7000-8000-00000000000a'),
  asTenantId('00000000-0000-7000-8000-00000000000b'),
];

/** Work that goes on until it is told to end. */
class Work {
  readonly begun: string[] = [];
  private readonly ends = new Map<string, (failure?: Error) => void>();

  begin(places: TenantPlaces, tenantId: typeof ana, name: string): Promise<void> {
    return places.hold(tenantId, () => {
      this.begun.push(name);
      return new Promise((resolve, reject) =>
        this.ends.set(name, (failure) => (failure ? reject(failure) : resolve())),
      );
    });
  }

  end(name: string, failure?: Error): void {
    this.ends.get(name)?.(failure);
  }
}

describe('the places of a tenant', () => {
  it('are so many, in the order of asking, and leave the others alone', async () => {
    const places = new TenantPlaces(2);
    const work = new Work();
    const all = ['a1', 'a2', 'a3', 'a4'].map((name) => work.begin(places, ana, name));
    all.push(work.begin(places, bia, 'b1'));
    await waitUntil(() => work.begun.length === 3);
    expect(work.begun).toEqual(['a1', 'a2', 'b1']);
    work.end('a2');
    await all[1];
    await waitUntil(() => work.begun.length === 4);
    expect(work.begun.at(-1)).toBe('a3');
    for (const name of ['a1', 'a3', 'b1']) work.end(name);
    await waitUntil(() => work.begun.length === 5);
    work.end('a4');
    await Promise.all(all);
  });

  it('are given back by work that fails, also by what throws at once', async () => {
    const places = new TenantPlaces(1);
    const work = new Work();
    const failing = work.begin(places, ana, 'fails');
    const next = work.begin(places, ana, 'next');
    await waitUntil(() => work.begun.length === 1);
    work.end('fails', new Error('no'));
    await expect(failing).rejects.toThrow('no');
    await waitUntil(() => work.begun.length === 2);
    work.end('next');
    await next;
    const thrown = places.hold(ana, () => {
      throw new Error('at once');
    });
    await expect(thrown).rejects.toThrow('at once');
    expect(await places.hold(ana, () => Promise.resolve(1))).toBe(1);
  });
});
