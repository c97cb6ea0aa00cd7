/**
 * The official methods of the Bot API 10.1 (11 June 2026, https://core.telegram.org/bots/api) with their parameters.
 * `name:kind`, a `!` marks what is required. `chat` is an integer or an @username, `file` an upload, a file_id or a URL.
 */
export const botMethodTable = {
  getUpdates: 'offset:integer limit:integer timeout:integer allowed_updates:array',
  setWebhook:
    'url:string! certificate:file ip_address:string max_connections:integer allowed_updates:array drop_pending_updates:boolean secret_token:string',
  deleteWebhook: 'drop_pending_updates:boolean',
  getWebhookInfo: '',
  getMe: '',
  logOut: '',
  close: '',
  sendMessage:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer text:string! parse_mode:string entities:array link_preview_options:object disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  forwardMessage:
    'chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer from_chat_id:chat! video_start_timestamp:integer disable_notification:boolean protect_content:boolean message_effect_id:string suggested_post_parameters:object message_id:integer!',
  forwardMessages:
    'chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer from_chat_id:chat! message_ids:array! disable_notification:boolean protect_content:boolean',
  copyMessage:
    'chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer from_chat_id:chat! message_id:integer! video_start_timestamp:integer caption:string parse_mode:string caption_entities:array show_caption_above_media:boolean disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  copyMessages:
    'chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer from_chat_id:chat! message_ids:array! disable_notification:boolean protect_content:boolean remove_caption:boolean',
  sendPhoto:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer photo:file! caption:string parse_mode:string caption_entities:array show_caption_above_media:boolean has_spoiler:boolean disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendLivePhoto:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer live_photo:file! photo:file! caption:string parse_mode:string caption_entities:array show_caption_above_media:boolean has_spoiler:boolean disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendAudio:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer audio:file! caption:string parse_mode:string caption_entities:array duration:integer performer:string title:string thumbnail:file disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendDocument:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer document:file! thumbnail:file caption:string parse_mode:string caption_entities:array disable_content_type_detection:boolean disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendVideo:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer video:file! duration:integer width:integer height:integer thumbnail:file cover:file start_timestamp:integer caption:string parse_mode:string caption_entities:array show_caption_above_media:boolean has_spoiler:boolean supports_streaming:boolean disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendAnimation:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer animation:file! duration:integer width:integer height:integer thumbnail:file caption:string parse_mode:string caption_entities:array show_caption_above_media:boolean has_spoiler:boolean disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendVoice:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer voice:file! caption:string parse_mode:string caption_entities:array duration:integer disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendVideoNote:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer video_note:file! duration:integer length:integer thumbnail:file disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendPaidMedia:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer star_count:integer! media:array! payload:string caption:string parse_mode:string caption_entities:array show_caption_above_media:boolean disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendMediaGroup:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer media:array! disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string reply_parameters:object',
  sendLocation:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer latitude:float! longitude:float! horizontal_accuracy:float live_period:integer heading:integer proximity_alert_radius:integer disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendVenue:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer latitude:float! longitude:float! title:string! address:string! foursquare_id:string foursquare_type:string google_place_id:string google_place_type:string disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendContact:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer phone_number:string! first_name:string! last_name:string vcard:string disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendPoll:
    'business_connection_id:string chat_id:chat! message_thread_id:integer question:string! question_parse_mode:string question_entities:array options:array! is_anonymous:boolean type:string allows_multiple_answers:boolean allows_revoting:boolean shuffle_options:boolean allow_adding_options:boolean hide_results_until_closes:boolean members_only:boolean country_codes:array correct_option_ids:array explanation:string explanation_parse_mode:string explanation_entities:array explanation_media:object open_period:integer close_date:integer is_closed:boolean description:string description_parse_mode:string description_entities:array media:object disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string reply_parameters:object reply_markup:object',
  sendChecklist:
    'business_connection_id:string! chat_id:chat! checklist:object! disable_notification:boolean protect_content:boolean message_effect_id:string reply_parameters:object reply_markup:object',
  sendDice:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer emoji:string disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendMessageDraft:
    'chat_id:integer! message_thread_id:integer draft_id:integer! text:string parse_mode:string entities:array',
  sendChatAction: 'business_connection_id:string chat_id:chat! message_thread_id:integer action:string!',
  setMessageReaction: 'chat_id:chat! message_id:integer! reaction:array is_big:boolean',
  getUserProfilePhotos: 'user_id:integer! offset:integer limit:integer',
  getUserProfileAudios: 'user_id:integer! offset:integer limit:integer',
  setUserEmojiStatus:
    'user_id:integer! emoji_status_custom_emoji_id:string emoji_status_expiration_date:integer',
  getFile: 'file_id:string!',
  banChatMember: 'chat_id:chat! user_id:integer! until_date:integer revoke_messages:boolean',
  unbanChatMember: 'chat_id:chat! user_id:integer! only_if_banned:boolean',
  restrictChatMember:
    'chat_id:chat! user_id:integer! permissions:object! use_independent_chat_permissions:boolean until_date:integer',
  promoteChatMember:
    'chat_id:chat! user_id:integer! is_anonymous:boolean can_manage_chat:boolean can_delete_messages:boolean can_manage_video_chats:boolean can_restrict_members:boolean can_promote_members:boolean can_change_info:boolean can_invite_users:boolean can_post_stories:boolean can_edit_stories:boolean can_delete_stories:boolean can_post_messages:boolean can_edit_messages:boolean can_pin_messages:boolean can_manage_topics:boolean can_manage_direct_messages:boolean can_manage_tags:boolean',
  setChatAdministratorCustomTitle: 'chat_id:chat! user_id:integer! custom_title:string!',
  setChatMemberTag: 'chat_id:chat! user_id:integer! tag:string',
  banChatSenderChat: 'chat_id:chat! sender_chat_id:integer!',
  unbanChatSenderChat: 'chat_id:chat! sender_chat_id:integer!',
  setChatPermissions: 'chat_id:chat! permissions:object! use_independent_chat_permissions:boolean',
  exportChatInviteLink: 'chat_id:chat!',
  createChatInviteLink:
    'chat_id:chat! name:string expire_date:integer member_limit:integer creates_join_request:boolean',
  editChatInviteLink:
    'chat_id:chat! invite_link:string! name:string expire_date:integer member_limit:integer creates_join_request:boolean',
  createChatSubscriptionInviteLink:
    'chat_id:chat! name:string subscription_period:integer! subscription_price:integer!',
  editChatSubscriptionInviteLink: 'chat_id:chat! invite_link:string! name:string',
  revokeChatInviteLink: 'chat_id:chat! invite_link:string!',
  approveChatJoinRequest: 'chat_id:chat! user_id:integer!',
  declineChatJoinRequest: 'chat_id:chat! user_id:integer!',
  answerChatJoinRequestQuery: 'chat_join_request_query_id:string! result:string!',
  sendChatJoinRequestWebApp: 'chat_join_request_query_id:string! web_app_url:string!',
  setChatPhoto: 'chat_id:chat! photo:file!',
  deleteChatPhoto: 'chat_id:chat!',
  setChatTitle: 'chat_id:chat! title:string!',
  setChatDescription: 'chat_id:chat! description:string',
  pinChatMessage:
    'business_connection_id:string chat_id:chat! message_id:integer! disable_notification:boolean',
  unpinChatMessage: 'business_connection_id:string chat_id:chat! message_id:integer',
  unpinAllChatMessages: 'chat_id:chat!',
  leaveChat: 'chat_id:chat!',
  getChat: 'chat_id:chat!',
  getChatAdministrators: 'chat_id:chat! return_bots:boolean',
  getChatMemberCount: 'chat_id:chat!',
  getChatMember: 'chat_id:chat! user_id:integer!',
  getUserPersonalChatMessages: 'user_id:integer! limit:integer!',
  setChatStickerSet: 'chat_id:chat! sticker_set_name:string!',
  deleteChatStickerSet: 'chat_id:chat!',
  getForumTopicIconStickers: '',
  createForumTopic: 'chat_id:chat! name:string! icon_color:integer icon_custom_emoji_id:string',
  editForumTopic: 'chat_id:chat! message_thread_id:integer! name:string icon_custom_emoji_id:string',
  closeForumTopic: 'chat_id:chat! message_thread_id:integer!',
  reopenForumTopic: 'chat_id:chat! message_thread_id:integer!',
  deleteForumTopic: 'chat_id:chat! message_thread_id:integer!',
  unpinAllForumTopicMessages: 'chat_id:chat! message_thread_id:integer!',
  editGeneralForumTopic: 'chat_id:chat! name:string!',
  closeGeneralForumTopic: 'chat_id:chat!',
  reopenGeneralForumTopic: 'chat_id:chat!',
  hideGeneralForumTopic: 'chat_id:chat!',
  unhideGeneralForumTopic: 'chat_id:chat!',
  unpinAllGeneralForumTopicMessages: 'chat_id:chat!',
  answerCallbackQuery:
    'callback_query_id:string! text:string show_alert:boolean url:string cache_time:integer',
  answerGuestQuery: 'guest_query_id:string! result:object!',
  getUserChatBoosts: 'chat_id:chat! user_id:integer!',
  getBusinessConnection: 'business_connection_id:string!',
  getManagedBotToken: 'user_id:integer!',
  replaceManagedBotToken: 'user_id:integer!',
  getManagedBotAccessSettings: 'user_id:integer!',
  setManagedBotAccessSettings: 'user_id:integer! is_access_restricted:boolean! added_user_ids:array',
  setMyCommands: 'commands:array! scope:object language_code:string',
  deleteMyCommands: 'scope:object language_code:string',
  getMyCommands: 'scope:object language_code:string',
  setMyName: 'name:string language_code:string',
  getMyName: 'language_code:string',
  setMyDescription: 'description:string language_code:string',
  getMyDescription: 'language_code:string',
  setMyShortDescription: 'short_description:string language_code:string',
  getMyShortDescription: 'language_code:string',
  setMyProfilePhoto: 'photo:object!',
  removeMyProfilePhoto: '',
  setChatMenuButton: 'chat_id:integer menu_button:object',
  getChatMenuButton: 'chat_id:integer',
  setMyDefaultAdministratorRights: 'rights:object for_channels:boolean',
  getMyDefaultAdministratorRights: 'for_channels:boolean',
  getAvailableGifts: '',
  sendGift:
    'user_id:integer chat_id:chat gift_id:string! pay_for_upgrade:boolean text:string text_parse_mode:string text_entities:array',
  giftPremiumSubscription:
    'user_id:integer! month_count:integer! star_count:integer! text:string text_parse_mode:string text_entities:array',
  verifyUser: 'user_id:integer! custom_description:string',
  verifyChat: 'chat_id:chat! custom_description:string',
  removeUserVerification: 'user_id:integer!',
  removeChatVerification: 'chat_id:chat!',
  readBusinessMessage: 'business_connection_id:string! chat_id:integer! message_id:integer!',
  deleteBusinessMessages: 'business_connection_id:string! message_ids:array!',
  setBusinessAccountName: 'business_connection_id:string! first_name:string! last_name:string',
  setBusinessAccountUsername: 'business_connection_id:string! username:string',
  setBusinessAccountBio: 'business_connection_id:string! bio:string',
  setBusinessAccountProfilePhoto: 'business_connection_id:string! photo:object! is_public:boolean',
  removeBusinessAccountProfilePhoto: 'business_connection_id:string! is_public:boolean',
  setBusinessAccountGiftSettings:
    'business_connection_id:string! show_gift_button:boolean! accepted_gift_types:object!',
  getBusinessAccountStarBalance: 'business_connection_id:string!',
  transferBusinessAccountStars: 'business_connection_id:string! star_count:integer!',
  getBusinessAccountGifts:
    'business_connection_id:string! exclude_unsaved:boolean exclude_saved:boolean exclude_unlimited:boolean exclude_limited_upgradable:boolean exclude_limited_non_upgradable:boolean exclude_unique:boolean exclude_from_blockchain:boolean sort_by_price:boolean offset:string limit:integer',
  getUserGifts:
    'user_id:integer! exclude_unlimited:boolean exclude_limited_upgradable:boolean exclude_limited_non_upgradable:boolean exclude_from_blockchain:boolean exclude_unique:boolean sort_by_price:boolean offset:string limit:integer',
  getChatGifts:
    'chat_id:chat! exclude_unsaved:boolean exclude_saved:boolean exclude_unlimited:boolean exclude_limited_upgradable:boolean exclude_limited_non_upgradable:boolean exclude_from_blockchain:boolean exclude_unique:boolean sort_by_price:boolean offset:string limit:integer',
  convertGiftToStars: 'business_connection_id:string! owned_gift_id:string!',
  upgradeGift:
    'business_connection_id:string! owned_gift_id:string! keep_original_details:boolean star_count:integer',
  transferGift:
    'business_connection_id:string! owned_gift_id:string! new_owner_chat_id:integer! star_count:integer',
  postStory:
    'business_connection_id:string! content:object! active_period:integer! caption:string parse_mode:string caption_entities:array areas:array post_to_chat_page:boolean protect_content:boolean',
  repostStory:
    'business_connection_id:string! from_chat_id:integer! from_story_id:integer! active_period:integer! post_to_chat_page:boolean protect_content:boolean',
  editStory:
    'business_connection_id:string! story_id:integer! content:object! caption:string parse_mode:string caption_entities:array areas:array',
  deleteStory: 'business_connection_id:string! story_id:integer!',
  answerWebAppQuery: 'web_app_query_id:string! result:object!',
  savePreparedInlineMessage:
    'user_id:integer! result:object! allow_user_chats:boolean allow_bot_chats:boolean allow_group_chats:boolean allow_channel_chats:boolean',
  savePreparedKeyboardButton: 'user_id:integer! button:object!',
  editMessageText:
    'business_connection_id:string chat_id:chat message_id:integer inline_message_id:string text:string parse_mode:string entities:array link_preview_options:object rich_message:object reply_markup:object',
  editMessageCaption:
    'business_connection_id:string chat_id:chat message_id:integer inline_message_id:string caption:string parse_mode:string caption_entities:array show_caption_above_media:boolean reply_markup:object',
  editMessageMedia:
    'business_connection_id:string chat_id:chat message_id:integer inline_message_id:string media:object! reply_markup:object',
  editMessageLiveLocation:
    'business_connection_id:string chat_id:chat message_id:integer inline_message_id:string latitude:float! longitude:float! live_period:integer horizontal_accuracy:float heading:integer proximity_alert_radius:integer reply_markup:object',
  stopMessageLiveLocation:
    'business_connection_id:string chat_id:chat message_id:integer inline_message_id:string reply_markup:object',
  editMessageChecklist:
    'business_connection_id:string! chat_id:chat! message_id:integer! checklist:object! reply_markup:object',
  editMessageReplyMarkup:
    'business_connection_id:string chat_id:chat message_id:integer inline_message_id:string reply_markup:object',
  stopPoll: 'business_connection_id:string chat_id:chat! message_id:integer! reply_markup:object',
  approveSuggestedPost: 'chat_id:integer! message_id:integer! send_date:integer',
  declineSuggestedPost: 'chat_id:integer! message_id:integer! comment:string',
  deleteMessage: 'chat_id:chat! message_id:integer!',
  deleteMessages: 'chat_id:chat! message_ids:array!',
  deleteMessageReaction: 'chat_id:chat! message_id:integer! user_id:integer actor_chat_id:integer',
  deleteAllMessageReactions: 'chat_id:chat! user_id:integer actor_chat_id:integer',
  sendSticker:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer sticker:file! emoji:string disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  getStickerSet: 'name:string!',
  getCustomEmojiStickers: 'custom_emoji_ids:array!',
  uploadStickerFile: 'user_id:integer! sticker:file! sticker_format:string!',
  createNewStickerSet:
    'user_id:integer! name:string! title:string! stickers:array! sticker_type:string needs_repainting:boolean',
  addStickerToSet: 'user_id:integer! name:string! sticker:object!',
  setStickerPositionInSet: 'sticker:string! position:integer!',
  deleteStickerFromSet: 'sticker:string!',
  replaceStickerInSet: 'user_id:integer! name:string! old_sticker:string! sticker:object!',
  setStickerEmojiList: 'sticker:string! emoji_list:array!',
  setStickerKeywords: 'sticker:string! keywords:array',
  setStickerMaskPosition: 'sticker:string! mask_position:object',
  setStickerSetTitle: 'name:string! title:string!',
  setStickerSetThumbnail: 'name:string! user_id:integer! thumbnail:file format:string!',
  setCustomEmojiStickerSetThumbnail: 'name:string! custom_emoji_id:string',
  deleteStickerSet: 'name:string!',
  sendRichMessage:
    'business_connection_id:string chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer rich_message:object! disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  sendRichMessageDraft: 'chat_id:integer! message_thread_id:integer draft_id:integer! rich_message:object!',
  answerInlineQuery:
    'inline_query_id:string! results:array! cache_time:integer is_personal:boolean next_offset:string button:object',
  sendInvoice:
    'chat_id:chat! message_thread_id:integer direct_messages_topic_id:integer title:string! description:string! payload:string! provider_token:string currency:string! prices:array! max_tip_amount:integer suggested_tip_amounts:array start_parameter:string provider_data:string photo_url:string photo_size:integer photo_width:integer photo_height:integer need_name:boolean need_phone_number:boolean need_email:boolean need_shipping_address:boolean send_phone_number_to_provider:boolean send_email_to_provider:boolean is_flexible:boolean disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string suggested_post_parameters:object reply_parameters:object reply_markup:object',
  createInvoiceLink:
    'business_connection_id:string title:string! description:string! payload:string! provider_token:string currency:string! prices:array! subscription_period:integer max_tip_amount:integer suggested_tip_amounts:array provider_data:string photo_url:string photo_size:integer photo_width:integer photo_height:integer need_name:boolean need_phone_number:boolean need_email:boolean need_shipping_address:boolean send_phone_number_to_provider:boolean send_email_to_provider:boolean is_flexible:boolean',
  answerShippingQuery: 'shipping_query_id:string! ok:boolean! shipping_options:array error_message:string',
  answerPreCheckoutQuery: 'pre_checkout_query_id:string! ok:boolean! error_message:string',
  getMyStarBalance: '',
  getStarTransactions: 'offset:integer limit:integer',
  refundStarPayment: 'user_id:integer! telegram_payment_charge_id:string!',
  editUserStarSubscription: 'user_id:integer! telegram_payment_charge_id:string! is_canceled:boolean!',
  setPassportDataErrors: 'user_id:integer! errors:array!',
  sendGame:
    'business_connection_id:string chat_id:chat! message_thread_id:integer game_short_name:string! disable_notification:boolean protect_content:boolean allow_paid_broadcast:boolean message_effect_id:string reply_parameters:object reply_markup:object',
  setGameScore:
    'user_id:integer! score:integer! force:boolean disable_edit_message:boolean chat_id:integer message_id:integer inline_message_id:string',
  getGameHighScores: 'user_id:integer! chat_id:integer message_id:integer inline_message_id:string',
} as const;
