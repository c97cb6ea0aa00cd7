import { chatFilterCondition, prefixPattern } from './chat-filter.rules.js';

describe('chatFilterCondition', () => {
  it('lets everything through without a filter', () => {
    expect(chatFilterCondition({}, 1)).toEqual({ sql: 'true', parameters: [] });
  });

  it('passes every value as a parameter', () => {
    const filter = { botId: 'b', type: 'group', state: 'active', tag: 't', search: 's' } as const;
    const { sql, parameters } = chatFilterCondition(filter, 3);
    expect(parameters).toEqual(['b', 'group', 'active', 't', 's%']);
    expect([...new Set(sql.match(/\$\d/g))]).toEqual(['$3', '$4', '$5', '$6', '$7']);
  });
});

describe('prefixPattern', () => {
  it.each([
    ['Ana', 'Ana%'],
    ['100%_\\', '100\\%\\_\\\\%'],
    ['@ana', 'ana%'],
  ])('takes %s literally', (search, pattern) => {
    expect(prefixPattern(search)).toBe(pattern);
  });
});
