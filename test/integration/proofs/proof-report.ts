import { writeFileSync } from 'node:fs';

const SCALES = ['short', 'quick', 'full'] as const;
/** `short` is that of `npm test`; `npm run prove -- NAME` asks for `full`, with --quick for `quick`. */
type Scale = (typeof SCALES)[number];

const scale: Scale = SCALES.find((one) => one === process.env['PROOF_SCALE']) ?? 'short';

/** What fits the scale of this run. */
export function atScale<Value>(values: Readonly<Record<Scale, Value>>): Value {
  return values[scale];
}

const EXAMPLES_KEPT = 20;
/** How often a proof tells whoever watches how far it is; a test of the suite is silent. */
const TOLD_EVERY_MS = 3_000;

/** The figures of a proof. A finding counts, and is shown; the tests of the proof fail on it, and so does the command. */
export class ProofReport {
  private readonly figures: Record<string, unknown> = {};
  private readonly rows: (readonly [string, number])[] = [];
  readonly findings: string[] = [];
  private toldAtMs = -Infinity;

  /** @param counted figures that begin at 0: what must not be found */
  constructor(
    readonly proof: string,
    counted: readonly string[],
  ) {
    for (const name of counted) this.figures[name] = 0;
  }

  set(name: string, value: unknown): void {
    this.figures[name] = value;
  }

  add(name: string, more = 1): void {
    this.figures[name] = this.count(name) + more;
  }

  count(name: string): number {
    return (this.figures[name] as number | undefined) ?? 0;
  }

  /** One more of what must not be. */
  find(name: string, what: string): void {
    this.add(name);
    if (this.findings.length < EXAMPLES_KEPT) this.findings.push(`${name}: ${what.slice(0, 500)}`);
  }

  /** Tells every few seconds how far it is, where the command runs it. */
  progress(what: string, done: number, all: number): void {
    if (process.env['PROOF_REPORT'] === undefined) return;
    const nowMs = performance.now();
    if (nowMs - this.toldAtMs < TOLD_EVERY_MS) return;
    this.toldAtMs = nowMs;
    process.stderr.write(`… ${what}: ${done.toLocaleString('en')} of ${all.toLocaleString('en')}\n`);
  }

  /** A line of the table for people. */
  line(what: string, count: number): void {
    this.rows.push([what, count]);
  }

  /** Hands the figures to the command that runs the proof, where one does. */
  write(): void {
    const file = process.env['PROOF_REPORT'];
    if (file === undefined) return;
    const { figures, rows, findings } = this;
    writeFileSync(file, JSON.stringify({ figures, rows, findings }));
  }
}
