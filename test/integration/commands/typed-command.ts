import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { homeDirectory } from '../../harness/product.js';

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

/** Types a command of the built program, as a process of its own with nothing but these settings. */
export function typeCommand(
  words: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(homeDirectory, 'dist/main.js'), ...words],
      {
        cwd: homeDirectory,
        env: { PATH: process.env['PATH'], NODE_ENV: 'test', LOG_LEVEL: 'error', ...settings },
      },
      (_error, output, errors) => resolve({ exitCode: child.exitCode ?? -1, output, errors }),
    );
    child.stdin?.end();
  });
}
