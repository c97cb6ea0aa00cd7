/** Why Telegram refused, in words that a report can count. */
export type FailureReason =
  | 'blocked'
  | 'deactivated'
  | 'not_started'
  | 'kicked'
  | 'not_member'
  | 'chat_not_found'
  | 'no_rights'
  | 'thread_not_found'
  | 'not_for_bots'
  | 'bad_content'
  | 'bad_file'
  | 'file_unreachable'
  | 'too_long'
  | 'too_large'
  | 'message_gone'
  | 'not_editable'
  | 'not_deletable'
  | 'not_modified'
  | 'query_expired'
  | 'not_enough_stars'
  | 'other';

/** `chat`: this chat can't be reached. `content`: no chat can get this message. `other`: neither is known. */
export type ReasonScope = 'chat' | 'content' | 'other';

const scopes: Record<FailureReason, ReasonScope> = {
  blocked: 'chat',
  deactivated: 'chat',
  not_started: 'chat',
  kicked: 'chat',
  not_member: 'chat',
  chat_not_found: 'chat',
  not_for_bots: 'chat',
  bad_content: 'content',
  bad_file: 'content',
  too_long: 'content',
  too_large: 'content',
  // Rights come back and topics open again without a word to the bot: the chat stays in the audience.
  no_rights: 'other',
  thread_not_found: 'other',
  // Telegram fetches it anew for each message, and its page may be away for a moment.
  file_unreachable: 'other',
  message_gone: 'other',
  not_editable: 'other',
  not_deletable: 'other',
  not_modified: 'other',
  query_expired: 'other',
  not_enough_stars: 'other',
  other: 'other',
};

export function reasonScope(reason: FailureReason): ReasonScope {
  return scopes[reason];
}

/**
 * Telegram documents no list of texts, so these are the texts seen in the wild, lower-cased, most specific first. Each
 * is a piece that names the matter, because Telegram changes the words around it.
 */
const reasonsByText: readonly (readonly [RegExp, FailureReason])[] = [
  [/blocked by the user|user_is_blocked/, 'blocked'],
  [/user is deactivated|input_user_deactivated/, 'deactivated'],
  [/can't initiate conversation|can't send messages to the user/, 'not_started'],
  [/messages to bots|messages to the bot|user_is_bot/, 'not_for_bots'],
  [/bot was kicked|group chat was deactivated|chat was deleted|bot was banned/, 'kicked'],
  [/not a member|bot is not participant|user_not_participant|channel_private/, 'not_member'],
  [
    /thread not found|topic not found|message_thread_invalid|topic_closed|topic_deleted|topic_id_invalid/,
    'thread_not_found',
  ],
  [/message is not modified|message_not_modified/, 'not_modified'],
  [/query is too old|query id is invalid|query_id_invalid/, 'query_expired'],
  [/message can't be edited/, 'not_editable'],
  [/message can't be deleted/, 'not_deletable'],
  [
    /message (?:to \w+|to be replied|with such) ?.*not found|message can't be (?:edited|deleted|forwarded|copied)|message_id_invalid|message identifier|message not found|msg_id_invalid|reply_message_id_invalid/,
    'message_gone',
  ],
  [
    /chat not found|user not found|peer_id_invalid|chat_id_invalid|chat_id is empty|user_id_invalid|channel_invalid/,
    'chat_not_found',
  ],
  [/balance_too_low|not enough stars|stars balance|payment_required/, 'not_enough_stars'],
  [/too long|caption_too_long|message_too_long|reply_markup_too_long|button_data_invalid.*long/, 'too_long'],
  [/too large|file is too big|too big for a|file_too_big/, 'too_large'],
  [
    /failed to get http url|wrong type of the web page|webpage_|web page content|temporarily unavailable/,
    'file_unreachable',
  ],
  [
    /wrong (?:remote )?file|file identifier|file_reference|wrong file_id|image_process_failed|photo_invalid|photo_ext_invalid|media_empty|media_invalid|wrong padding|file must be non-empty|can't use file of type/,
    'bad_file',
  ],
  [
    /not enough rights|have no rights|no rights to|administrator rights|chat_write_forbidden|chat_admin_required|chat_restricted|chat_send_\w+_forbidden|voice_messages_forbidden|user_banned_in_channel|need administrator|allowed in the chat|chat_guest_send_forbidden|privacy_premium_required/,
    'no_rights',
  ],
  [
    /can't parse|message text is empty|text must be non-empty|text must be encoded|caption is empty|button_|inline keyboard|reply markup|reply_markup|entities_too|entity_|wrong http url|url host is empty|invalid custom emoji|parse_mode|is invalid$|there is no .* in the request|is not specified|must be non-empty|unsupported/,
    'bad_content',
  ],
];

/** The reason of a final refusal. The code decides where it can; the text decides the rest. */
export function readFailureReason(code: number, description: string): FailureReason {
  if (code === 413) return 'too_large';
  const text = description.toLowerCase();
  for (const [pattern, reason] of reasonsByText) {
    if (pattern.test(text)) return reason;
  }
  // A 403 always speaks of what the bot may do in this chat, whatever its words.
  return code === 403 ? 'no_rights' : 'other';
}
