// The moments at which a process is caught: before and after each commit, before the wire, after the answer. A statement is
// known by words of its own. Both sides of a point are a moment each.

const COMMITS = [
  { what: 'an intent’s or an answer’s commit', mark: 'WITH held AS MATERIALIZED' },
  { what: 'the commit that takes lanes', mark: 'WITH ours AS MATERIALIZED' },
  { what: 'the commit that closes what a dead owner left open', mark: 'WITH closed AS' },
  { what: 'the commit that prolongs a lease or lets lanes go', mark: 'WITH mine AS MATERIALIZED' },
  // A transaction of several statements: planning, accepting and finishing a broadcast, whatever the API does.
  { what: 'a transaction’s commit', mark: 'COMMIT\0' },
];

const SIDES = [
  { side: 'before', preposition: 'before' },
  { side: 'after', preposition: 'after' },
];

/** @type {{ name: string, wire: 'database' | 'botApi', side: 'before' | 'after', mark: string }[]} */
export const POINTS = [
  ...COMMITS.flatMap(({ what, mark }) =>
    SIDES.map(({ side, preposition }) => ({ name: `${preposition} ${what}`, wire: 'database', side, mark })),
  ),
  { name: 'before a call reaches Telegram', wire: 'botApi', side: 'before', mark: '/sendMessage HTTP/1.1' },
  { name: 'after Telegram’s answer', wire: 'botApi', side: 'after', mark: '/sendMessage HTTP/1.1' },
];
