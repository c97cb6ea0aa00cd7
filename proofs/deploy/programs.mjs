// Programs of the host that the proof needs, and how it runs them.
import { spawn, spawnSync } from 'node:child_process';

const NEEDED = {
  buildah: 'buildah',
  debootstrap: 'debootstrap',
  podman: 'podman',
  runc: 'runc',
  catatonit: 'catatonit',
  caddy: 'caddy',
  psql: 'postgresql-client',
  'redis-server': 'redis-server',
  openssl: 'openssl',
  unshare: 'util-linux',
  ip: 'iproute2',
};
const LAST_CHARACTERS = 4_000;

/** @throws where something is missing, with the command that installs it */
export function ensurePrograms() {
  if (process.platform !== 'linux' || process.getuid() !== 0)
    throw new Error('The proof of the deployment needs root on Linux: it makes containers.');
  const missing = Object.entries(NEEDED).filter(([program]) => !isThere(program));
  if (missing.length === 0) return;
  throw new Error(
    `The proof of the deployment needs more than Node. On Debian: apt-get install -y --no-install-recommends ${missing.map(([, name]) => name).join(' ')}`,
  );
}

function isThere(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/**
 * Runs a program to its end.
 *
 * @returns {Promise<string>} what it wrote to its standard output
 * @throws where it fails, with its last words
 */
export async function runProgram(program, programArguments, options = {}) {
  const { exitCode, output, errors } = await tryProgram(program, programArguments, options);
  if (exitCode === 0) return output;
  const words = `${output}\n${errors}`.trim().slice(-LAST_CHARACTERS);
  throw new Error(`${program} ${programArguments.slice(0, 3).join(' ')} … ended with ${exitCode}:\n${words}`);
}

/** The same for a program that may fail. */
export function tryProgram(program, programArguments, options = {}) {
  return new Promise((resolve, reject) => {
    let output = '';
    let errors = '';
    const child = spawn(program, programArguments, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output, errors }));
  });
}
