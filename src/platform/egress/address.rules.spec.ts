import { isLoopbackAddress, isPublicAddress, unwrapAddress } from './address.rules.js';

/** As somebody would type it into an address; the parser of URLs makes of it what is called. */
const hostOf = (spelling: string): string => new URL(`http://${spelling}/`).hostname;

const FORBIDDEN = [
  // This machine, however it is written.
  '127.0.0.1',
  '127.0.0.2',
  '127.255.255.254',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '017700000001',
  '0177.1',
  '127.0x0.0.01',
  '127.0.0.1.',
  '0x7F.0x0.0x0.0x1',
  '１２７.0.0.1',
  '127。0。0。1',
  '①②⑦.⓪.⓪.①',
  '%31%32%37.0.0.1',
  '0.0.0.0',
  '0',
  '0x0',
  '00',
  '0.0.0.1',
  '0.255.255.255',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[0000:0000:0000:0000:0000:0000:0000:0001]',
  '[::]',
  '[::127.0.0.1]',
  '[0::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:127.0.0.1]',
  '[0:0:0:0:0:FFFF:7F00:0001]',
  '[::ffff:0:127.0.0.1]',
  '[::ffff:0:0]',
  // Private networks.
  '10.0.0.1',
  '10.255.255.255',
  '10.1',
  '0xa.0.0.1',
  '012.0.0.1',
  '167772161',
  '0x0a000001',
  '172.16.0.1',
  '172.31.255.255',
  '172.20.10.1',
  '0xac.0x10.0.1',
  '2886729729',
  '172.16.1',
  '192.168.0.1',
  '192.168.255.255',
  '192.168.1',
  '0xc0a80001',
  '3232235521',
  '0300.0250.0.1',
  '192.11010305',
  '[::ffff:10.0.0.1]',
  '[::ffff:a00:1]',
  '[::ffff:192.168.0.1]',
  '[::ffff:c0a8:1]',
  '[::10.0.0.1]',
  '[fc00::1]',
  '[fd00::1]',
  '[fd12:3456:789a::1]',
  '[fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]',
  '[fec0::1]',
  // Clouds' metadata.
  '169.254.169.254',
  '169.254.0.1',
  '169.254.170.2',
  '0xa9fea9fe',
  '2852039166',
  '0251.0376.0251.0376',
  '169.254.43518',
  '0xa9.254.0xa9fe',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[fe80::a9fe:a9fe]',
  '[febf::1]',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
  // Carrier-grade NAT, benchmarks, documentation, relays.
  '100.64.0.1',
  '100.127.255.254',
  '198.18.0.1',
  '198.19.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '198.51.100.7',
  '203.0.113.9',
  '192.88.99.1',
  '[2001:db8::1]',
  '[3fff::1]',
  '[2001:10::1]',
  '[2001:20::1]',
  '[100::1]',
  // Multicast, reserved, broadcast.
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
  '4294967295',
  '0xffffffff',
  '[ff02::1]',
  '[ff05::2]',
  // IPv4 wrapped in IPv6: 6to4, Teredo, NAT64, and what else is outside of global unicast.
  '[2002:7f00:1::]',
  '[2002:a00:1::1]',
  '[2002:c0a8:1::1]',
  '[2002:a9fe:a9fe::]',
  '[2001:0:7f00:1::]',
  '[2001::a9fe:a9fe]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::169.254.169.254]',
  '[64:ff9b:1::10.0.0.1]',
  '[::7f00:1]',
  '[5f00::1]',
  '[4000::1]',
  '[1::1]',
];

const ALLOWED = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '149.154.167.220',
  '168.63.129.15',
  '169.253.255.255',
  '169.255.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '191.255.0.1',
  '192.0.1.1',
  '192.167.255.255',
  '192.169.0.1',
  '198.17.255.255',
  '198.20.0.1',
  '203.0.112.1',
  '223.255.255.255',
  '0x08080808',
  '134744072',
  '[2606:4700:4700::1111]',
  '[2001:4860:4860::8888]',
  '[2a00:1450:4001::1]',
  '[2001:67c:4e8:f004::9]',
  '[::ffff:8.8.8.8]',
];

describe('isPublicAddress', () => {
  it('is asked about more than a hundred spellings', () => {
    expect(new Set(FORBIDDEN).size).toBe(FORBIDDEN.length);
    expect(FORBIDDEN.length).toBeGreaterThan(100);
  });

  it.each(FORBIDDEN)('refuses %s', (spelling) => {
    expect(isPublicAddress(hostOf(spelling))).toBe(false);
  });

  it.each(ALLOWED)('lets %s pass', (spelling) => {
    expect(isPublicAddress(hostOf(spelling))).toBe(true);
  });

  it.each([
    '',
    'localhost',
    'example.org',
    '127.0.0.1:80',
    'fe80::1%eth0',
    '2606:4700::1%eth0',
    '1.2.3',
    '::ffff:8.8.8.8.8',
  ])('takes %j, which is no plain address, for none', (text) => {
    expect(isPublicAddress(text)).toBe(false);
  });
});

describe('unwrapAddress', () => {
  it.each([
    ['[::ffff:127.0.0.1]', '127.0.0.1'],
    ['::ffff:7f00:1', '127.0.0.1'],
    ['0:0:0:0:0:ffff:a9fe:a9fe', '169.254.169.254'],
    ['[::1]', '::1'],
    ['10.0.0.1', '10.0.0.1'],
    ['2606:4700::ffff:1:1', '2606:4700::ffff:1:1'],
    ['example.org', 'example.org'],
  ])('makes %s %s', (address, bare) => {
    expect(unwrapAddress(address)).toBe(bare);
  });
});

describe('isLoopbackAddress', () => {
  it('knows this machine in both families and nothing else', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '[::1]', '::ffff:127.0.0.1'].every(isLoopbackAddress)).toBe(
      true,
    );
    expect(['10.0.0.1', '::2', 'localhost', '128.0.0.1', ''].some(isLoopbackAddress)).toBe(false);
  });
});
