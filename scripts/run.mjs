// What every command needs before its own work: the right Node, the dependencies, the build. Plain Node, since nothing
// is installed yet when it runs.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const homeDirectory = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

const MINIMUM_NODE = [20, 19];
const PROGRESS_EVERY_SECONDS = 15;

/** Ends the process with advice when Node is too old. */
export function ensureNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isEnough = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
  if (isEnough) return;
  console.error(
    `Arauto needs Node ${MINIMUM_NODE.join('.')} or newer; this is ${process.versions.node}. Get it from https://nodejs.org, then run the command again.`,
  );
  process.exit(1);
}

/**
 * Installs the dependencies of a package unless they are there, whole, and of its lock file, Node and platform. The stamp
 * is written only after success (and npm ci deletes node_modules first), so an interrupted installation is done again.
 */
export async function ensureInstalled(directory = homeDirectory) {
  ensureNodeVersion();
  const stampFile = join(directory, 'node_modules/.arauto-installed');
  const stamp = [
    createHash('sha256')
      .update(readFileSync(join(directory, 'package-lock.json')))
      .digest('hex'),
    `node ${process.versions.node.split('.')[0]}`,
    `${process.platform} ${process.arch}`,
  ].join('\n');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  // npm names its own file when it started us; another npm on the path may be an older one.
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  await runQuietly(
    'Installing dependencies',
    [
      ...npm,
      'ci',
      '--no-audit',
      '--no-fund',
      // NODE_ENV=production would leave out the compiler.
      '--include=dev',
    ],
    { cwd: directory },
  );
  writeFileSync(stampFile, stamp);
}

/** Compiles `src` to `dist` unless that was done since the last change. */
export async function ensureBuilt() {
  const stampFile = join(homeDirectory, 'dist/.arauto-built');
  const inputs = [
    ...listSources(join(homeDirectory, 'src')),
    ...['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => join(homeDirectory, name)),
  ];
  const stamp = inputs.map((file) => {
    const { mtimeMs, size } = statSync(file);
    return `${file} ${mtimeMs} ${size}`;
  });
  const built = existsSync(stampFile) ? readFileSync(stampFile, 'utf8').split('\n') : [];
  if (built.join('\n') === stamp.join('\n')) return;
  const isSourceGone = built.some((line) => !existsSync(line.replace(/ \S+ \S+$/, '')));
  // The compiler leaves what a deleted source once became.
  if (isSourceGone || built.length === 0)
    rmSync(join(homeDirectory, 'dist'), { recursive: true, force: true });
  await runQuietly('Building', [
    process.execPath,
    join(homeDirectory, 'node_modules/typescript/bin/tsc'),
    '-p',
    'tsconfig.build.json',
  ]);
  writeFileSync(stampFile, stamp.join('\n'));
}

function listSources(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** Runs a program to its end and returns what it wrote and how it ended. */
export function capture([program, ...programArguments], options = {}) {
  return new Promise((resolve, reject) => {
    let output = '';
    const child = spawn(program, programArguments, {
      cwd: homeDirectory,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ output, exitCode: code ?? 1 }));
  });
}

/** One line per start, a sign of life when it takes long, the program's own words only when it fails. */
async function runQuietly(title, command, options) {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  console.error(`${title} …`);
  const progress = setInterval(
    () => console.error(`${title}: ${seconds()} s so far …`),
    PROGRESS_EVERY_SECONDS * 1000,
  );
  try {
    const { output, exitCode } = await capture(command, options);
    if (exitCode !== 0) {
      console.error(`${output}\n${title} failed; see above.`);
      process.exit(1);
    }
    console.error(`${title}: done in ${seconds()} s`);
  } finally {
    clearInterval(progress);
  }
}
