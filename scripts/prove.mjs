// npm run prove -- NAME [--quick]: does to Arauto what it promises to survive, and counts what came of it.
import { runByName } from './run-by-name.mjs';

await runByName({ command: 'prove', folder: 'proofs', suffix: '.proof.mjs' });
