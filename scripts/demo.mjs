// npm run demo: Arauto does its main job before your eyes, on a database and a Telegram of its own.
import { ensureBuilt, ensureInstalled } from './run.mjs';

const USAGE = `npm run demo             at Telegram's limits; stays up until Ctrl-C
npm run demo -- --once   without limits; ends by itself, its last line is JSON`;

const given = process.argv.slice(2);
if (given.some((argument) => argument !== '--once')) {
  console.error(USAGE);
  process.exit(given.includes('--help') ? 0 : 2);
}
await ensureInstalled();
await ensureBuilt();
// Only now is there anything to import.
const { runDemo } = await import('./demo/run-demo.mjs');
process.exitCode = await runDemo({ isOnce: given.includes('--once') });
