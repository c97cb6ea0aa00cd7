#!/usr/bin/env node
// npm start and npx arauto: the real thing, on the embedded PostgreSQL or on DATABASE_URL; with words, one of its commands.
// The build is brought up to date first.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, homeDirectory } from './run.mjs';

await ensureInstalled();
await ensureBuilt();
process.setSourceMapsEnabled(true);
const settingsFile = join(homeDirectory, '.env');
// What the environment says already goes before the file.
if (existsSync(settingsFile)) process.loadEnvFile(settingsFile);
// In this process, so that signals reach Arauto itself, once.
await import('../dist/main.js');
