// One compose file, in a network of its own where every service has the port and the name that the file gives it:
//   unshare --net --mount node proofs/deploy/run-layout.mjs COMPOSE_FILE IMAGE REPORT
// The application runs in containers of its image; PostgreSQL, Redis and Caddy are those of npm and Debian.
import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { waitFor } from '../../scripts/demo/waiting.mjs';
import { homeDirectory } from '../../scripts/run.mjs';
import { Checks } from './checks.mjs';
import { parseVariables, readServices } from './compose.mjs';
import { Container } from './container.mjs';
import { runProgram, tryProgram } from './programs.mjs';

/** The scenario asks as many programs at once would, and is to end soon. */
const UNLIMITED = {
  API_REQUESTS_PER_MINUTE: '0',
  API_ANONYMOUS_REQUESTS_PER_MINUTE: '0',
  PACING_BOT_PER_SECOND: '0',
  PACING_CHAT_PER_SECOND: '0',
  PACING_GROUP_PER_MINUTE: '0',
};
const [composeFile, image, reportFile] = process.argv.slice(2);
const CONTAINER_USER = 1000;
const FIRST_MONITORING_PORT = 9100;
const { signal } = new AbortController();

// An interrupted run takes its containers along; a server that it leaves is found by the next.
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => process.exit(130));

const checks = new Checks();
const directory = mkdtempSync(join(tmpdir(), 'arauto-deploy-'));
const endings = [];
let figures = {};
try {
  figures = await run();
} catch (error) {
  checks.claim(`${composeFile} could be run to its end`, false, error.message);
} finally {
  for (const end of endings.reverse()) await end();
  rmSync(directory, { recursive: true, force: true });
}
writeFileSync(reportFile, JSON.stringify({ passed: checks.passed, failures: checks.failures, figures }));
process.exit(0);

async function run() {
  const secrets = parseVariables(await runProgram('sh', [join(homeDirectory, 'docker/new-secrets.sh')]));
  const services = readServices(join(homeDirectory, 'docker', composeFile), { ...secrets, ...UNLIMITED });
  const hosts = Object.keys(services);
  await openNetwork([...hosts, services.proxy.environment.SANDBOX_DOMAIN]);
  await startPostgres(services.postgres);
  if (services.valkey) await startRedis(services.valkey);

  await refuseWithoutKeys(services.migrate, hosts);
  await migrate(services.migrate, hosts);
  const containers = await startApplication(services, hosts);
  const authority = await startProxy(services.proxy);
  await checkProxy(services.proxy, authority);
  await createOperator(containers);
  const scenario = await performScenario(authority);
  await checkContainers(containers);
  await stopApplication(containers, services);
  return scenario;
}

async function openNetwork(names) {
  const file = join(directory, 'hosts');
  writeFileSync(file, `127.0.0.1 localhost ${names.join(' ')}\n`);
  await runProgram('ip', ['link', 'set', 'lo', 'up']);
  await runProgram('mount', ['--bind', file, '/etc/hosts']);
}

/** PostgreSQL from npm, with the settings of the file, and its three logins from the script that the file mounts. */
async function startPostgres({ command, environment }) {
  const { startEmbeddedDatabase } = await import('../../dist/platform/embedded-database/index.js');
  const settings = command.filter((word) => word !== '-c').map((word) => word.split('='));
  const server = await startEmbeddedDatabase({
    homeDirectory,
    dataDirectory: '.arauto/proof-deploy-postgres',
    databaseName: 'postgres',
    port: 5432,
    settings: Object.fromEntries(settings),
    log: () => undefined,
  });
  endings.push(() => server.stop());
  const { username, password } = new URL(server.url);
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query('DROP DATABASE IF EXISTS arauto WITH (FORCE)');
  await client.query('DROP ROLE IF EXISTS arauto_owner, arauto_app, arauto_dispatcher');
  await client.end();
  await runProgram('sh', [join(homeDirectory, 'docker/postgres/init.sh')], {
    env: {
      PATH: process.env.PATH,
      PGHOST: '127.0.0.1',
      PGUSER: decodeURIComponent(username),
      PGPASSWORD: decodeURIComponent(password),
      ...environment,
    },
  });
}

