// npm run bench -- NAME [--quick]: measures Arauto beside its peers. A table for people, a last line of JSON for
// programs, exit 1 where a promised figure isn't met.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, homeDirectory } from './run.mjs';

const benchDirectory = join(homeDirectory, 'bench');
const SUFFIX = '.bench.mjs';
const names = readdirSync(benchDirectory)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length));
const [name, ...options] = process.argv.slice(2);

if (!names.includes(name) || options.some((option) => option !== '--quick')) {
  console.error(`Usage: npm run bench -- NAME [--quick], where NAME is one of: ${names.join(', ')}`);
  process.exit(2);
}

// An interrupted bench takes its processes along; a server that it leaves is found by the next.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
await ensureInstalled();
await ensureInstalled(benchDirectory);
await ensureBuilt();
if (!existsSync(join(homeDirectory, 'dist/main.js'))) throw new Error('The build left no dist/main.js.');
const { runBench } = await import(`../bench/${name}${SUFFIX}`);
const result = await runBench({ isQuick: options.includes('--quick') });
console.log(JSON.stringify(result));
process.exitCode = result.isMet ? 0 : 1;
