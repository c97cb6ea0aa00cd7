import { type Chat as TelegramChat, type ChatMember } from '../telegram/index.js';
import { type ChatState } from './audience.dto.js';

/** Whether a chat takes messages, and why not. */
export interface Reachability {
  readonly state: Exclude<ChatState, 'stopped'>;
  readonly reason: string | null;
}

const REACHABLE: Reachability = { state: 'active', reason: null };
const unreachable = (reason: string): Reachability => ({ state: 'unreachable', reason });

/** What the bot's own membership means for its messages; the reasons are those that a delivery would fail with. */
export function reachabilityOf(chatType: TelegramChat['type'], member: ChatMember): Reachability {
  switch (member.status) {
    case 'kicked':
      return unreachable(chatType === 'private' ? 'blocked' : 'kicked');
    case 'left':
      return unreachable('not_member');
    case 'restricted':
      if (!member.is_member) return unreachable('not_member');
      return member.can_send_messages ? REACHABLE : unreachable('no_rights');
    case 'administrator':
      // In a channel an administrator posts by that right alone; in a group everybody writes.
      return chatType === 'channel' && !member.can_post_messages ? unreachable('no_rights') : REACHABLE;
    case 'member':
      return chatType === 'channel' ? unreachable('no_rights') : REACHABLE;
    case 'creator':
      return REACHABLE;
  }
}

/** What a chat is called: its title, or the person's name. */
export function titleOf(chat: TelegramChat): string {
  if ('title' in chat) return chat.title;
  return chat.last_name ? `${chat.first_name} ${chat.last_name}` : chat.first_name;
}
