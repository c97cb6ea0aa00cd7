// npm run audit -- verify: follows the chain of every tenant's audit log; ends with 1 where one is broken.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, homeDirectory } from './run.mjs';

if (process.argv[2] !== 'verify') {
  console.error('Say what to do: npm run audit -- verify');
  process.exit(2);
}
await ensureInstalled();
await ensureBuilt();
const settingsFile = join(homeDirectory, '.env');
if (existsSync(settingsFile)) process.loadEnvFile(settingsFile);
process.argv.splice(2, 1, 'verify-audit');
await import('../dist/main.js');
