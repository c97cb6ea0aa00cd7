import { type BotApiOutcome } from '../telegram/index.js';
import { backOffMs, judge, judgeChange, tiredAfter } from './delivery.rules.js';

const judged = (outcome: BotApiOutcome, times = 1, isResent = false) => judge(outcome, times, isResent, 1);

describe('judge', () => {
  it.each<[string, BotApiOutcome, object, string]>([
    ['an answer', { kind: 'ok', result: { message_id: 5 } }, { state: 'sent', messageId: 5 }, 'none'],
    ['true instead of a message', { kind: 'ok', result: true }, { state: 'sent', messageId: null }, 'none'],
    [
      'a person who blocked the bot',
      { kind: 'rejected', code: 403, description: '', reason: 'blocked' },
      { state: 'failed', reason: 'blocked' },
      'chatUnreachable',
    ],
    [
      'content that Telegram refuses',
      { kind: 'rejected', code: 400, description: '', reason: 'bad_content' },
      { state: 'failed', reason: 'bad_content' },
      'contentRefused',
    ],
    [
      'too many requests',
      { kind: 'rateLimited', retryAfterSeconds: 73_414 },
      { state: 'queued', delayMs: 73_414_000 },
      'rest',
    ],
    [
      'an upgraded group',
      { kind: 'migrated', migrateToChatId: -100 },
      { state: 'queued', delayMs: 0 },
      'chatMigrated',
    ],
    [
      'a bot without Stars',
      { kind: 'rejected', code: 400, description: '', reason: 'not_enough_stars' },
      { state: 'queued', delayMs: 0 },
      'starsMissing',
    ],
    ['a dead token', { kind: 'tokenRejected' }, { state: 'queued' }, 'tokenRejected'],
    ['a server that is away', { kind: 'notSent', cause: 'refused' }, { state: 'queued' }, 'none'],
    [
      'a call that we withdrew',
      { kind: 'notSent', cause: 'withdrawn' },
      { state: 'queued', delayMs: 0 },
      'none',
    ],
    [
      'a time-out',
      { kind: 'unknown', cause: 'timed_out' },
      { state: 'unknown', reason: 'timed_out' },
      'none',
    ],
  ])('settles %s', (_, outcome, settlement, consequence) => {
    const verdict = judged(outcome);
    expect(verdict.settlement).toMatchObject(settlement);
    expect(verdict.consequence.kind).toBe(consequence);
  });

  it('sends an unknown again only where that was chosen', () => {
    const lost: BotApiOutcome = { kind: 'unknown', cause: 'connection_lost' };
    expect(judged(lost, 1, true).settlement).toMatchObject({ state: 'queued', delayMs: 65_000 });
    expect(judged(lost, 2, true).settlement).toMatchObject({ state: 'queued', reason: 'connection_lost' });
    expect(judged(lost, 1, false).settlement.state).toBe('unknown');
  });

  it('gives up on one delivery, never on a server that is away', () => {
    expect(judged({ kind: 'notSent', cause: 'upload_broken' }, 5).settlement.state).toBe('failed');
    expect(judged({ kind: 'notSent', cause: 'dns' }, 500).settlement.state).toBe('queued');
  });

  it('lets the chat follow its group also where the delivery is given up', () => {
    const { settlement, consequence } = judged({ kind: 'migrated', migrateToChatId: 1 }, 6);
    expect(settlement.state).toBe('failed');
    expect(consequence).toEqual({ kind: 'chatMigrated', migrateToChatId: 1 });
  });

  it('tries again what Telegram could not fetch, before it counts as proof', () => {
    const away: BotApiOutcome = { kind: 'rejected', code: 400, description: '', reason: 'file_unreachable' };
    expect(judged(away, 1)).toMatchObject({
      settlement: { state: 'queued', delayMs: 1_000 },
      consequence: { kind: 'none' },
    });
    expect(judged(away, 4).settlement.state).toBe('queued');
    expect(judged(away, 5)).toEqual({
      settlement: { state: 'failed', reason: 'file_unreachable', messageId: null, delayMs: 0 },
      consequence: { kind: 'contentRefused', reason: 'file_unreachable' },
    });
  });
});

describe('judgeChange', () => {
  const rejected = (
    description: string,
    reason: 'not_modified' | 'message_gone' | 'not_deletable' | 'not_editable' | 'bad_content',
  ) => judgeChange({ kind: 'rejected', code: 400, description, reason }, 1, 1);

  it('takes what is done already for done', () => {
    expect(rejected('message is not modified', 'not_modified').settlement).toMatchObject({
      state: 'sent',
      reason: 'not_modified',
    });
    expect(rejected('Bad Request: message to delete not found', 'message_gone').settlement).toMatchObject({
      state: 'sent',
      reason: 'already_gone',
    });
  });

  it('fails where there is nothing to change, and stops where Telegram refuses the new content', () => {
    expect(rejected('message to edit not found', 'message_gone').settlement.state).toBe('failed');
    expect(rejected("message can't be deleted for everyone", 'not_deletable')).toEqual({
      settlement: { state: 'failed', reason: 'not_deletable', messageId: null, delayMs: 0 },
      consequence: { kind: 'none' },
    });
    expect(rejected("message can't be edited", 'not_editable').settlement.reason).toBe('not_editable');
    expect(rejected("can't parse entities", 'bad_content').consequence.kind).toBe('contentRefused');
  });

  it('tries again what nobody can know, five times', () => {
    const lost: BotApiOutcome = { kind: 'unknown', cause: 'connection_lost' };
    expect(judgeChange(lost, 1, 1).settlement).toMatchObject({ state: 'queued', delayMs: 500 });
    expect(judgeChange(lost, 5, 1).settlement).toMatchObject({ state: 'unknown' });
  });

  it('follows no group to where its messages have other numbers', () => {
    const { settlement, consequence } = judgeChange({ kind: 'migrated', migrateToChatId: -9 }, 1, 1);
    expect(settlement).toMatchObject({ state: 'failed', reason: 'chat_migrated' });
    expect(consequence).toMatchObject({ kind: 'chatMigrated', migrateToChatId: -9 });
  });
});

describe('backOffMs', () => {
  it('doubles up to a minute, with jitter down to half', () => {
    expect([1, 2, 3].map((attempt) => backOffMs(attempt, 1))).toEqual([500, 1000, 2000]);
    expect(backOffMs(1, 0)).toBe(250);
    expect(backOffMs(1_000, 1)).toBe(60_000);
  });
});

describe('tiredAfter', () => {
  const again = judged({ kind: 'rateLimited', retryAfterSeconds: 1 });

  it('tries nothing for ever, and leaves what else follows', () => {
    expect(tiredAfter(again, 29_999)).toBe(again);
    expect(tiredAfter(again, 30_000)).toEqual({
      settlement: { state: 'failed', reason: 'tried_too_often', messageId: null, delayMs: 0 },
      consequence: { kind: 'rest', retryAfterSeconds: 1 },
    });
  });

  it('believes an answer whichever try it is', () => {
    const sent = judged({ kind: 'ok', result: { message_id: 5 } });
    expect(tiredAfter(sent, 30_000)).toBe(sent);
  });
});
