// npm test: everything, on a PostgreSQL that it brings itself. Arguments go to Jest.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from './redis.mjs';
import { ensureBuilt, ensureInstalled, homeDirectory } from './run.mjs';

/** Jest is done but something keeps it alive: a leak. */
const EXIT_WITHIN_MS = 15_000;
// Leaks of a test file are found by its environment (test/harness). Jest's own complaint about a worker that took more
// than half a second to exit says no more than that the machine was busy.
const LEAK = /did not exit one second after/;

await ensureInstalled();
await ensureBuilt();
const { startEmbeddedDatabase } = await import('../dist/platform/embedded-database/index.js');

let isInterrupted = false;
const interrupt = (signal) => {
  // In a terminal Jest got the signal too; a signal meant for this process alone has to be handed on.
  isInterrupted = true;
  jest?.kill(signal);
};
let jest;
process.on('SIGINT', interrupt).on('SIGTERM', interrupt);

const servers = [];
const environment = { ...process.env };
let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  if (!environment.TEST_DATABASE_URL) {
    const database = await startEmbeddedDatabase({
      homeDirectory,
      ...JSON.parse(readFileSync(join(homeDirectory, 'test/harness/test-server.json'), 'utf8')),
      log: () => undefined,
    });
    servers.push(database);
    environment.TEST_DATABASE_URL = database.url;
  }
  if (!environment.TEST_REDIS_URL) {
    const redis = await startRedis();
    if (redis) {
      servers.push(redis);
      environment.TEST_REDIS_URL = redis.url;
    } else {
      console.log('The Redis part does not run: no redis-server on the path and no TEST_REDIS_URL.');
    }
  }
  if (!isInterrupted) counts = await runJest(process.argv.slice(2));
} finally {
  await Promise.all(servers.map((server) => server.stop()));
}

const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = isInterrupted ? 130 : counts.failed === 0 ? 0 : 1;

/** Runs Jest and counts; what no test stands for (a suite that doesn't load, a leak) counts as one failure each. */
async function runJest(jestArguments) {
  const directory = mkdtempSync(join(tmpdir(), 'arauto-jest-'));
  const outputFile = join(directory, 'results.json');
  const hasWorkerOption = jestArguments.some((argument) =>
    /^(-w|-i|--maxWorkers|--runInBand)/.test(argument),
  );
  try {
    const { exitCode, hasLeaked } = await watchJest([
      ...['--json', `--outputFile=${outputFile}`],
      ...(hasWorkerOption ? [] : ['--maxWorkers=2']),
      ...jestArguments,
    ]);
    if (hasLeaked)
      console.log('Something was left open by a test (worker, connection or timer): that fails the run.');
    const results = readResults(outputFile);
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites + (hasLeaked ? 1 : 0);
    return {
      passed: results.numPassedTests,
      failed: failed === 0 && exitCode !== 0 ? 1 : failed,
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function watchJest(jestArguments) {
  return new Promise((resolve, reject) => {
    let hasLeaked = false;
    let deadline;
    jest = spawn(process.execPath, [join(homeDirectory, 'node_modules/jest/bin/jest.js'), ...jestArguments], {
      cwd: homeDirectory,
      env: { ...(process.stderr.isTTY && { FORCE_COLOR: '1' }), ...environment },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    jest.stderr.setEncoding('utf8');
    jest.stderr.on('data', (text) => {
      process.stderr.write(text);
      hasLeaked ||= LEAK.test(text);
      if (hasLeaked) deadline ??= setTimeout(() => jest.kill('SIGKILL'), EXIT_WITHIN_MS);
    });
    jest.once('error', reject);
    jest.once('close', (code) => {
      clearTimeout(deadline);
      resolve({ exitCode: code ?? 1, hasLeaked });
    });
  });
}

function readResults(outputFile) {
  try {
    return JSON.parse(readFileSync(outputFile, 'utf8'));
  } catch (error) {
    if (!isInterrupted) console.log(`Jest left no results: ${error.message}`);
    return {
      numPassedTests: 0,
      numFailedTests: 0,
      numRuntimeErrorTestSuites: 1,
      numPendingTests: 0,
      numTodoTests: 0,
    };
  }
}
