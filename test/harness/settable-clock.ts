import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, fchmodSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { homeDirectory } from './product.js';

const SOURCE = join(homeDirectory, 'test/harness/settable-clock.c');

/** A wall clock that processes go by which get its variables, and that a test sets while they run; monotonic clocks go on. */
export class SettableClock {
  private readonly directory = mkdtempSync(join(tmpdir(), 'arauto-clock-'));
  private readonly file = openSync(join(this.directory, 'ahead'), 'w');
  /** What a process needs to go by it. */
  readonly environment: Readonly<Record<string, string>>;

  /** @throws Error that says how to get it, where the compiler is missing */
  constructor() {
    const library = join(this.directory, 'clock.so');
    // PostgreSQL runs in another account where we are root.
    chmodSync(this.directory, 0o755);
    fchmodSync(this.file, 0o644);
    this.set(0);
    compile(library);
    this.environment = { LD_PRELOAD: library, SETTABLE_CLOCK_FILE: join(this.directory, 'ahead') };
  }

  /** @param aheadSeconds of the machine's clock; below 0 for behind */
  set(aheadSeconds: number): void {
    const bytes = Buffer.alloc(8);
    const nanoseconds = BigInt(Math.round(aheadSeconds * 1_000)) * 1_000_000n;
    if (endianness() === 'LE') bytes.writeBigInt64LE(nanoseconds);
    else bytes.writeBigInt64BE(nanoseconds);
    // In place, since processes have it in their memory.
    writeSync(this.file, bytes, 0, bytes.length, 0);
  }

  remove(): void {
    closeSync(this.file);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function compile(library: string): void {
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O2', '-Wall', '-Werror', '-o', library, SOURCE, '-ldl']);
    chmodSync(library, 0o755);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(
      'The C compiler "cc" is missing, with which clocks are set for one process alone. ' +
        'Install it as root with "apt-get install -y gcc libc6-dev" (Debian, Ubuntu) and run this again.',
      { cause: error },
    );
  }
}
