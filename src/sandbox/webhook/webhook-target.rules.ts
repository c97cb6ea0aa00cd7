import { isIP } from 'node:net';

import { isLoopbackAddress, readUrl, unwrapAddress } from '../../platform/egress/index.js';

/** Where bots may be called. */
export interface WebhookTargetRules {
  isTargetAllowed: (url: URL) => boolean;
  /** Asked again for every address that a name resolves to, when the connection is made. */
  isAddressAllowed: (address: string) => boolean;
}

/** The default: bots are called nowhere and fetch their updates themselves. */
export const NO_WEBHOOKS: WebhookTargetRules = {
  isTargetAllowed: () => false,
  isAddressAllowed: () => false,
};

/** This machine, by name or address: for tests alone, since whoever has a bot then reaches every port of it. */
export const LOOPBACK_WEBHOOKS: WebhookTargetRules = {
  isTargetAllowed: (url) => url.hostname === 'localhost' || isLoopbackAddress(url.hostname),
  isAddressAllowed: isLoopbackAddress,
};

/** Says in Telegram's manner why a webhook must not lead there; undefined when it may. */
export function findTargetProblem(address: string, rules: WebhookTargetRules): string | undefined {
  const url = address.length > 2048 ? undefined : readUrl(address);
  if (!url) return 'invalid webhook URL specified';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return 'an HTTPS URL must be provided for webhook';
  }
  if (url.username !== '' || url.password !== '') return 'the URL must not carry a user or password';
  const host = unwrapAddress(url.hostname);
  const isReserved = isIP(host) !== 0 && !rules.isAddressAllowed(host);
  if (isReserved) return `IP address ${host} is reserved`;
  return rules.isTargetAllowed(url) ? undefined : 'the sandbox may not call this address';
}

// Telegram's delays are not public; these grow from half a second to a minute.
const firstDelayMs = 500;
const longestDelayMs = 60_000;

/** How long a webhook rests after so many failures in a row. */
export function nextDelayMs(failures: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failures - 1, 10));
}
