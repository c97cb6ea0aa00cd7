// What counting requests costs: the same small request without limits, far from one, and near one, where each request
// waits until all processes have counted it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { RunningProcess } from '../proofs/crash/running-process.mjs';
import { makeFreshDatabase } from '../scripts/fresh-database.mjs';
import { cpuMsOf } from './process-figures.mjs';
import { round, withSurroundings } from './surroundings.mjs';
import { formatCount, medianOf, printTable } from './table.mjs';

/** Times the processor time of a request without limits. */
const PROMISED = { far: 1.2, near: 1.2 };
const FULL = { rounds: 7, seconds: 3 };
const QUICK = { rounds: 3, seconds: 2 };
const TENANTS = 8;
const CONNECTIONS = 16;
const WARM_UP_SECONDS = 2;
/** From half of a limit on each request waits for its count: so many were counted before, with room for all that follow. */
const COUNTED = 40_000;
const FORMS = { none: '0', far: '100000', near: '60000' };

export function run({ isQuick }) {
  const form = isQuick ? QUICK : FULL;
  return withSurroundings(async ({ database, machine }) => {
    if (isQuick) console.log(`--quick: ${QUICK.rounds} rounds instead of ${FULL.rounds}.`);
    const home = mkdtempSync(join(tmpdir(), 'arauto-bench-'));
    const urls = await makeFreshDatabase(database.url, 'arauto_bench');
    const apis = startApis(urls, home);
    try {
      await Promise.all(Object.values(apis).map((api) => api.untilReady()));
      return judge(await measure(apis, urls.superuser, form), machine, isQuick);
    } finally {
      await Promise.all(Object.values(apis).map((api) => api.end('SIGTERM')));
      rmSync(home, { recursive: true, force: true });
    }
  });
}

/** One process for each form, of one installation. */
function startApis(urls, home) {
  const key = () => randomBytes(32).toString('base64');
  const environment = {
    PATH: process.env.PATH,
    ARAUTO_HOME: home,
    ARAUTO_ROLES: 'api',
    PORT: '0',
    DATABASE_URL: urls.app,
    DATABASE_DISPATCHER_URL: urls.dispatcher,
    API_ANONYMOUS_REQUESTS_PER_MINUTE: '0',
    ENCRYPTION_KEY: key(),
    SESSION_KEY: key(),
    SANDBOX_KEY: key(),
  };
  return Object.fromEntries(
    Object.entries(FORMS).map(([name, limit]) => [
      name,
      new RunningProcess('api', { ...environment, API_REQUESTS_PER_MINUTE: limit }),
    ]),
  );
}

async function measure(apis, superuserUrl, form) {
  const tokens = [];
  for (let n = 0; n < TENANTS; n += 1) tokens.push(await signUp(apis.none.urls.apiUrl, n));
  await countBefore(superuserUrl, apis.far.urls.apiUrl, tokens);
  const measured = Object.fromEntries(Object.keys(FORMS).map((name) => [name, []]));
  for (const api of Object.values(apis)) await drive(api, tokens, WARM_UP_SECONDS);
  // They take turns, so that a bad second of the machine hits all of them.
  for (let n = 0; n < form.rounds; n += 1) {
    for (const [name, api] of Object.entries(apis))
      measured[name].push(await drive(api, tokens, form.seconds));
  }
  return measured;
}

async function signUp(url, n) {
  const answer = await fetch(`${url}/api/v1/auth/sign-up`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      email: `bench-${n}@example.org`,
      password: 'correct horse battery',
      name: 'Bench',
      tenantName: `Bench ${n}`,
    }),
  });
  if (answer.status !== 201) throw new Error(`Sign-up: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).accessToken;
}

/** As if all of them had asked a lot in a window that outlasts the bench. */
async function countBefore(superuserUrl, url, tokens) {
  for (const token of tokens) await ask(url, token);
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      `UPDATE request_counts SET hits = $1, window_ends_at = now() + interval '1 hour' WHERE key LIKE 'tenant/%'`,
      [COUNTED],
    );
    if (rowCount !== tokens.length)
      throw new Error(`${rowCount} keys were counted, and not ${tokens.length}.`);
  } finally {
    await client.end();
  }
}

async function ask(url, token) {
  const answer = await fetch(`${url}/api/v1/tenant`, { headers: { authorization: `Bearer ${token}` } });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`GET /tenant: ${answer.status}`);
}

async function drive(api, tokens, seconds) {
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1_000;
  const cpuBefore = cpuMsOf(api.pid);
  let requests = 0;
  const work = async () => {
    while (performance.now() < untilMs) {
      await ask(api.urls.apiUrl, tokens[requests % tokens.length]);
      requests += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  const elapsedSeconds = (performance.now() - startedMs) / 1_000;
  return {
    perSecond: requests / elapsedSeconds,
    cpuMs: (cpuMsOf(api.pid) - cpuBefore) / requests,
    latencyMs: (CONNECTIONS * elapsedSeconds * 1_000) / requests,
  };
}

function judge(measured, machine, isQuick) {
  const medians = Object.fromEntries(
    Object.entries(measured).map(([name, rounds]) => [
      name,
      Object.fromEntries(
        ['perSecond', 'cpuMs', 'latencyMs'].map((figure) => [
          figure,
          medianOf(rounds.map((one) => one[figure])),
        ]),
      ),
    ]),
  );
  const ratioOf = (name, figure) => medians[name][figure] / medians.none[figure];
  const names = { none: 'without limits', far: 'far from the limit', near: 'near the limit' };
  printTable(
    ['GET /tenant', 'requests/s', 'CPU a request', '× without', 'latency', '× without'],
    Object.entries(names).map(([name, title]) => [
      title,
      formatCount(medians[name].perSecond),
      `${medians[name].cpuMs.toFixed(2)} ms`,
      ratioOf(name, 'cpuMs').toFixed(2),
      `${medians[name].latencyMs.toFixed(1)} ms`,
      ratioOf(name, 'latencyMs').toFixed(2),
    ]),
  );
  const ratios = { far: round(ratioOf('far', 'cpuMs')), near: round(ratioOf('near', 'cpuMs')) };
  const latencyRatios = {
    far: round(ratioOf('far', 'latencyMs')),
    near: round(ratioOf('near', 'latencyMs')),
  };
  const failures = Object.keys(PROMISED).filter((name) => ratios[name] > PROMISED[name]);
  for (const name of failures)
    console.log(
      `NOT MET: ${names[name]} a request takes ${ratios[name]} × and not ${PROMISED[name]} × at most`,
    );
  return {
    bench: 'limits',
    isMet: failures.length === 0,
    isQuick,
    ratios,
    latencyRatios,
    promised: PROMISED,
    machine,
  };
}
