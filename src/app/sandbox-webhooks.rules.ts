import { isWebhookUrl } from '../bots/index.js';
import { NO_WEBHOOKS, type WebhookTargetRules } from '../sandbox/index.js';

/**
 * Whom the sandbox may call: the webhooks of this API and nothing else, so that no tenant's bot reaches other services
 * through us. Without a public address bots are polled, and it calls nobody.
 */
export function webhookTargetsOf(publicUrl: string | undefined): WebhookTargetRules {
  if (publicUrl === undefined) return NO_WEBHOOKS;
  return {
    isTargetAllowed: ({ href }) => isWebhookUrl(href, publicUrl),
    // The operator chose the name; behind a proxy it may well lead to this network.
    isAddressAllowed: () => true,
  };
}
