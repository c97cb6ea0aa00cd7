import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The root of the repository. */
export const homeDirectory = join(__dirname, '../..');

/** Compiles `src` to `dist` if it changed, for tests that run the product as processes of its own. */
export async function buildProduct(): Promise<void> {
  await promisify(execFile)(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      "const { ensureBuilt } = await import('./scripts/run.mjs'); await ensureBuilt();",
    ],
    { cwd: homeDirectory },
  );
}
