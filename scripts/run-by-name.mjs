// What `npm run bench -- NAME [--quick]` and `npm run prove -- NAME [--quick]` share: a folder with one file per name, a
// table for people, a last line of JSON for programs, exit 1 where a promised figure isn't met.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureInstalled, homeDirectory } from './run.mjs';

/**
 * Runs what the command line names: `run({ isQuick })` of its file gives the last line, with `isMet` in it.
 *
 * @param {{ command: string, folder: string, suffix: string, keep?: (name: string, result: object) => void }} place
 *   `keep` gets what the full form gave
 */
export async function runByName({ command, folder, suffix, keep }) {
  const directory = join(homeDirectory, folder);
  const names = readdirSync(directory)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length));
  const [name, ...options] = process.argv.slice(2);

  if (!names.includes(name) || options.some((option) => option !== '--quick')) {
    console.error(`Usage: npm run ${command} -- NAME [--quick], where NAME is one of: ${names.join(', ')}`);
    process.exit(2);
  }

  // An interrupted run takes its processes along; a server that it leaves is found by the next.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  await ensureInstalled();
  if (existsSync(join(directory, 'package.json'))) await ensureInstalled(directory);
  await ensureBuilt();
  if (!existsSync(join(homeDirectory, 'dist/main.js'))) throw new Error('The build left no dist/main.js.');
  const { run } = await import(pathToFileURL(join(directory, name + suffix)).href);
  const isQuick = options.includes('--quick');
  const result = await run({ isQuick });
  if (!isQuick) keep?.(name, result);
  console.log(JSON.stringify(result));
  process.exitCode = result.isMet ? 0 : 1;
}
