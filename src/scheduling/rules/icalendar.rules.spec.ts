import { writeCalendar } from './icalendar.rules.js';

const event = {
  id: '019aaaaa-0000-7000-8000-000000000001',
  name: 'Greeting; "hi", all\\',
  dueAt: new Date('2026-03-29T08:00:00.000Z'),
  sentence: 'Every day.',
};

describe('writeCalendar', () => {
  it('writes an event for each due time, with what RFC 5545 wants escaped', () => {
    const lines = writeCalendar('Acme, Inc.', [event], new Date('2026-01-01T00:00:00Z')).split('\r\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'X-WR-CALNAME:Acme\\, Inc.',
        'UID:019aaaaa-0000-7000-8000-000000000001-20260329T080000Z@arauto',
        'DTSTAMP:20260101T000000Z',
        'DTSTART:20260329T080000Z',
        'SUMMARY:Greeting\\; "hi"\\, all\\\\',
      ]),
    );
    expect([lines[0], lines.at(-2), lines.at(-1)]).toEqual(['BEGIN:VCALENDAR', 'END:VCALENDAR', '']);
  });

  it('folds long lines between characters', () => {
    const name = '😀é'.repeat(100);
    const text = writeCalendar('Acme', [{ ...event, name }], new Date(0));
    for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    expect(text.replaceAll('\r\n ', '')).toContain(`SUMMARY:${name}\r\n`);
  });
});
