export { BotApiClient, type BotApiClientOptions, type BotApiRequest } from './bot-api.client.js';
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
} from './bot-api.dto.js';
export { isBotToken } from './bot-token.rules.js';
export { reasonScope, type FailureReason, type ReasonScope } from './failure-reason.rules.js';
export { escapeHtml, parseHtml, type ParsedHtml } from './html.rules.js';
export {
  MEDIA_KINDS,
  MEDIA_METHODS,
  type MediaKind,
  type MediaMethod,
  readFileId,
} from './media-kind.rules.js';
export { isButtonUrl, isCallbackData, isFileUrl, messageLimits } from './message-limits.rules.js';
export { ChatPaces } from './chat-paces.rules.js';
export { type BotApiUpload } from './multipart.rules.js';
export { type BotApiOutcome, type NotSentCause, type UnknownCause } from './outcome.rules.js';
export {
  messagesPerStar,
  paidPerSecond,
  type PaceBeginning,
  type PacedChat,
  type PaceLimits,
  type PaceMemory,
  type RestScope,
} from './pace.js';
export { BotPace } from './pacing.rules.js';
