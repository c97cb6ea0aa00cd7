import { isIP } from 'node:net';

/** Whether an IP address leads nowhere but to this machine. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

/** The default for webhook targets: this machine, by name or address. */
export function isLoopbackTarget(url: URL): boolean {
  return url.hostname === 'localhost' || isLoopbackAddress(unwrapAddress(url.hostname));
}

const mappedAddress = /^::ffff:(?:([0-9a-f]{1,4}):([0-9a-f]{1,4})|(\d+\.\d+\.\d+\.\d+))$/i;

/** An address without brackets; one of IPv4 that was written as IPv6 in its own form, so that no rule is fooled. */
export function unwrapAddress(address: string): string {
  const bare = address.replace(/^\[|\]$/g, '');
  const [, high, low, dotted] = mappedAddress.exec(bare) ?? [];
  if (dotted !== undefined) return dotted;
  if (high === undefined || low === undefined) return bare;
  const [upper, lower] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [upper >> 8, upper & 255, lower >> 8, lower & 255].join('.');
}

export interface WebhookTargetRules {
  isTargetAllowed: (url: URL) => boolean;
  /** Asked again for every address that a name resolves to, when the connection is made. */
  isAddressAllowed: (address: string) => boolean;
}

/** Says in Telegram's manner why a webhook must not lead there; undefined when it may. */
export function findTargetProblem(address: string, rules: WebhookTargetRules): string | undefined {
  if (address.length > 2048 || !URL.canParse(address)) return 'invalid webhook URL specified';
  const url = new URL(address);
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
