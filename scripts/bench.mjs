// npm run bench -- NAME [--quick]: measures Arauto beside its peers. The full form leaves its result in bench/results, from
// where npm run bench:report takes it to the README.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { homeDirectory } from './run.mjs';
import { runByName } from './run-by-name.mjs';

await runByName({
  command: 'bench',
  folder: 'bench',
  suffix: '.bench.mjs',
  keep: (name, result) => {
    const directory = join(homeDirectory, 'bench/results');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  },
});
