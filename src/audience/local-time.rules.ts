import { type Audience } from './audience.dto.js';

/** Whence a chat's own time zone is known; Telegram tells none. */
export const TIME_ZONE_SOURCES = ['chosen', 'import', 'api'] as const;
export type TimeZoneSource = (typeof TIME_ZONE_SOURCES)[number];

/** Whose local time counts: the chat's, which is its bot's where it has none, or the bot's alone. */
export const LOCAL_TIMES = ['bot', 'chat'] as const;
export type LocalTimeOf = (typeof LOCAL_TIMES)[number];

/** A bot's zone, its tenant's where it has none, and the zones that its chats have of their own. */
export interface BotZones {
  readonly botId: string;
  readonly timeZone: string;
  readonly ofChats: readonly string[];
}

/**
 * The zones in which chats of an audience can live, in alphabetical order: every zone of its bots and their chats, so one
 * of them may be without anybody whom the audience means.
 */
export function zonesOf(bots: readonly BotZones[], audience: Audience, localTimeOf: LocalTimeOf): string[] {
  const meant = (botId: string) =>
    audience.to === 'chats' || audience.botIds === undefined || audience.botIds.includes(botId);
  const zones = bots
    .filter(({ botId }) => meant(botId))
    .flatMap(({ timeZone, ofChats }) => (localTimeOf === 'chat' ? [timeZone, ...ofChats] : [timeZone]));
  return [...new Set(zones)].sort();
}

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
