// A stand-in for the official image that the Dockerfile builds on, made of what can be had without a registry of images:
// Debian by debootstrap, Node and npm by npm.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './programs.mjs';

export const BASE_IMAGE = 'localhost/arauto-proof-base';
const DEBIAN = 'bookworm';
const NODE_MAJOR = 24;
const NPM_MAJOR = 11;
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** As docker.io/library/node has it: Node and npm below /usr/local, and a user `node` of number 1000. */
const CONTAINERFILE = `FROM scratch
COPY rootfs /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_EXTRA_CA_CERTS=${CERTIFICATES}
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
CMD ["node"]
`;

/** @returns {Promise<{ node: string }>} the version of Node in it */
export async function buildBaseImage() {
  const directory = mkdtempSync(join(tmpdir(), 'arauto-base-'));
  try {
    const rootfs = join(directory, 'rootfs');
    await runProgram('debootstrap', ['--variant=minbase', '--include=ca-certificates', DEBIAN, rootfs]);
    rmSync(join(rootfs, 'var/cache/apt'), { recursive: true, force: true });
    rmSync(join(rootfs, 'var/lib/apt/lists'), { recursive: true, force: true });
    // The host may trust more than Debian does: a proxy between it and the packages.
    cpSync(CERTIFICATES, join(rootfs, CERTIFICATES), { dereference: true });
    await addNode(directory, rootfs);
    writeFileSync(join(directory, 'Containerfile'), CONTAINERFILE);
    await runProgram('buildah', [
      ...['build', '--isolation', 'chroot', '--format', 'docker', '--layers=false'],
      ...['--tag', BASE_IMAGE, '--file', join(directory, 'Containerfile'), directory],
    ]);
    return { node: readFileSync(join(directory, 'node-version'), 'utf8').trim() };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function addNode(directory, rootfs) {
  const packages = join(directory, 'packages');
  mkdirSync(packages);
  writeFileSync(join(packages, 'package.json'), '{ "private": true }');
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
  const wanted = [`node-linux-${architecture}@${NODE_MAJOR}`, `npm@${NPM_MAJOR}`];
  await runProgram('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...wanted], {
    cwd: packages,
  });
  const local = join(rootfs, 'usr/local');
  const node = join(packages, 'node_modules', `node-linux-${architecture}`, 'bin/node');
  cpSync(node, join(local, 'bin/node'));
  cpSync(join(packages, 'node_modules/npm'), join(local, 'lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
  writeFileSync(join(directory, 'node-version'), await runProgram(node, ['--version']));
}