/** Redis of Debian, with the arguments that the file gives to Valkey. */
async function startRedis({ command: [, ...settings] }) {
  const child = spawn('redis-server', [...settings, '--bind', '127.0.0.1', '--dir', directory], {
    stdio: 'ignore',
  });
  end(child);
}

/** Started as nobody should start it: it must say what is missing. */
async function refuseWithoutKeys(service, hosts) {
  const { ENCRYPTION_KEY: _, ...environment } = service.environment;
  const container = Container.start(
    'arauto-proof-keyless',
    { ...service, command: [], environment },
    { image, hosts },
  );
  const exitCode = await container.ended;
  checks.claim(
    'a container without ENCRYPTION_KEY names it and ends',
    exitCode === 1 && container.lastWords.includes('ENCRYPTION_KEY'),
    container.lastWords,
  );
}

/** With a key in a file, as engines mount secrets; the others take theirs from the environment. */
async function migrate(service, hosts) {
  const { ENCRYPTION_KEY: key, ...environment } = service.environment;
  const file = join(directory, 'encryption_key');
  writeFileSync(file, `${key}\n`, { mode: 0o444 });
  const container = Container.start(
    'arauto-proof-migrate',
    { ...service, environment: { ...environment, ENCRYPTION_KEY_FILE: '/run/secrets/encryption_key' } },
    { image, hosts, volumes: [`${file}:/run/secrets/encryption_key:ro`] },
  );
  const exitCode = await container.ended;
  checks.claim(
    'a container migrates the database with a key from a file, and ends with 0',
    exitCode === 0,
    container.lastWords,
  );
}

async function startApplication(services, hosts) {
  const data = join(directory, 'data');
  mkdirSync(data, { mode: 0o700 });
  chownSync(data, CONTAINER_USER, CONTAINER_USER);
  const own = Object.entries(services).filter(
    ([name, service]) => service.build !== undefined && name !== 'migrate',
  );
  // All of them share one network here, where each needs a port of its own to be asked at.
  let monitoringPort = FIRST_MONITORING_PORT;
  const monitored = (service) => ({
    ...service,
    environment: { ...service.environment, MONITORING_PORT: String(monitoringPort++) },
  });
  const containers = own.flatMap(([name, service]) =>
    Array.from({ length: service.deploy?.replicas ?? 1 }, (_, n) =>
      Container.start(`arauto-proof-${name}-${n + 1}`, monitored(service), {
        image,
        hosts,
        volumes: service.volumes ? [`${data}:/data`] : [],
      }),
    ),
  );
  await Promise.all(containers.map(({ ready }) => ready));
  checks.claim(`all ${containers.length} containers are ready`, containers.length > 0);
  return containers;
}

/** @returns where the certificate of its own authority is */
async function startProxy({ environment }) {
  const child = spawn(
    'caddy',
    ['run', '--config', join(homeDirectory, 'docker/Caddyfile'), '--adapter', 'caddyfile'],
    {
      env: {
        PATH: process.env.PATH,
        HOME: directory,
        XDG_DATA_HOME: directory,
        XDG_CONFIG_HOME: directory,
        ...environment,
      },
      stdio: 'ignore',
    },
  );
  end(child);
  const authority = join(directory, 'caddy/pki/authorities/local/root.crt');
  await waitFor('Caddy has made its authority', () => existsSync(authority), { signal, withinSeconds: 30 });
  return authority;
}

