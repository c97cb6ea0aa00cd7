// npm run env-example: writes .env.example from the settings that src/config declares; --check only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, homeDirectory } from './run.mjs';

const LINE_LENGTH = 100;
const file = join(homeDirectory, '.env.example');

const isCheck = process.argv.includes('--check');
// The check is part of the tests, which must not install anything while others of them run.
if (!isCheck) await ensureInstalled();
await ensureBuilt();
const { parseSettings, settingsSchema } = await import('../dist/config/settings.js');
const expected = render();

if (!isCheck) {
  writeFileSync(file, expected);
} else if (readFileSync(file, 'utf8') !== expected) {
  console.error('.env.example no longer says what src/config/settings.ts says. Run: npm run env-example');
  process.exitCode = 1;
}

function render() {
  const defaults = parseSettings({});
  const head = [
    '# Every setting of Arauto. Written by `npm run env-example`; the source is src/config/settings.ts.',
    '# Copy it to .env, which `npm start` reads, and take the # away from the lines that you change; a variable of the',
    '# environment goes before the file, and an empty value counts as not set. A key, or an address with a password in it,',
    '# may also be in a file that NAME_FILE names.',
  ];
  const entries = Object.entries(settingsSchema.shape).map(([name, { description }]) =>
    [...wrap(description), `#${name}=${defaults[name] ?? ''}`].join('\n'),
  );
  return `${[head.join('\n'), ...entries].join('\n\n')}\n`;
}

/** As comment lines that fit on a screen. */
function wrap(text) {
  const lines = ['#'];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (longer.length > LINE_LENGTH) lines.push(`# ${word}`);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
