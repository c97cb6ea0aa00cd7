import { type BotId, type BotNumber, type TenantId } from '../../platform/identity/index.js';
import { type BotEnvironment, type BotState } from '../registration/bot-state.rules.js';

/** A bot as those need it who call Telegram in its name. Never serialised: it holds the token. */
export interface ConnectedBot {
  readonly botNo: BotNumber;
  readonly botId: BotId;
  readonly tenantId: TenantId;
  readonly environment: BotEnvironment;
  /** Address of the Bot API server, such as `https://api.telegram.org`. */
  readonly apiRoot: string;
  readonly state: BotState;
  /** Telegram's own number of the bot. */
  readonly telegramId: number;
  readonly firstName: string;
  readonly username: string | null;
  /** Empty where the bot is disconnected; the wire takes such a call as "token rejected". */
  readonly token: string;
  /** Names the token without telling it: a verdict on one token must not hit its successor. */
  readonly tokenFingerprint: Buffer;
}
