import { readUrl } from '../platform/egress/index.js';
const megabyte = 1024 * 1024;

/** What Telegram takes, by its Bot API 10.1 documentation; the section stands beside each. */
export const messageLimits = {
  /** sendMessage, "1-4096 characters after entities parsing"; UTF-16 code units. */
  textLength: 4096,
  /** sendPhoto and others, "0-1024 characters after entities parsing". */
  captionLength: 1024,
  /** InlineKeyboardButton, "1-64 bytes". */
  callbackDataBytes: 64,
  /** CopyTextButton, "1-256 characters". */
  copyTextLength: 256,
  /** Not documented; known from practice: eight in a row, a hundred in all. */
  buttonsPerRow: 8,
  buttons: 100,
  /** Ours: no phone shows more on a button. */
  buttonTextLength: 64,
  /** Ours: Telegram documents no bound. */
  urlLength: 2048,
  /** sendMediaGroup, "2-10 items". */
  albumItems: { least: 2, most: 10 },
  /**
   * "Sending files": 10 MB for photos and 50 MB for other files as an upload, 5 and 20 MB by URL; getFile 20 MB. A sticker:
   * 512 KB by https://core.telegram.org/stickers.
   */
  uploadBytes: { photo: 10 * megabyte, sticker: megabyte / 2, other: 50 * megabyte },
  urlFileBytes: { photo: 5 * megabyte, other: 20 * megabyte },
  downloadBytes: 20 * megabyte,
  /** sendPhoto: "width and height must not exceed 10000 in total", ratio "at most 20". */
  photoSidesInTotal: 10_000,
  photoSideRatio: 20,
  /** deleteMessages, "1-100"; deleteMessage, "less than 48 hours ago". */
  deletedMessagesPerCall: 100,
  deletableHours: 48,
  /** "Deep linking": `start` and `startgroup`, up to 64 of A-Z, a-z, 0-9, _ and -. */
  deepLinkParameter: /^[A-Za-z0-9_-]{1,64}$/,
} as const;

/** Telegram counts callback data in bytes of UTF-8, not in characters. */
export function isCallbackData(data: string): boolean {
  const bytes = Buffer.byteLength(data);
  return bytes >= 1 && bytes <= messageLimits.callbackDataBytes;
}

/** Whether a button may open this: an http(s) address with a host that the internet can have, or a `tg://` link. */
export function isButtonUrl(url: string): boolean {
  const read = url.length > messageLimits.urlLength ? undefined : readUrl(url);
  if (!read) return false;
  // The parser drops or escapes these, so they would pass; kept as typed, PostgreSQL can't store them.
  if (/[\p{Cc}\p{Cs}]/u.test(url)) return false;
  const { protocol, hostname, username, password } = read;
  if (protocol === 'tg:') return hostname !== '';
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  // BUTTON_URL_INVALID is what Telegram says to hosts without a dot, such as localhost, and to credentials.
  return (/\.[^.]/.test(hostname) || hostname.startsWith('[')) && username === '' && password === '';
}

/** Whether Telegram may be told to fetch a file from here. */
export function isFileUrl(url: string): boolean {
  // The parser also reads http:/host and http:\\host; whoever fetches it may read something else.
  return /^https?:\/\/[^/\\]/i.test(url) && isButtonUrl(url);
}
