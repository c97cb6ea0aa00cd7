import { isIP } from 'node:net';
import { isPublicAddress, readUrl, unwrapAddress } from '../platform/egress/index.js';

const SECOND = 1;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Seconds from a failed attempt to the next: ten attempts over a little more than three days. */
const RETRY_AFTER_SECONDS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;

/** @returns undefined where the attempt was the last one */
export function retryAfterSeconds(attempts: number): number | undefined {
  return RETRY_AFTER_SECONDS[attempts - 1];
}

/** An endpoint where nothing arrives for so long is given up, until somebody enables it again. */
export const DISABLED_AFTER_FAILING_HOURS = 72;

/** How long the secret before a rotation signs as well. */
export const OLD_SECRET_HOURS = 24;

/** Says in words why a webhook may not lead there; undefined where it may. The address is asked again at each connection. */
export function findTargetProblem(address: string, arePrivateTargetsAllowed: boolean): string | undefined {
  const url = readUrl(address);
  if (!url) return 'This is no address; write it like https://example.org/arauto.';
  if (url.protocol !== 'https:' && !(arePrivateTargetsAllowed && url.protocol === 'http:')) {
    return 'Only https addresses are called.';
  }
  if (url.username !== '' || url.password !== '') {
    return 'The address must not carry a user or password; verify the signature instead.';
  }
  if (url.hash !== '') return 'What follows # is never sent; leave it out.';
  if (arePrivateTargetsAllowed) return undefined;
  // A name may end with a dot, and is the same name.
  const host = unwrapAddress(url.hostname).replace(/\.+$/, '');
  const isHere = host === 'localhost' || host.endsWith('.localhost');
  if (isHere || (isIP(host) !== 0 && !isPublicAddress(host))) {
    return 'This address is not on the public internet.';
  }
  return undefined;
}

/** Whether an answer means that the event arrived; a redirect doesn't, since none is followed. */
export function isTaken(status: number): boolean {
  return status >= 200 && status < 300;
}
