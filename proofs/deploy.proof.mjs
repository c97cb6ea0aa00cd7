// The image is built and looked at; then what each compose file says is run, from the image, and the demo's scenario
// against it from outside, over TLS.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { homeDirectory } from '../scripts/run.mjs';
import {
  APPLICATION_IMAGE,
  buildApplicationImage,
  inspectApplicationImage,
} from './deploy/application-image.mjs';
import { BASE_IMAGE, buildBaseImage } from './deploy/base-image.mjs';
import { Checks } from './deploy/checks.mjs';
import { ensurePrograms, tryProgram } from './deploy/programs.mjs';

const LAYOUTS = ['compose.small.yml', 'compose.yml'];
const NOT_PROVED = [
  'Docker itself: images are built by buildah and run by podman and runc',
  'the official images of Node, PostgreSQL, Valkey and Caddy: Debian by debootstrap with Node from npm, PostgreSQL from npm, Redis and Caddy of Debian stand in for them',
  "Compose's own reading of the files, its networks and restarts: the files are read by proofs/deploy/compose.mjs",
  'certificates of a public authority',
];

export async function run({ isQuick }) {
  ensurePrograms();
  const checks = new Checks();
  if (isQuick) console.log('--quick: an earlier run’s base is used again, and only compose.yml is run.');
  if (!isQuick || !(await hasImage(BASE_IMAGE))) {
    console.error('… a base by debootstrap and npm');
    await buildBaseImage();
  }
  console.error('… the image by buildah');
  await buildApplicationImage(BASE_IMAGE);
  const { applicationMb } = await inspectApplicationImage(checks, BASE_IMAGE);
  const layouts = isQuick ? LAYOUTS.slice(-1) : LAYOUTS;
  const scenarios = {};
  for (const layout of layouts) {
    console.log(`\n${layout}`);
    const { figures, ...counts } = await runLayout(layout);
    checks.add(counts);
    scenarios[layout] = figures;
  }
  console.log(`\nNot proved here, for want of a registry of images and of a Docker engine:`);
  for (const line of NOT_PROVED) console.log(`- ${line}`);
  for (const failure of checks.failures) console.log(`NOT MET: ${failure}`);
  return {
    proof: 'deploy',
    isMet: checks.failures.length === 0,
    isQuick,
    passed: checks.passed,
    failed: checks.failures.length,
    applicationMb,
    scenarios,
    notProved: NOT_PROVED,
  };
}

async function hasImage(image) {
  return (await tryProgram('podman', ['image', 'exists', image])).exitCode === 0;
}

/** In a network and a table of mounts of its own: nothing of it is seen outside, and every port is free. */
async function runLayout(layout) {
  const directory = mkdtempSync(join(tmpdir(), 'arauto-proof-'));
  const report = join(directory, 'report.json');
  try {
    const script = join(homeDirectory, 'proofs/deploy/run-layout.mjs');
    await new Promise((resolve, reject) => {
      const child = spawn(
        'unshare',
        ['--net', '--mount', process.execPath, script, layout, APPLICATION_IMAGE, report],
        { cwd: homeDirectory, stdio: ['ignore', 'inherit', 'inherit'] },
      );
      process.once('exit', () => child.kill());
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (!existsSync(report)) return { passed: 0, failures: [`${layout} broke off`], figures: {} };
    return JSON.parse(readFileSync(report, 'utf8'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
