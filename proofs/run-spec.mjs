// A proof whose engine is also a test: test/integration/proofs/NAME.spec.ts, at a larger scale than in `npm test`.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatCount, printTable } from '../bench/table.mjs';
import { homeDirectory } from '../scripts/run.mjs';

/**
 * Runs the spec and judges its figures.
 *
 * @param {{ proof: string, isQuick: boolean, quickness: string, none: string[], atLeast?: Record<string, number> }} form
 *   `none` names the figures that must be 0, `atLeast` those that show that enough was tried
 */
export async function proveBySpec({ proof, isQuick, quickness, none, atLeast = {} }) {
  if (isQuick) console.log(`--quick: ${quickness}`);
  const directory = mkdtempSync(join(tmpdir(), 'arauto-proof-'));
  const file = join(directory, 'report.json');
  try {
    const exitCode = await runJest(proof, {
      ...process.env,
      PROOF_SCALE: isQuick ? 'quick' : 'full',
      PROOF_REPORT: file,
    });
    const { figures, rows, findings } = existsSync(file)
      ? JSON.parse(readFileSync(file, 'utf8'))
      : { figures: {}, rows: [], findings: ['the proof broke off before it had figures'] };
    const failures = [
      ...findings,
      ...none.filter((name) => figures[name] !== 0).map((name) => `${figures[name]} ${name} instead of none`),
      ...Object.entries(atLeast)
        .filter(([name, least]) => !(figures[name] >= least))
        .map(([name, least]) => `${figures[name]} ${name} instead of ${least} at least`),
      ...(exitCode === 0 ? [] : ['a test of the proof failed; it says above which']),
    ];
    printTable(
      [proof, 'count'],
      rows.map(([what, count]) => [what, formatCount(count)]),
    );
    for (const failure of failures) console.log(`NOT MET: ${failure}`);
    return { proof, isMet: failures.length === 0, isQuick, ...figures };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Its words go to stderr: stdout is the proof's. */
function runJest(proof, env) {
  const jest = join(homeDirectory, 'node_modules/jest/bin/jest.js');
  const selection = ['--selectProjects', 'integration', '--runInBand', '--', `integration/proofs/${proof}`];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [jest, ...selection], {
      cwd: homeDirectory,
      env,
      stdio: ['ignore', 2, 'inherit'],
    });
    process.once('exit', () => child.kill());
    child.once('error', reject);
    child.once('close', resolve);
  });
}
