// npm run configuration-docs: writes docs/configuration.md from the settings that src/config declares. With --check it
// writes nothing and fails on a stale one.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import prettier from 'prettier';
import { z } from 'zod';
import { ensureBuilt, ensureInstalled, homeDirectory } from './run.mjs';

await ensureInstalled();
await ensureBuilt();
const { parseSettings, settingsSchema } = await import('../dist/config/settings.js');

const file = join(homeDirectory, 'docs/configuration.md');
const expected = await prettier.format(render(), { ...(await prettier.resolveConfig(file)), filepath: file });
if (!process.argv.includes('--check')) {
  writeFileSync(file, expected);
} else if (readFileSync(file, 'utf8') !== expected) {
  console.error(
    'docs/configuration.md no longer says what src/config/settings.ts says. Run: npm run configuration-docs',
  );
  process.exitCode = 1;
}

function render() {
  const defaults = parseSettings({});
  const { properties } = z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' });
  const rows = Object.entries(settingsSchema.shape).map(([name, { description }]) => {
    const preset = defaults[name] === undefined ? '' : `\`${defaults[name]}\``;
    return `| \`${name}\` | ${preset} | ${valuesOf(name, properties[name])} | ${description} |`;
  });
  return `# Configuration

Written by \`npm run configuration-docs\`; the source is \`src/config/settings.ts\`, and \`npm run check\` fails where the two differ.

Arauto is configured by environment variables and by nothing else. \`npm start\` also reads \`.env\`; [.env.example](../.env.example) has
every line of it. A variable of the environment goes before the file, an empty value counts as not set, and a value that can't be
used ends the start with a message that names every variable concerned and shows no value. Production
(\`NODE_ENV=production\`) does not start without \`ENCRYPTION_KEY\`, \`SESSION_KEY\` and \`SANDBOX_KEY\`; in development they are made
once and kept in \`ARAUTO_HOME\`.

| variable | default | takes | what it is for |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

/** What a variable takes, as far as its schema tells; the rest is in the description. */
function valuesOf(name, schema) {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (name === 'ARAUTO_ROLES') return 'roles with commas between';
  const bounds = boundsOf(settingsSchema.shape[name]);
  if (bounds) return bounds;
  if (schema.format === 'uri') return 'an address';
  return name.endsWith('_KEY') || name.endsWith('_PREVIOUS') ? '32 bytes in base64' : 'text';
}

/** The range of a number, found where the schema keeps it: below defaults and transformations. */
function boundsOf(schema) {
  let inner = schema;
  while (inner) {
    const { type, innerType, in: input } = inner.def;
    if (type === 'number') return `${inner.minValue} to ${inner.maxValue}`;
    if (type === 'boolean') return '`true`, `false`';
    if (type === 'pipe' && inner.def.out?.def.type === 'boolean') return '`true`, `false`';
    inner = innerType ?? input;
  }
  return undefined;
}
