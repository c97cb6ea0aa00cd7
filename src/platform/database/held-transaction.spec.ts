import { beforeCommit, endWork, holdTransaction } from './held-transaction.js';

describe('a transaction', () => {
  const tenants = <Result>(work: () => Promise<Result>) => holdTransaction("a tenant's", work);
  const dispatchers = <Result>(work: () => Promise<Result>) => holdTransaction("the dispatcher's", work);
  const done = () => Promise.resolve('done');

  it('is refused inside one of the other side, also behind an await', async () => {
    await expect(tenants(() => dispatchers(done))).rejects.toThrow(/a tenant's must not wait/);
    await expect(
      dispatchers(async () => {
        await done();
        return tenants(done);
      }),
    ).rejects.toThrow(/the dispatcher's must not wait/);
  });

  it('may follow one of the other side, go on beside it, and be inside one of its own', async () => {
    await tenants(done);
    expect(await dispatchers(done)).toBe('done');
    expect(await Promise.all([tenants(done), dispatchers(done)])).toEqual(['done', 'done']);
    expect(await dispatchers(() => dispatchers(done))).toBe('done');
  });

  it('leaves what was begun inside free once it is over, also when it failed', async () => {
    let beginLater: () => void = () => undefined;
    const isOver = new Promise<void>((resolve) => (beginLater = resolve));
    let later: Promise<string> | undefined;
    await expect(
      tenants(() => {
        later = isOver.then(() => dispatchers(done));
        return Promise.reject(new Error('refused'));
      }),
    ).rejects.toThrow('refused');
    beginLater();
    expect(await later).toBe('done');
  });

  it('does last what others wait for, in its order, and at once where there is none', async () => {
    const did: string[] = [];
    const note = (what: string) => {
      did.push(what);
      return Promise.resolve();
    };
    await tenants(async () => {
      await beforeCommit(() => note('first of the last'));
      await beforeCommit(() => note('second of the last'));
      await note('work');
      await endWork();
      await note('commit');
    });
    expect(did.splice(0)).toEqual(['work', 'first of the last', 'second of the last', 'commit']);
    await beforeCommit(() => note('at once'));
    expect(did).toEqual(['at once']);
  });
});
