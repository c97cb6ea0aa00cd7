// A container of the application, made from what a compose file says of its service.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { runProgram, tryProgram } from './programs.mjs';

const READY_WITHIN_MS = 90_000;
const LAST_LINES = 30;
/** Of what pino logs: errors and worse. */
const ERROR_LEVEL = 50;
/** What a host gives that doesn't allow more: a container asks for a million. */
const LIMITS = ['--ulimit', 'nofile=16384:16384', '--ulimit', 'nproc=4096:4096'];

/** Looks at the process of the application from inside of its container. */
const LOOK_INSIDE = `
const { readFileSync, readdirSync, writeFileSync } = require('node:fs');
const read = (id, file) => { try { return readFileSync('/proc/' + id + '/' + file, 'utf8'); } catch { return ''; } };
const id = readdirSync('/proc').find((one) => /^\\d+$/.test(one) && read(one, 'cmdline').startsWith('node\\0--enable'));
const field = (name) => new RegExp('^' + name + ':\\\\s+(\\\\S+)', 'm').exec(read(id, 'status'))?.[1];
let write = 'possible';
try { writeFileSync('/app/written', ''); } catch (error) { write = error.code; }
console.log(JSON.stringify({ user: field('Uid'), capabilities: field('CapEff'), bound: field('CapBnd'), noNewPrivileges: field('NoNewPrivs'), write }));
`;

/** Names of those that must not outlive the proof. */
const running = new Set();
process.once('exit', () => {
  for (const name of running) spawnSync('podman', ['rm', '--force', '--time', '0', name]);
});

export class Container {
  #child;
  #ended;
  #lines = [];
  /** Errors that it logged. */
  errors = [];

  /** Starts it; the names of other services lead to this machine. */
  static start(name, service, { image, hosts, volumes = [] }) {
    const container = new Container();
    container.name = name;
    // Without roles it has all of them.
    container.isApi = (service.environment.ARAUTO_ROLES ?? 'api').includes('api');
    container.#child = spawn('podman', argumentsOf(name, service, { image, hosts, volumes }), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(name);
    container.#ended = new Promise((resolve) => container.#child.once('close', resolve));
    void container.#ended.then(() => running.delete(name));
    container.ready = new Promise((resolve, reject) => {
      const patience = setTimeout(
        () => reject(new Error(`${name} was not ready in time:\n${container.lastWords}`)),
        READY_WITHIN_MS,
      );
      patience.unref();
      for (const stream of [container.#child.stdout, container.#child.stderr])
        createInterface({ input: stream }).on('line', (line) => container.#hear(line, resolve));
      void container.#ended.then(() =>
        reject(new Error(`${name} ended before it was ready:\n${container.lastWords}`)),
      );
    });
    // Whoever only waits for its end doesn't ask.
    container.ready.catch(() => undefined);
    return container;
  }

  get ended() {
    return this.#ended;
  }

  get lastWords() {
    return this.#lines.join('\n');
  }

  async lookInside() {
    return JSON.parse(await runProgram('podman', ['exec', this.name, 'node', '-e', LOOK_INSIDE]));
  }

  /** Asks the image's own health check. */
  async isHealthy() {
    const { exitCode } = await tryProgram('podman', ['healthcheck', 'run', this.name]);
    return exitCode === 0;
  }

  /** As `docker compose stop` does. @returns the exit code and how long it took */
  async stop(withinSeconds) {
    const startedAt = performance.now();
    await runProgram('podman', ['stop', '--time', String(withinSeconds), this.name]);
    const exitCode = await this.#ended;
    return { exitCode, seconds: Math.round((performance.now() - startedAt) / 100) / 10 };
  }

  #hear(line, getReady) {
    this.#lines.push(line);
    if (this.#lines.length > LAST_LINES) this.#lines.shift();
    if (!line.startsWith('{')) return;
    try {
      const { level, msg } = JSON.parse(line);
      if (level >= ERROR_LEVEL) this.errors.push(`${this.name}: ${msg}`);
      if (msg === 'ready') getReady();
    } catch {
      // Not every line that begins with a brace is JSON; it is kept with the others.
    }
  }
}

function argumentsOf(name, service, { image, hosts, volumes }) {
  return [
    ...['--runtime', 'runc', 'run', '--rm', '--replace', '--name', name, '--log-driver', 'none'],
    // The proof has a network of its own, in which every service has its usual port.
    ...['--network', 'host', ...hosts.flatMap((host) => ['--add-host', `${host}:127.0.0.1`])],
    ...LIMITS,
    ...(service.init ? ['--init', '--init-path', '/usr/bin/catatonit'] : []),
    // Docker adds no writable folders of its own.
    ...(service.read_only ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(service.cap_drop ?? []).flatMap((capability) => ['--cap-drop', capability]),
    ...(service.security_opt ?? []).flatMap((option) => ['--security-opt', option.replace(/:true$/, '')]),
    ...Object.entries(service.environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...volumes.flatMap((volume) => ['--volume', volume]),
    image,
    ...(service.command ?? []),
  ];
}
