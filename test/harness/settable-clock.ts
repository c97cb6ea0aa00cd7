import { chmodSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LIBRARY_ROOTS = ['/usr/lib', '/usr/local/lib'];
const LIBRARY = 'faketime/libfaketimeMT.so.1';

/** A wall clock that processes go by which get its variables, and that a test sets while they run; monotonic clocks go on. */
export class SettableClock {
  private readonly directory = mkdtempSync(join(tmpdir(), 'arauto-clock-'));
  private readonly file = join(this.directory, 'offset');
  /** What a process needs to go by it. */
  readonly environment: Readonly<Record<string, string>>;

  /** @throws Error that says how to get it, where the library is missing */
  constructor() {
    this.environment = {
      LD_PRELOAD: findLibrary(),
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
    // PostgreSQL runs in another account where we are root.
    chmodSync(this.directory, 0o755);
    this.set(0);
  }

  /** @param aheadSeconds of the machine's clock; below 0 for behind */
  set(aheadSeconds: number): void {
    // Renamed, since a file half written would be no time at all.
    const next = join(this.directory, 'next');
    writeFileSync(next, `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}s\n`);
    renameSync(next, this.file);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function findLibrary(): string {
  const folders = LIBRARY_ROOTS.filter((root) => existsSync(root)).flatMap((root) => [
    root,
    ...readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(root, entry.name)),
  ]);
  const library = folders.map((folder) => join(folder, LIBRARY)).find((path) => existsSync(path));
  if (library === undefined) {
    throw new Error(
      'libfaketime is missing, with which clocks are set for one process alone. ' +
        'Install it as root with "apt-get install -y faketime" (Debian, Ubuntu) and run this again.',
    );
  }
  return library;
}
