import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildProduct, homeDirectory } from '../harness/product.js';

jest.setTimeout(600_000);

/** The messages of one bot, at the pace that the proof sets. */
const PER_SECOND = 30;
/** The proof promises ten; other tests run beside it here. */
const GOES_ON_WITHIN_MS = 15_000;

interface Figures {
  readonly kills: number;
  readonly stops: number;
  readonly backends: string[];
  readonly lost: number;
  readonly duplicated: number;
  readonly deniedArrivals: number;
  readonly broadcastsTooMany: number;
  readonly failed: number;
  readonly unknownPerStopPerBot: number;
  readonly unknownPerRestartPerBot: number;
  readonly endedBadly: number;
  readonly unknownPerKillPerBot: number;
  readonly underWayMs: number;
  readonly longestPauseMs: number;
}

/** `npm run prove -- crash --quick`, held against what does not depend on how busy the machine is. */
describe('every kind of process, killed and stopped in the middle of broadcasts', () => {
  let proof: ChildProcess;
  let said = '';
  let figures: Figures;

  beforeAll(async () => {
    await buildProduct();
    proof = spawn(process.execPath, [join(homeDirectory, 'scripts/prove.mjs'), 'crash', '--quick'], {
      cwd: homeDirectory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
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

  it('happens often enough', () => {
    expect(figures.kills).toBeGreaterThanOrEqual(25);
    expect(figures.stops).toBeGreaterThanOrEqual(25);
    expect(figures.backends).toContain('PostgreSQL');
  });

  it('loses nothing, sends nothing twice, and tells no untruth', () => {
    const none = {
      lost: 0,
      duplicated: 0,
      deniedArrivals: 0,
      broadcastsTooMany: 0,
      failed: 0,
      endedBadly: 0,
    };
    expect(figures).toMatchObject(none);
  });

  it('leaves no more unknown than can be under way', () => {
    const atMost = Math.ceil((PER_SECOND * figures.underWayMs) / 1_000);
    expect(figures.unknownPerKillPerBot).toBeLessThanOrEqual(atMost);
    expect(figures.unknownPerStopPerBot).toBeLessThanOrEqual(atMost);
    expect(figures.unknownPerRestartPerBot).toBeLessThanOrEqual(atMost);
  });

  it('goes on soon', () => {
    expect(figures.longestPauseMs).toBeLessThanOrEqual(GOES_ON_WITHIN_MS);
  });
});
