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

/** Whether an address, as `URL.href` writes it, is that of some bot's webhook at this API and no other place of it. */
export function isWebhookUrl(href: string, publicUrl: string): boolean {
  const { href: prefix } = new URL(webhookUrlOf(publicUrl, ''));
  return href.startsWith(prefix) && isWebhookPath(href.slice(prefix.length));
}

/** What Telegram is told about every webhook beside its path. */
export interface WebhookTerms {
  /** Address under which Telegram reaches the API. */
  readonly publicUrl: string;
  /** Names the rest: another one means that every bot's webhook is to be told anew. */
  readonly fingerprint: string;
}

/** How it is kept what Telegram was told about one bot's webhook; {@link registrationSql} says the same. */
export function registrationOf({ publicUrl, fingerprint }: WebhookTerms, path: string): string {
  return `${webhookUrlOf(publicUrl, path)}#${fingerprint}`;
}

/**
 * {@link registrationOf} in SQL.
 * @param publicUrl placeholder of a text, such as `$3`
 */
export function registrationSql(publicUrl: string, fingerprint: string, path: string): string {
  return `${publicUrl}::text || '${WEBHOOK_PREFIX}/' || ${path} || '#' || ${fingerprint}::text`;
}

/**
 * Whose webhook Telegram names. The path alone decides: it is random and the bot's own, and Telegram may write the rest
 * of the address in another way than it was told.
 *
 * @param url empty where no webhook is set
 */
export function judgeWebhook(url: string, path: string): 'ours' | 'removed' | 'replaced' {
  if (url === '') return 'removed';
  return url.endsWith(`${WEBHOOK_PREFIX}/${path}`) ? 'ours' : 'replaced';
}
