import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { unwrapAddress } from './address.rules.js';

/** The connection was refused by us, before a single packet left. */
class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
  readonly code = 'EACCES';

  constructor(host: string) {
    super(`${host} leads to an address that may not be called`);
  }
}

/**
 * An HTTP agent for addresses that strangers chose. Names are checked by what they resolve to at the moment of the
 * connection, since a name can change its mind, and addresses as they are. It follows no redirects; neither does
 * undici's `request`.
 *
 * @param timeoutMs for connecting, for the headers, and between two parts of the body
 */
export function createEgressAgent(isAddressAllowed: (address: string) => boolean, timeoutMs: number): Agent {
  const connect = buildConnector({ lookup: guardLookup(isAddressAllowed), timeout: timeoutMs });
  return new Agent({
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: (options, callback) => {
      const host = unwrapAddress(options.hostname);
      // Node asks no lookup for what is an address already.
      if (isIP(host) !== 0 && !isAddressAllowed(host)) callback(new ForbiddenAddressError(host), null);
      else connect(options, callback);
    },
  });
}

function guardLookup(isAddressAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const allowed = error ? [] : addresses.filter(({ address }) => isAddressAllowed(address));
      const [first] = allowed;
      if (error || !first) callback(error ?? new ForbiddenAddressError(hostname), '', 0);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
