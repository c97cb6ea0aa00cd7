// What is committed for running Arauto elsewhere, which needs no container to be checked: manifests, alerts, the table of
// settings.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { homeDirectory } from '../../scripts/run.mjs';
import { findReadVariables } from '../../scripts/read-variables.mjs';
import { tryProgram } from './programs.mjs';

/** The chart is rendered with each set of values, as Kubernetes has it, and says what is committed. */
export async function checkManifests(checks) {
  const { exitCode, output, errors } = await runScript('manifests.mjs', '--check');
  for (const values of readdirSync(join(homeDirectory, 'deploy/kubernetes/values'))) {
    const [, manifests = 0] = new RegExp(`^${values}: (\\d+) manifests, 0 mistakes$`, 'm').exec(output) ?? [];
    checks.claim(`the chart with values/${values} is what Kubernetes's schema allows`, manifests > 0, output);
  }
  checks.claim('the committed manifests are what the chart says today', exitCode === 0, errors);
}

export async function checkAlerts(checks) {
  const { exitCode, output } = await runScript('alerts.mjs');
  const tested = [...output.matchAll(/SUCCESS/g)].length;
  checks.claim(
    'promtool finds the alert rules right and their tests passed',
    exitCode === 0 && tested > 1,
    output,
  );
}

/** The table of docs/configuration.md against what the code reads. */
export async function checkVariables(checks) {
  const { exitCode, errors } = await runScript('configuration-docs.mjs', '--check');
  checks.claim('the table of settings is what the schema says', exitCode === 0, errors);
  const table = readFileSync(join(homeDirectory, 'docs/configuration.md'), 'utf8');
  const told = [...table.matchAll(/^\| `([A-Z_0-9]+)`/gm)].map(([, name]) => name);
  const read = findReadVariables(homeDirectory);
  const unread = told.filter((name) => !read.has(name));
  checks.claim(
    'every variable of the table is read by the code',
    told.length > 20 && unread.length === 0,
    unread,
  );
  const untold = [...read].filter((name) => !told.includes(name));
  checks.claim('every variable that the code reads is in the table', untold.length === 0, untold);
}

async function runScript(name, ...options) {
  return tryProgram(process.execPath, [join(homeDirectory, 'scripts', name), ...options], {
    cwd: homeDirectory,
  });
}
