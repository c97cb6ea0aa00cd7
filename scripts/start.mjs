// npm start: the real thing, on the embedded PostgreSQL or on DATABASE_URL.
import { ensureBuilt, ensureInstalled } from './run.mjs';

await ensureInstalled();
await ensureBuilt();
process.setSourceMapsEnabled(true);
// In this process, so that signals reach Arauto itself, once.
await import('../dist/main.js');
