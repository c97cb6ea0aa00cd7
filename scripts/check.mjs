// npm run check: everything that can be said about the code without running it.
import { capture, ensureInstalled, homeDirectory } from './run.mjs';
import { join } from 'node:path';

const AT_ONCE = 2;
const bin = (path) => [process.execPath, join(homeDirectory, 'node_modules', path)];

const steps = [
  { name: 'lint', command: [...bin('eslint/bin/eslint.js'), '.', '--max-warnings', '0'] },
  { name: 'types', command: [...bin('typescript/bin/tsc'), '-p', 'tsconfig.json'] },
  {
    name: 'format',
    command: [...bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  },
  {
    name: 'rooms',
    command: [
      ...bin('dependency-cruiser/bin/dependency-cruise.mjs'),
      'src',
      '--config',
      '.dependency-cruiser.cjs',
    ],
    // With a TypeScript it doesn't know, dependency-cruiser looks at nothing and is content.
    accept: (output) => Number(/\((\d+) modules/.exec(output)?.[1] ?? 0) > 0,
  },
  { name: 'openapi', command: [process.execPath, join(homeDirectory, 'scripts/openapi.mjs'), '--check'] },
  {
    name: 'settings',
    command: [process.execPath, join(homeDirectory, 'scripts/configuration-docs.mjs'), '--check'],
  },
  { name: 'alerts', command: [process.execPath, join(homeDirectory, 'scripts/alerts.mjs')] },
  {
    name: 'results',
    command: [process.execPath, join(homeDirectory, 'scripts/bench-report.mjs'), '--check'],
  },
  { name: 'unused', command: bin('knip/bin/knip.js') },
];

await ensureInstalled();
const waiting = [...steps];
let failed = 0;

async function work() {
  for (let step = waiting.shift(); step; step = waiting.shift()) {
    const startedAt = performance.now();
    const { output, exitCode } = await capture(step.command);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const isAccepted = exitCode === 0 && (step.accept?.(output) ?? true);
    console.log(`${isAccepted ? 'ok    ' : 'FAILED'} ${step.name.padEnd(8)} ${seconds.padStart(6)} s`);
    for (const [note] of output.matchAll(/^note: .*$/gm)) console.log(`       ${note}`);
    if (isAccepted) continue;
    failed += 1;
    console.log(output.trimEnd());
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
console.log(`${steps.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
