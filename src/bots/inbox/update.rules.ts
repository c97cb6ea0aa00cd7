/** Kinds of updates that somebody here handles; Telegram leaves out `chat_member` unless it is named. */
export const ALLOWED_UPDATES = [
  'message',
  'edited_message',
  'channel_post',
  'edited_channel_post',
  'callback_query',
  'my_chat_member',
  'chat_member',
] as const;

/** An update as the inbox keeps it. */
export interface ReceivedUpdate {
  readonly updateId: number;
  /** Chat (or person, or 0) whose updates are handled one after the other. */
  readonly chatKey: number;
  /** The update as JSON that PostgreSQL takes. */
  readonly json: string;
}

type Json = Record<string, unknown>;

/** Reads what Telegram (or somebody who guessed a secret) sent; undefined where it is no update. */
export function readUpdate(value: unknown): ReceivedUpdate | undefined {
  if (!isRecord(value)) return undefined;
  const updateId = value['update_id'];
  if (typeof updateId !== 'number' || !Number.isSafeInteger(updateId) || updateId < 0) return undefined;
  return { updateId, chatKey: chatKeyOf(value), json: toStorableJson(value) };
}

function chatKeyOf(update: Json): number {
  const event = Object.values(update).find(isRecord);
  if (!event) return 0;
  const message = event['message'];
  const candidates = [
    event['chat'],
    isRecord(message) ? message['chat'] : undefined,
    event['from'],
    event['user'],
  ];
  for (const candidate of candidates) {
    const id = isRecord(candidate) ? candidate['id'] : undefined;
    if (Number.isSafeInteger(id)) return id as number;
  }
  return 0;
}

const UNSTORABLE = /\\u(?:0000|d[89a-f])/i;

/** PostgreSQL's jsonb has no NUL and no half of a surrogate pair; people's names may hold either. */
function toStorableJson(update: Json): string {
  const json = JSON.stringify(update);
  if (!UNSTORABLE.test(json)) return json;
  return JSON.stringify(update, (key, value: unknown) => {
    // Telegram has no such names; one that somebody made up must not keep others' updates from being stored.
    if (/[\0\p{Surrogate}]/u.test(key)) return undefined;
    return typeof value === 'string'
      ? value.replaceAll('\u0000', '').replace(/\p{Surrogate}/gu, '\uFFFD')
      : value;
  });
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Tries in all; then the failure is kept and the chat goes on without this update. */
export const MOST_ATTEMPTS = 5;

/** How long an update rests after its handler failed for the n-th time, in seconds: 1, 4, 16, 64. */
export function retryAfterSeconds(attempt: number): number {
  return 4 ** (attempt - 1);
}

/** Updates by chat, each chat's in their order. */
export function groupByChat<Waiting extends { readonly chatKey: string }>(
  updates: readonly Waiting[],
): Waiting[][] {
  const chats = new Map<string, Waiting[]>();
  for (const update of updates) {
    const ofChat = chats.get(update.chatKey);
    if (ofChat) ofChat.push(update);
    else chats.set(update.chatKey, [update]);
  }
  return [...chats.values()];
}
