import { type BotId, type BotNumber, type TenantId } from '../../platform/identity/index.js';
import { type BotState } from './bot-state.rules.js';

/** A tenant connected a bot. */
export class BotConnected {
  static readonly topic = 'bot.connected';
  constructor(
    readonly tenantId: TenantId,
    readonly botId: BotId,
    readonly botNo: BotNumber,
  ) {}
}

/** A bot was paused, resumed, renamed, got a new token, was disconnected, or fell into or out of a conflict. */
export class BotChanged {
  static readonly topic = 'bot.changed';
  constructor(
    readonly tenantId: TenantId,
    readonly botId: BotId,
    readonly botNo: BotNumber,
    readonly state: BotState,
  ) {}
}

/** Telegram rejected a bot's token; the bot has stopped and keeps what waits. Comes beside {@link BotChanged}. */
export class BotTokenRejected {
  static readonly topic = 'bot.token_rejected';
  constructor(
    readonly tenantId: TenantId,
    readonly botId: BotId,
    readonly botNo: BotNumber,
  ) {}
}
