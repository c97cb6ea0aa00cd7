/** One due time in an iCalendar feed. */
export interface CalendarEvent {
  readonly id: string;
  readonly name: string;
  readonly dueAt: Date;
  readonly sentence: string;
}

/** RFC 5545 folds lines at so many bytes. */
const LONGEST_LINE = 75;

/** An iCalendar document (RFC 5545): one event without length for each due time. */
export function writeCalendar(name: string, events: readonly CalendarEvent[], writtenAt: Date): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Arauto//Schedules//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    `X-WR-CALNAME:${escapeText(name)}`,
    ...events.flatMap((event) => [
      'BEGIN:VEVENT',
      `UID:${event.id}-${writeInstant(event.dueAt)}@arauto`,
      `DTSTAMP:${writeInstant(writtenAt)}`,
      `DTSTART:${writeInstant(event.dueAt)}`,
      `SUMMARY:${escapeText(event.name)}`,
      `DESCRIPTION:${escapeText(event.sentence)}`,
      'TRANSP:TRANSPARENT',
      'END:VEVENT',
    ]),
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${fold(line)}\r\n`).join('');
}

const writeInstant = (instant: Date): string => instant.toISOString().replace(/[-:]|\.\d{3}/g, '');

const escapeText = (text: string): string => text.replace(/[\\;,]/g, '\\$&').replace(/\r?\n/g, '\\n');

/** Between characters, never within one. */
function fold(line: string): string {
  const folded: string[] = [];
  let part = '';
  let bytes = 0;
  for (const character of line) {
    const length = Buffer.byteLength(character);
    if (bytes + length > LONGEST_LINE) {
      folded.push(part);
      part = ' ';
      bytes = 1;
    }
    part += character;
    bytes += length;
  }
  return [...folded, part].join('\r\n');
}
