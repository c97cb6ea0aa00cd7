import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { homeDirectory } from '../../harness/product.js';

/** Test files that pass but for what they leave open, by what that is. */
const leaks: Record<string, string> = {
  timer: 'setInterval(() => undefined, 60_000);',
  TCPServerWrap: "require('node:net').createServer().listen(0, '127.0.0.1');",
  ProcessWrap: "require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => 1, 8_000)']);",
};

describe('a test file that leaves something open', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'arauto-leaks-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  async function runTestFile(name: string, body: string) {
    await writeFile(join(directory, `${name}.spec.cjs`), `test('passes', () => { ${body} });`);
    const configuration = {
      rootDir: directory,
      testMatch: [`${directory}/${name}.spec.cjs`],
      testEnvironment: join(homeDirectory, 'test/harness/leak-detecting-environment.cjs'),
    };
    return new Promise<{ output: string; exitCode: number | undefined }>((resolve) => {
      const jestProgram = join(homeDirectory, 'node_modules/jest/bin/jest.js');
      // Forced to end: the leak would keep this Jest alive, which is the point.
      const jestArguments = ['--config', JSON.stringify(configuration), '--forceExit'];
      execFile(
        process.execPath,
        [jestProgram, ...jestArguments],
        { cwd: directory },
        (error, stdout, stderr) =>
          resolve({ output: stdout + stderr, exitCode: error ? Number(error.code) : 0 }),
      );
    });
  }

  it.concurrent.each(Object.entries(leaks))(
    'fails for a %s, and says so',
    async (kind, body) => {
      const { output, exitCode } = await runTestFile(kind, body);
      expect(output).toMatch(new RegExp(`Left open when the tests had ended: .*1 ${kind}`));
      expect(exitCode).toBe(1);
    },
    30_000,
  );

  it('passes once everything is closed', async () => {
    const closing = "const server = require('node:net').createServer().listen(0, () => server.close());";
    const { output, exitCode } = await runTestFile('closing', closing);
    expect(output).toContain('1 passed');
    expect(exitCode).toBe(0);
  }, 30_000);
});
