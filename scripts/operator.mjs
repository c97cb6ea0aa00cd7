// npm run operator -- create --email ADDRESS: who runs the installation. On the embedded PostgreSQL or on DATABASE_URL.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, homeDirectory } from './run.mjs';

await ensureInstalled();
await ensureBuilt();
const settingsFile = join(homeDirectory, '.env');
// What the environment says already goes before the file.
if (existsSync(settingsFile)) process.loadEnvFile(settingsFile);
process.argv.splice(2, 0, 'operator');
await import('../dist/main.js');
