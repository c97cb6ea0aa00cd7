// npm run bench -- NAME [--quick]: measures Arauto beside its peers.
import { runByName } from './run-by-name.mjs';

await runByName({ command: 'bench', folder: 'bench', suffix: '.bench.mjs' });
