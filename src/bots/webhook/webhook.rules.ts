/** Under it Telegram posts; behind it comes the bot's random path. */
export const WEBHOOK_PREFIX = '/telegram/webhook';

/** 32 random bytes, as `randomSecret` writes them; whatever looks otherwise is nobody's path. */
const PATH = /^[A-Za-z0-9_-]{43}$/;

export function isWebhookPath(path: string): boolean {
  return PATH.test(path);
}

export function webhookUrlOf(publicUrl: string, path: string): string {
  return `${publicUrl}${WEBHOOK_PREFIX}/${path}`;
}
