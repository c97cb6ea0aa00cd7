export const BOT_STATES = ['running', 'paused', 'token_rejected', 'conflict', 'disconnected'] as const;
export type BotState = (typeof BOT_STATES)[number];

export const BOT_ENVIRONMENTS = ['live', 'sandbox'] as const;
export type BotEnvironment = (typeof BOT_ENVIRONMENTS)[number];

export const UPDATES_MODES = ['webhook', 'polling'] as const;
export type UpdatesMode = (typeof UPDATES_MODES)[number];

/** What a bot in this state does. A conflict concerns updates alone: its messages still go out. */
export function isSending(state: BotState): boolean {
  return state === 'running' || state === 'conflict';
}

/** Why a pause or a resume makes no sense in this state; undefined where it does. */
export function refusalOfPause(state: BotState): string | undefined {
  if (state === 'disconnected') return 'The bot is disconnected; connect it again first.';
  if (state === 'token_rejected') return 'Telegram rejects the token of this bot, so it does nothing anyway.';
  return undefined;
}

/** @see refusalOfPause */
export function refusalOfResume(state: BotState): string | undefined {
  if (state === 'disconnected') return 'The bot is disconnected; connect it again first.';
  if (state === 'token_rejected') {
    return 'Telegram rejects the token of this bot. Put a new one (PUT /bots/{id}/token) and it goes on.';
  }
  return undefined;
}
