import { type Audience } from './audience.dto.js';
import { type LocalTimeOf } from './local-time.rules.js';

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
