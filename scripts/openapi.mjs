// npm run openapi: writes openapi.json from the controllers. With --check it writes nothing and fails on a stale one.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import prettier from 'prettier';
import { ensureBuilt, ensureInstalled, homeDirectory } from './run.mjs';

await ensureInstalled();
await ensureBuilt();
const { describeApi } = await import('../dist/app/index.js');

const file = join(homeDirectory, 'openapi.json');
const document = await describeApi();
const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)));
if (!valid) {
  console.error('The document is not valid OpenAPI:', JSON.stringify(errors, null, 2));
  process.exit(1);
}
const text = await prettier.format(JSON.stringify(document), {
  ...(await prettier.resolveConfig(file)),
  filepath: file,
});
if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
} else if (readFileSync(file, 'utf8') !== text) {
  console.error('openapi.json is stale: run `npm run openapi` and commit what it writes.');
  process.exit(1);
}
console.log(`openapi.json: ${Object.keys(document.paths).length} paths, valid OpenAPI ${document.openapi}`);
