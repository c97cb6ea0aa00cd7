import { audienceCondition } from './audience-condition.rules.js';
import { audienceSchema } from './audience.dto.js';

const id = '01900000-0000-7000-8000-000000000000';

describe('audienceCondition', () => {
  it('means active chats of connected bots, whoever is asked for', () => {
    for (const audience of [
      { to: 'everybody' as const },
      { to: 'tags' as const, tags: ['a'] },
      { to: 'chats' as const, chatIds: [id] },
    ]) {
      const { sql } = audienceCondition(audience, 1);
      expect(sql).toContain(`c.state = 'active'`);
      expect(sql).toContain(`b.state <> 'disconnected'`);
    }
  });

  it('numbers its placeholders from where it is told, and puts no value into the text', () => {
    const audience = { to: 'tags' as const, tags: [`it's`], botIds: [id], chatTypes: ['private' as const] };
    const { sql, parameters } = audienceCondition(audience, 4);
    expect(parameters).toEqual([[`it's`], [id], ['private']]);
    expect(sql.match(/\$\d/g)).toEqual(['$4', '$5', '$6']);
    expect(sql).not.toContain('it');
  });
});

describe('a zone of an audience', () => {
  it('is the chat’s own before its bot’s, or its bot’s alone', () => {
    const inZone = (of: 'bot' | 'chat') =>
      audienceCondition({ to: 'everybody', localTime: { of, timeZone: 'Asia/Tokyo' } }, 3);
    expect(inZone('chat').parameters).toEqual(['Asia/Tokyo']);
    expect(inZone('chat').sql).toContain('(c.time_zone = $3 OR c.time_zone IS NULL AND EXISTS');
    expect(inZone('bot').sql).not.toContain('c.time_zone');
  });
});

describe('audienceSchema', () => {
  it.each([
    ['nobody', {}],
    ['no tags', { to: 'tags', tags: [] }],
    ['a tag of blanks', { to: 'tags', tags: ['  '] }],
    ['a tag with a line break', { to: 'tags', tags: ['a\nb'] }],
    ['21 tags', { to: 'tags', tags: Array.from({ length: 21 }, (_, n) => `t${n}`) }],
    ['1001 chats', { to: 'chats', chatIds: Array.from({ length: 1001 }, () => id) }],
    ['chats and bots', { to: 'chats', chatIds: [id], botIds: [id] }],
    ['a zone that nobody knows', { to: 'everybody', localTime: { of: 'chat', timeZone: 'Mars/Base' } }],
    ['an unknown type', { to: 'everybody', chatTypes: ['forum'] }],
  ])('refuses %s', (_, audience) => {
    expect(audienceSchema.safeParse(audience).success).toBe(false);
  });

  it('takes its own examples, and trims tags', () => {
    for (const example of audienceSchema.meta()?.['examples'] as unknown[]) {
      expect(audienceSchema.safeParse(example).success).toBe(true);
    }
    expect(audienceSchema.parse({ to: 'tags', tags: [' vip '] })).toEqual({ to: 'tags', tags: ['vip'] });
  });
});
