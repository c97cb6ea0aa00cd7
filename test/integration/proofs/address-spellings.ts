/** Of every network that is not the public internet, one address at least; of this machine and of clouds' metadata, more. */
const PRIVATE_IPV4 = [
  ...['127.0.0.1', '127.0.0.2', '127.255.255.254', '0.0.0.0', '10.0.0.1', '10.255.255.255', '172.16.0.1'],
  ...['172.31.255.254', '192.168.0.1', '169.254.169.254', '169.254.170.2', '100.64.0.1', '100.100.100.200'],
  ...['192.0.0.192', '168.63.129.16', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
];
const PRIVATE_IPV6 = [
  ...['::1', '0:0:0:0:0:0:0:1', '0000::0001', '::', '0::0', '::ffff:0:127.0.0.1', '2001::a9fe:a9fe'],
  ...['fe80::1', 'febf::1', 'fc00::1', 'fd12:3456:789a::1', 'fd00:ec2::254', 'fec0::1', 'ff02::1'],
  ...['64:ff9b:1::10.0.0.1', '2001:db8::1', '100::1', '5f00::1'],
];
const NAMES_OF_THIS_MACHINE = [
  ...['localhost', 'LOCALHOST', 'LocalHost', 'localhost.', 'loc\u00adalhost', '%6cocalhost'],
  ...['\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3', 'any.localhost', 'any.localhost.'],
];
const ODD_HOSTS = ['\u2460\u2461\u2466.0.0.1', '127\u30020\u30020\u30021', '0x7f.0.1', '00000177.0.0.1'];

/** Hosts of URLs that lead to this machine or into a network that is nobody's business, in every form there is. */
export const PRIVATE_HOSTS: readonly string[] = [
  ...new Set([
    ...PRIVATE_IPV4.flatMap(spellIpv4),
    ...PRIVATE_IPV6.map((address) => `[${address}]`),
    ...NAMES_OF_THIS_MACHINE,
    ...ODD_HOSTS,
  ]),
];

/** In dots, as one number, in hex, in octal, shortened, with a dot, in other digits, encoded, and wrapped in IPv6. */
function spellIpv4(dotted: string): string[] {
  const bytes = dotted.split('.').map(Number);
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const whole = ((a * 256 + b) * 256 + c) * 256 + d;
  const pair = (high: number, low: number) => (high * 256 + low).toString(16);
  const [upper, lower] = [pair(a, b), pair(c, d)];
  return [
    dotted,
    `${dotted}.`,
    String(whole),
    `0x${whole.toString(16)}`,
    `0${whole.toString(8)}`,
    bytes.map((byte) => `0x${byte.toString(16)}`).join('.'),
    bytes.map((byte) => `0X${byte.toString(16).toUpperCase()}`).join('.'),
    bytes.map((byte) => `0${byte.toString(8)}`).join('.'),
    `${a}.${b}.${c * 256 + d}`,
    `${a}.${(b * 256 + c) * 256 + d}`,
    dotted.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    dotted.replace(/\d/g, (digit) => `%3${digit}`),
    `[::ffff:${dotted}]`,
    `[0:0:0:0:0:FFFF:${dotted}]`,
    `[::ffff:${upper}:${lower}]`,
    `[::${dotted}]`,
    `[64:ff9b::${dotted}]`,
    `[2002:${upper}:${lower}::]`,
  ];
}

/**
 * The private hosts in addresses that are wrong in nothing but where they lead: whoever refuses one does so for that
 * reason, or for none.
 */
export function spellPrivateTargets(port: number): string[] {
  return PRIVATE_HOSTS.map((host) => `https://${host}:${port}/latest/meta-data/`);
}

/**
 * Addresses that pass for others, or are none: each might lead to a port of this machine.
 *
 * @param allowed the one host that may be called: what looks like it must not pass for it
 */
export function spellAddresses(port: number, allowed: string): string[] {
  const plain = PRIVATE_HOSTS.map((host) => `http://${host}:${port}/`);
  const disguised = [...PRIVATE_IPV4.slice(0, 2).flatMap(spellIpv4), ...NAMES_OF_THIS_MACHINE].flatMap(
    (host) =>
      ['http', 'https'].flatMap((scheme) => [
        `${scheme}://${allowed}@${host}:${port}/`,
        `${scheme}://${allowed}%2f@${host}:${port}/`,
        `${scheme}://user:password@${host}:${port}/`,
      ]),
  );
  const crooked = [
    `http:\\\\127.0.0.1:${port}\\`,
    `http:/127.0.0.1:${port}/`,
    `http:127.0.0.1:${port}/`,
    `//127.0.0.1:${port}/`,
    `http://127.0.0.1:${port}#@${allowed}/`,
    `http://127.0.0.1:${port}?@${allowed}/`,
    `http://127.0.0.1:${port}\\@${allowed}/`,
    `http://${allowed}:80@127.0.0.1:${port}/`,
    `http://${allowed}.127.0.0.1.nip.io:${port}/`,
    `http://${allowed}:${port}.evil.example/`,
    `http://${allowed}evil.example:${port}/`,
    `https://127.0.0.1%2f:${port}/`,
    `https://127.0.0.1%00.example.org:${port}/`,
    `https:\\\\127.0.0.1:${port}\\`,
    `https:127.0.0.1:${port}/`,
    `https://127.0.0.1:${port}\\@${allowed}/`,
    `https://127.0.0.1:${port}#@${allowed}/`,
    `https://[fe80::1%25eth0]:${port}/`,
    `ht\ttp://127.0.0.1:${port}/`,
    ` http://127.0.0.1:${port}/`,
    `http://127.0.0.1\t:${port}/`,
    `http://127.0.0.1\n:${port}/`,
    `file:///etc/passwd`,
    `gopher://127.0.0.1:${port}/_`,
    `ftp://127.0.0.1:${port}/`,
    `dict://127.0.0.1:${port}/`,
    `unix:/var/run/docker.sock`,
    `data:text/plain,hello`,
    `javascript:fetch('http://127.0.0.1:${port}')`,
    `jar:http://127.0.0.1:${port}!/`,
    `ws://127.0.0.1:${port}/`,
    `wss://127.0.0.1:${port}/`,
  ];
  return [...plain, ...disguised, ...crooked];
}
