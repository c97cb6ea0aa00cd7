/** Ways to write an address of this machine or of a network that is nobody's business, as a URL's host. */
const LOOPBACK_HOSTS = [
  ...[
    '127.0.0.1',
    '127.0.0.2',
    '127.1',
    '127.0.1',
    '127.0.0.1.',
    '127.255.255.254',
    '2130706433',
    '0x7f000001',
  ],
  ...['0x7f.1', '0x7f.0.0.1', '0x7F.0x0.0x0.0x1', '0177.0.0.1', '017700000001', '0177.1', '00000177.0.0.1'],
  ...['localhost', 'LOCALHOST', 'localhost.', 'LocalHost', '0.0.0.0', '0', '0x0', '00', '0.0', '0.0.0.0.'],
  ...[
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[0000::0001]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::FFFF:127.0.0.1]',
  ],
  ...[
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '[::]',
    '[0::0]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
  ],
  ...[
    '\uff11\uff12\uff17.\uff10.\uff10.\uff11',
    '127\u30020\u30020\u30021',
    '\u2460\u2461\u2466.0.0.1',
    '%31%32%37.0.0.1',
  ],
  ...['loc\u00adalhost', 'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ', '127.0.0.1%2f', '127.0.0.1%00.example.org'],
];
const PRIVATE_HOSTS = [
  ...[
    '10.0.0.1',
    '10.255.255.255',
    '0xa000001',
    '167772161',
    '012.0.0.1',
    '10.1',
    '172.16.0.1',
    '172.31.255.254',
  ],
  ...[
    '192.168.0.1',
    '192.168.257',
    '0xc0a80001',
    '3232235521',
    '169.254.169.254',
    '169.254.43518',
    '0xa9fea9fe',
  ],
  ...[
    '2852039166',
    '0251.0376.0251.0376',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[fe80::1]',
    '[fc00::1]',
  ],
  ...[
    '[fd12:3456:789a::1]',
    '[fec0::1]',
    '100.64.0.1',
    '100.127.255.255',
    '198.18.0.1',
    '192.0.0.1',
    '224.0.0.1',
  ],
  ...[
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '[ff02::1]',
    '[::ffff:10.0.0.1]',
    '[::ffff:192.168.0.1]',
  ],
];

/**
 * Addresses that lead, or might lead, to a port of this machine or into a private network.
 *
 * @param allowed the one host that may be called: what looks like it must not pass for it
 */
export function spellAddresses(port: number, allowed: string): string[] {
  const ported = LOOPBACK_HOSTS.flatMap((host) => [
    `http://${host}:${port}/`,
    `https://${host}:${port}/trap`,
  ]);
  const named = [...LOOPBACK_HOSTS, ...PRIVATE_HOSTS].map((host) => `http://${host}/latest/meta-data/`);
  const disguised = LOOPBACK_HOSTS.slice(0, 16).flatMap((host) => [
    `http://${allowed}@${host}:${port}/`,
    `http://${allowed}%2f@${host}:${port}/`,
    `http://user:password@${host}:${port}/`,
  ]);
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
  ];
  return [...ported, ...named, ...disguised, ...crooked];
}
