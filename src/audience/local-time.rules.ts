/** Whence a chat's own time zone is known; Telegram tells none. */
export const TIME_ZONE_SOURCES = ['chosen', 'import', 'api'] as const;
export type TimeZoneSource = (typeof TIME_ZONE_SOURCES)[number];

/** Whose local time counts: the chat's, which is its bot's where it has none, or the bot's alone. */
export const LOCAL_TIMES = ['bot', 'chat'] as const;
export type LocalTimeOf = (typeof LOCAL_TIMES)[number];

/** All zones by their names, in lower case and with blanks as people write them. */
const NAMES = new Map<string, string>();
const readable = (text: string): string => text.trim().toLowerCase().replaceAll('_', ' ');

/**
 * The zone that a person means who writes its name, such as `America/Sao_Paulo`, or the city alone, such as `sao paulo`.
 * Null where nobody knows it.
 */
export function findTimeZone(text: string): string | null {
  if (NAMES.size === 0) {
    for (const name of Intl.supportedValuesOf('timeZone')) {
      NAMES.set(readable(name.slice(name.lastIndexOf('/') + 1)), name);
      NAMES.set(readable(name), name);
    }
    NAMES.set('utc', 'UTC');
  }
  return NAMES.get(readable(text.normalize('NFD').replace(/\p{M}/gu, ''))) ?? null;
}
