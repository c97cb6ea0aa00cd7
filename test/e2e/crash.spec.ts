import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildProduct, homeDirectory } from '../harness/product.js';

jest.setTimeout(900_000);

/** The last line of the proof, as far as it is looked at here. */
interface Figures {
  readonly isMet: boolean;
  readonly kills: number;
  readonly stops: number;
  readonly backends: string[];
  readonly bots: number;
  readonly messages: number;
  readonly kinds: Record<string, number>;
  /** Of each figure, the most that may be; the proof's own, so that there is one place for them. */
  readonly promised: Record<string, number>;
}

/** `npm run prove -- crash --quick`, held against what the proof itself promises. */
describe('every kind of process, killed and stopped in the middle of broadcasts', () => {
  let proof: ChildProcess;
  let said = '';
  let printed = '';
  let figures: Figures;

  beforeAll(async () => {
    await buildProduct();
    proof = spawn(process.execPath, [join(homeDirectory, 'scripts/prove.mjs'), 'crash', '--quick'], {
      cwd: homeDirectory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    proof.stdout!.setEncoding('utf8').on('data', (text: string) => (printed += text));
    proof.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text));
    await once(proof, 'close');
    const lastLine = printed.trimEnd().split('\n').at(-1) ?? '';
    if (!lastLine.startsWith('{')) throw new Error(`The proof broke off:\n${printed}\n${said}`);
    console.log(printed.slice(0, printed.length - lastLine.length - 1));
    figures = JSON.parse(lastLine) as Figures;
  });
  afterAll(async () => {
    if (proof.exitCode !== null || proof.signalCode !== null) return;
    const closed = once(proof, 'close');
    proof.kill('SIGTERM');
    await closed;
  });

  /** Of those figures, what is over its bound; a figure that is missing is. */
  const over = (...names: string[]) =>
    names
      .map((name) => [name, (figures as unknown as Record<string, unknown>)[name], figures.promised[name]])
      .filter(([, measured, most]) => !((measured as number) <= (most as number)));

  it('happens often enough, whatever is sent', () => {
    expect(figures.kills).toBeGreaterThanOrEqual(25);
    expect(figures.stops).toBeGreaterThanOrEqual(25);
    expect(figures.backends).toContain('PostgreSQL');
    const kinds = ['text', 'photo', 'personal', 'resent', 'edited', 'edit', 'scheduled', 'pin', 'answers'];
    expect(kinds.filter((kind) => !(figures.kinds[kind]! > 0))).toEqual([]);
  });

  it('loses nothing, sends nothing twice, and tells no untruth', () => {
    const none = ['lost', 'duplicated', 'deniedArrivals', 'broadcastsTooMany', 'failed', 'endedBadly'];
    expect(none.map((name) => figures.promised[name])).toEqual(none.map(() => 0));
    expect(over(...none)).toEqual([]);
  });

  it('leaves no more unknown than can be under way', () => {
    expect(figures.promised['unknownPerKillPerBot']).toBeLessThanOrEqual(5);
    expect(over('unknownPerKillPerBot', 'unknownPerStopPerBot', 'unknownPerRestartPerBot')).toEqual([]);
  });

  it('goes on within ten seconds', () => {
    expect(figures.promised['longestPauseMs']).toBe(10_000);
    expect(over('longestPauseMs')).toEqual([]);
  });

  it('meets all that the proof judges, and says so to whoever started it', () => {
    expect(over(...Object.keys(figures.promised))).toEqual([]);
    expect(printed).not.toContain('NOT MET');
    expect({ isMet: figures.isMet, exitCode: proof.exitCode }).toEqual({ isMet: true, exitCode: 0 });
  });
});
