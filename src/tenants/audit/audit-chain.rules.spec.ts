import {
  canonicalText,
  CHAIN_START,
  type ChainedEntry,
  findLostEnd,
  followChain,
  hashOf,
} from './audit-chain.rules.js';

const entry = (number: number, given: Partial<ChainedEntry> = {}): ChainedEntry => ({
  number,
  at: '2030-01-01T00:00:00.000Z',
  actorKind: 'member',
  actorId: '0199c3f0-5d8a-7c11-8a3e-2f1f6f0b1c22',
  action: 'bot.paused',
  subjectKind: 'bot',
  subjectId: '0199c3f0-5d8a-7c11-8a3e-2f1f6f0b1c23',
  details: {},
  ...given,
});

function chainOf(entries: readonly ChainedEntry[]) {
  let { hash } = CHAIN_START;
  return entries.map((one) => {
    hash = hashOf(hash, one);
    return { ...one, hash };
  });
}

describe('canonicalText', () => {
  it('is the same in whatever order the details come', () => {
    const one = canonicalText(entry(1, { details: { b: 1, a: 'x' } }));
    expect(one).toBe(canonicalText(entry(1, { details: { a: 'x', b: 1 } })));
    expect(one).toContain('{"a":"x","b":1}');
  });

  it('keeps fields apart that read the same when joined', () => {
    expect(canonicalText(entry(1, { action: 'a.b', subjectKind: 'c' }))).not.toBe(
      canonicalText(entry(1, { action: 'a', subjectKind: 'b.c' })),
    );
  });
});

describe('followChain', () => {
  const chain = chainOf([entry(1), entry(2, { details: { reason: 'x' } }), entry(3), entry(4)]);

  it('comes to the end of a whole chain, also in parts', () => {
    const middle = followChain(CHAIN_START, chain.slice(0, 2));
    expect(middle).toEqual({ number: 2, hash: chain[1]?.hash });
    if ('problem' in middle) throw new Error('It does not break.');
    expect(followChain(middle, chain.slice(2))).toEqual({ number: 4, hash: chain[3]?.hash });
  });

  it.each<[string, Partial<ChainedEntry>]>([
    ['time', { at: '2030-01-01T00:00:00.001Z' }],
    ['kind of actor', { actorKind: 'operator' }],
    ['actor', { actorId: null }],
    ['act', { action: 'bot.resumed' }],
    ['kind of subject', { subjectKind: null }],
    ['subject', { subjectId: null }],
    ['details', { details: { reason: 'y' } }],
  ])('notices another %s', (_, change) => {
    const changed = chain.map((one) => (one.number === 2 ? { ...one, ...change } : one));
    expect(followChain(CHAIN_START, changed)).toEqual({ number: 2, problem: 'changed' });
  });

  it('notices an entry that is gone, put in, or swapped', () => {
    expect(followChain(CHAIN_START, [chain[0]!, ...chain.slice(2)])).toEqual({
      number: 2,
      problem: 'missing',
    });
    expect(followChain(CHAIN_START, [chain[0]!, chain[1]!, chain[1]!, ...chain.slice(2)])).toEqual({
      number: 3,
      problem: 'missing',
    });
    const swapped = [chain[0]!, { ...chain[2]!, number: 2 }, { ...chain[1]!, number: 3 }];
    expect(followChain(CHAIN_START, swapped)).toEqual({ number: 2, problem: 'changed' });
  });

  it('notices a chain that was computed anew from the middle on, by where it must end', () => {
    const forged = chainOf([entry(1), entry(2, { action: 'bot.connected' }), entry(3), entry(4)]);
    const last = followChain(CHAIN_START, forged);
    if ('problem' in last) throw new Error('In itself it holds.');
    const head = { number: 4, hash: chain[3]!.hash };
    expect(findLostEnd(last, head)).toEqual({ number: 4, problem: 'changed' });
    expect(findLostEnd(head, head)).toBeUndefined();
    expect(findLostEnd({ number: 2, hash: chain[1]!.hash }, head)).toEqual({ number: 3, problem: 'missing' });
  });
});
