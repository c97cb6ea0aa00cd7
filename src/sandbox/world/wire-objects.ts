import { type MessageEntity } from '../wire/entities.rules.js';
import { type InlineKeyboardMarkup } from '../wire/reply-markup.rules.js';

// The objects of the Bot API as they cross the wire, as far as the sandbox reads its own.

export interface WireUser {
  id: number;
  is_bot: boolean;
  first_name: string;
  last_name?: string;
  username?: string;
  language_code?: string;
}

export interface WireChat {
  id: number;
  type: 'private' | 'group' | 'supergroup' | 'channel';
  title?: string;
  username?: string;
  first_name?: string;
  last_name?: string;
}

export interface WireMessage {
  message_id: number;
  date: number;
  chat: WireChat;
  from?: WireUser;
  sender_chat?: WireChat;
  edit_date?: number;
  text?: string;
  entities?: MessageEntity[];
  caption?: string;
  caption_entities?: MessageEntity[];
  reply_markup?: InlineKeyboardMarkup;
  reply_to_message?: WireMessage;
  [field: string]: unknown;
}

export interface WireUpdate {
  update_id: number;
  [kind: string]: unknown;
}
