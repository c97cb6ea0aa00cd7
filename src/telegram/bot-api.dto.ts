/** Telegram's own words for what it sends and takes, as far as Arauto uses them. */
export type {
  CallbackQuery,
  Chat,
  ChatFromGetChat,
  ChatMember,
  ChatMemberUpdated,
  InlineKeyboardButton,
  InlineKeyboardMarkup,
  Message,
  MessageEntity,
  Update,
  User,
  UserFromGetMe,
  WebhookInfo,
} from 'telegraf/types';
