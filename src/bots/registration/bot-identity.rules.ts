import { type Settings } from '../../config/index.js';
import { type BotEnvironment } from './bot-state.rules.js';

/** The sandbox may listen elsewhere tomorrow and its bots stay the same bots: their root is a name. */
const SANDBOX = 'sandbox';

/** Where a bot is at home, as part of who it is; what the column `api_root` holds. */
export function homeOf(environment: BotEnvironment, settings: Pick<Settings, 'TELEGRAM_API_ROOT'>): string {
  return environment === 'sandbox' ? SANDBOX : settings.TELEGRAM_API_ROOT;
}

/** Where calls of a bot go. A live bot stays with the server that it was connected on. */
export function apiRootOf(
  environment: BotEnvironment,
  home: string,
  settings: Pick<Settings, 'SANDBOX_URL' | 'SANDBOX_HOST' | 'SANDBOX_PORT'>,
): string {
  if (environment === 'live') return home;
  return settings.SANDBOX_URL ?? `http://${settings.SANDBOX_HOST}:${settings.SANDBOX_PORT}`;
}
