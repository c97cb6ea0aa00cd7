// npm run alerts: has promtool check and test the alert rules. Where it isn't there it says so and leaves it at that:
// it is Prometheus's own program (Debian: apt-get install prometheus), and no package of npm.
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { homeDirectory } from './run.mjs';

const folder = join(homeDirectory, 'deploy/observability');
const runs = [
  ['check', 'rules', join(folder, 'alerts.yml')],
  ['check', 'config', '--syntax-only', join(folder, 'prometheus.yml')],
  ['test', 'rules', join(folder, 'alerts.test.yml')],
];
for (const run of runs) {
  const { error, status, stdout, stderr } = spawnSync('promtool', run, { encoding: 'utf8' });
  if (error?.code === 'ENOENT') {
    console.log('note: promtool is not here (Debian: prometheus), so the alert rules were not tested');
    break;
  }
  console.log(`${stdout}${stderr}`.trimEnd());
  if (error || status !== 0) process.exit(1);
}
