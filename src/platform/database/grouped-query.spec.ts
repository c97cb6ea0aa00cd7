import { GroupedQuery } from './grouped-query.js';

const answer = (question: string): string => `of ${question}`;

describe('GroupedQuery', () => {
  it('asks once for what is asked in the same turn, and each gets its own answer', async () => {
    const groups: (readonly string[])[] = [];
    const query = new GroupedQuery((questions: readonly string[]) => {
      groups.push(questions);
      return Promise.resolve(questions.map(answer));
    });
    await expect(Promise.all(['a', 'b', 'a'].map((question) => query.ask(question)))).resolves.toEqual([
      'of a',
      'of b',
      'of a',
    ]);
    expect(groups).toEqual([['a', 'b', 'a']]);
  });

  it('gathers while a statement is under way, and bounds a group', async () => {
    const sizes: number[] = [];
    let release: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => (release = resolve));
    const query = new GroupedQuery(async (questions: readonly string[]) => {
      sizes.push(questions.length);
      if (sizes.length === 1) await blocked;
      return questions.map(answer);
    });
    const first = query.ask('first');
    expect(query.isIdle).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    const others = Array.from({ length: 150 }, (_, n) => query.ask(String(n)));
    release();
    await Promise.all([first, ...others]);
    expect(sizes).toEqual([1, 100, 50]);
    expect(query.isIdle).toBe(true);
  });

  it('fails those whose statement failed, and goes on with the others', async () => {
    let isBroken = true;
    const query = new GroupedQuery((questions: readonly string[]) =>
      isBroken ? Promise.reject(new Error('away')) : Promise.resolve(questions.map(answer)),
    );
    await expect(query.ask('a')).rejects.toThrow('away');
    isBroken = false;
    await expect(query.ask('a')).resolves.toBe('of a');
  });

  it('fails rather than give somebody another one’s answer', async () => {
    const query = new GroupedQuery(() => Promise.resolve(['one']));
    await expect(Promise.all([query.ask('a'), query.ask('b')])).rejects.toThrow('unanswered');
  });
});
