// npm run manifests: renders deploy/kubernetes/*.yaml, one for each set of values, from the Helm chart. With --check it
// writes nothing, and fails on stale ones and on those that Kubernetes's schema does not allow.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { findHelm } from './manifests/helm.mjs';
import { findMistakes } from './manifests/kubernetes-types.mjs';
import { ensureInstalled, homeDirectory } from './run.mjs';

await ensureInstalled();
const isCheck = process.argv.includes('--check');
const chart = join(homeDirectory, 'deploy/helm/arauto');
const folder = join(homeDirectory, 'deploy/kubernetes');

// A chart reaches no file outside of itself.
keep(
  join(chart, 'files/alerts.yml'),
  readFileSync(join(homeDirectory, 'deploy/observability/alerts.yml'), 'utf8'),
);
const helm = findHelm(homeDirectory);
if (helm === undefined) {
  console.log('note: Helm comes for Linux on x64 alone, so the manifests were not rendered');
} else {
  runHelm(['lint', '--strict', chart]);
  for (const values of readdirSync(join(folder, 'values'))) renderManifest(values);
}

function renderManifest(values) {
  const rendered = runHelm([
    ...['template', 'arauto', chart, '--namespace', 'arauto', '--kube-version', '1.30.0'],
    ...['--values', join(folder, 'values', values)],
  ]);
  const head = `# Written by \`npm run manifests\` from deploy/helm/arauto with values/${values}; change those.\n`;
  keep(join(folder, values), head + rendered);
  const manifests = parseAllDocuments(rendered)
    .map((document) => document.toJS())
    .filter(Boolean);
  const mistakes = findMistakes(manifests, homeDirectory);
  console.log(`${values}: ${manifests.length} manifests, ${mistakes.length} mistakes`);
  for (const mistake of mistakes) console.error(`${values}: ${mistake}`);
  if (manifests.length === 0 || mistakes.length > 0) process.exitCode = 1;
}

function runHelm(command) {
  return execFileSync(helm, command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Writes a file, or only looks whether it says this already. */
function keep(file, expected) {
  if (!isCheck) {
    writeFileSync(file, expected);
  } else if (readFileSync(file, 'utf8') !== expected) {
    console.error(`${file.slice(homeDirectory.length + 1)} is stale. Run: npm run manifests`);
    process.exitCode = 1;
  }
}