async function checkProxy({ environment: { DOMAIN, SANDBOX_DOMAIN } }, authority) {
  const ca = readFileSync(authority);
  const ask = (send, address, options) =>
    new Promise((resolve) => {
      send(address, options, (response) => resolve(response.resume()))
        .once('error', () => resolve({}))
        .end();
    });
  await waitFor(
    'the API answers over TLS',
    async () => (await ask(requestSecure, `https://${DOMAIN}/health/ready`, { ca })).statusCode === 200,
    { signal, withinSeconds: 30 },
  );
  checks.claim('the API answers over TLS', true);
  const { statusCode, headers } = await ask(requestPlain, `http://${DOMAIN}/health/live`, {});
  checks.claim(
    'a request without TLS is sent to the one with',
    statusCode === 308 && headers.location === `https://${DOMAIN}/health/live`,
    { statusCode, location: headers?.location },
  );
  const sandbox = await ask(requestSecure, `https://${SANDBOX_DOMAIN}/`, { ca });
  checks.claim('the page of the sandbox answers over TLS', sandbox.statusCode === 200, sandbox.statusCode);
}

/** As docs/deployment.md says, in the container of the API. */
async function createOperator(containers) {
  const { name } = containers.find(({ isApi }) => isApi);
  const command = (rest) => `podman exec --interactive ${name} node dist/main.js operator ${rest}`;
  const create = await tryProgram('sh', [
    '-c',
    `echo a-long-password-of-nobody | ${command('create --email ops@example.org')}`,
  ]);
  const list = await tryProgram('sh', ['-c', command('list')]);
  checks.claim(
    'the first operator is made in the container of the API',
    create.exitCode === 0 && list.output.includes('ops@example.org'),
    { create, list },
  );
}

/** In a process that trusts Caddy's authority, as somebody's computer would. */
async function performScenario(authority) {
  const file = join(directory, 'scenario.json');
  await new Promise((resolve) => {
    spawn(process.execPath, [join(homeDirectory, 'proofs/deploy/scenario.mjs'), 'https://localhost', file], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: authority },
      stdio: 'inherit',
    }).once('close', resolve);
  });
  if (!existsSync(file)) throw new Error('The scenario broke off; it says above why.');
  const { mismatches, ...scenario } = JSON.parse(readFileSync(file, 'utf8'));
  checks.claim("the demo's scenario is as it has to be, from outside", mismatches.length === 0, mismatches);
  checks.claim(
    'of the scenario nothing is lost, duplicated or unknown',
    scenario.sent > 1000 && scenario.lost + scenario.duplicated + scenario.unknown === 0,
    scenario,
  );
  return scenario;
}

async function checkContainers(containers) {
  for (const container of containers) {
    const found = await container.lookInside();
    const wanted = {
      user: '1000',
      capabilities: /^0+$/,
      bound: /^0+$/,
      noNewPrivileges: '1',
      write: 'EROFS',
    };
    const isAsWanted = Object.entries(wanted).every(([key, value]) =>
      value instanceof RegExp ? value.test(found[key]) : found[key] === value,
    );
    checks.claim(
      `${container.name} is nobody special: user 1000, no capability, no new privileges, nothing to write`,
      isAsWanted,
      found,
    );
    checks.claim(`${container.name} is healthy by the image's own check`, await container.isHealthy());
  }
  const errors = containers.flatMap((container) => container.errors);
  checks.claim('no container logged an error', errors.length === 0, errors);
}

async function stopApplication(containers, services) {
  await Promise.all(
    containers.map(async (container) => {
      const service = services[/^arauto-proof-(.+)-\d+$/.exec(container.name)[1]];
      const withinSeconds = Number.parseInt(service.stop_grace_period, 10);
      const { exitCode, seconds } = await container.stop(withinSeconds);
      checks.claim(
        `${container.name} ends in good order after SIGTERM`,
        exitCode === 0 && seconds < withinSeconds,
        { exitCode, seconds, lastWords: exitCode === 0 ? undefined : container.lastWords },
      );
    }),
  );
}

function end(child) {
  const ended = new Promise((resolve) => child.once('close', resolve));
  endings.push(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  process.once('exit', () => child.kill('SIGKILL'));
}
