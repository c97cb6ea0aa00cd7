import { BlockList, isIP } from 'node:net';

/**
 * What is not the public internet, by IANA's registries of special-purpose addresses:
 * https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry
 */
const RESERVED_IPV4 = [
  '0.0.0.0/8', // this host
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT, and Alibaba's metadata (100.100.100.200)
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // Azure's own services; public by number only
  '169.254.0.0/16', // link-local, and most clouds' metadata (169.254.169.254)
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments, and Oracle's metadata (192.0.0.192)
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
];

/** Global unicast. All else is refused as it is: mapped, NAT64, unique local, link-local, multicast, loopback. */
const GLOBAL_IPV6 = '2000::/3';
const RESERVED_IPV6 = [
  '2001::/23', // protocol assignments; Teredo, which wraps an IPv4 address, among them
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, which wraps an IPv4 address
  '3fff::/20', // documentation
];

const reserved = listOf([...RESERVED_IPV4, ...RESERVED_IPV6]);
const global = listOf([GLOBAL_IPV6]);

/**
 * Whether an IP address, as a resolver or `URL.hostname` gives it, belongs to the public internet. What is no address
 * doesn't.
 */
export function isPublicAddress(address: string): boolean {
  const bare = unwrapAddress(address);
  switch (isIP(bare)) {
    case 4:
      return !reserved.check(bare, 'ipv4');
    case 6:
      return !bare.includes('%') && global.check(bare, 'ipv6') && !reserved.check(bare, 'ipv6');
    default:
      return false;
  }
}

/** Whether an IP address leads nowhere but to this machine. */
export function isLoopbackAddress(address: string): boolean {
  const bare = unwrapAddress(address);
  return bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

const MAPPED = /^(?:0{0,4}:){0,5}:?:?ffff:(?:([0-9a-f]{1,4}):([0-9a-f]{1,4})|(\d+\.\d+\.\d+\.\d+))$/i;

/** An address without brackets; one of IPv4 that was written as IPv6 in its own form, so that no rule is fooled. */
export function unwrapAddress(address: string): string {
  const bare = address.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 6) return bare;
  const [, high, low, dotted] = MAPPED.exec(bare) ?? [];
  if (dotted !== undefined) return dotted;
  if (high === undefined || low === undefined) return bare;
  const [upper, lower] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [upper >> 8, upper & 255, lower >> 8, lower & 255].join('.');
}

function listOf(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/');
    list.addSubnet(network, Number(bits), isIP(network) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
