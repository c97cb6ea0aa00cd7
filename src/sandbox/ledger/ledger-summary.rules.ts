import { type LedgerRow } from './ledger.js';

export interface TextGroup {
  prefix: string;
  requests: number;
  effects: number;
  firstArrivalEpochMs: number;
  lastArrivalEpochMs: number;
}

export interface Duplicate {
  botId: number;
  chatId: number;
  content: string;
  times: number;
}

export interface LedgerSummary {
  requests: number;
  effects: number;
  violations: number;
  faults: number;
  /** By method name, then by status. */
  counts: Record<string, Record<string, number>>;
  firstArrivalEpochMs: number | null;
  lastArrivalEpochMs: number | null;
  /** The most calls that send within any second [t, t + 1 s), per bot; the busiest 1,000 bots first. */
  busiestSecondPerBot: { botId: number; calls: number }[];
  /** The most calls that send within any minute, per bot and group; the busiest 1,000 first. */
  busiestMinutePerGroup: { botId: number; chatId: number; calls: number }[];
  /** Same bot, chat and content, delivered more than once. `surplus` counts the deliveries too many. */
  duplicates: { surplus: number; examples: Duplicate[] };
  textGroups: TextGroup[];
}

export interface SummaryOptions {
  methodName: (method: number) => string;
  /** Groups texts by their first so many characters; 0 for no groups. */
  textPrefixCharacters: number;
}

const mostExamples = 100;
const mostBusiest = 1000;
const mostTextGroups = 10_000;

/** Adds rows up in one pass; its cost grows with the rows, its result only with bots and groups. */
export function summarizeLedger(rows: Iterable<LedgerRow>, options: SummaryOptions): LedgerSummary {
  const summary = new SummaryInProgress(options);
  for (const row of rows) summary.add(row);
  return summary.finish();
}

class SummaryInProgress {
  private requests = 0;
  private effects = 0;
  private violations = 0;
  private faults = 0;
  private firstMs = Number.POSITIVE_INFINITY;
  private lastMs = Number.NEGATIVE_INFINITY;
  private readonly counts: Record<string, Record<string, number>> = {};
  private readonly arrivalsByBot = new Map<number, number[]>();
  private readonly arrivalsByGroup = new Map<string, { botId: number; chatId: number; arrivals: number[] }>();
  private readonly deliveries = new Map<string, Duplicate>();
  private readonly textGroups = new Map<string, TextGroup>();

  constructor(private readonly options: SummaryOptions) {}

  add(row: LedgerRow): void {
    this.requests++;
    if (row.hasEffect) this.effects++;
    if (row.isViolation) this.violations++;
    if (row.fault >= 0) this.faults++;
    this.firstMs = Math.min(this.firstMs, row.arrivedAtEpochMs);
    this.lastMs = Math.max(this.lastMs, row.arrivedAtEpochMs);
    const byStatus = (this.counts[this.options.methodName(row.method)] ??= {});
    byStatus[row.status] = (byStatus[row.status] ?? 0) + 1;
    if (row.isSending) this.addArrival(row);
    if (row.contentHash !== '') this.addContent(row);
  }

  finish(): LedgerSummary {
    const seconds = [...this.arrivalsByBot].map(([botId, arrivals]) => ({
      botId,
      calls: countBusiestWindow(arrivals, 1_000_000),
    }));
    const minutes = [...this.arrivalsByGroup.values()].map(({ botId, chatId, arrivals }) => ({
      botId,
      chatId,
      calls: countBusiestWindow(arrivals, 60_000_000),
    }));
    const repeated = [...this.deliveries.values()].filter((delivery) => delivery.times > 1);
    return {
      requests: this.requests,
      effects: this.effects,
      violations: this.violations,
      faults: this.faults,
      counts: this.counts,
      firstArrivalEpochMs: this.requests > 0 ? this.firstMs : null,
      lastArrivalEpochMs: this.requests > 0 ? this.lastMs : null,
      busiestSecondPerBot: seconds.sort((a, b) => b.calls - a.calls).slice(0, mostBusiest),
      busiestMinutePerGroup: minutes.sort((a, b) => b.calls - a.calls).slice(0, mostBusiest),
      duplicates: {
        surplus: repeated.reduce((sum, delivery) => sum + delivery.times - 1, 0),
        examples: repeated.slice(0, mostExamples),
      },
      textGroups: [...this.textGroups.values()],
    };
  }

  private addArrival(row: LedgerRow): void {
    const arrivals = this.arrivalsByBot.get(row.botId);
    if (arrivals) arrivals.push(row.arrivedAtUs);
    else this.arrivalsByBot.set(row.botId, [row.arrivedAtUs]);
    if (row.chatId >= 0) return;
    const key = `${row.botId}:${row.chatId}`;
    const group = this.arrivalsByGroup.get(key);
    if (group) group.arrivals.push(row.arrivedAtUs);
    else this.arrivalsByGroup.set(key, { botId: row.botId, chatId: row.chatId, arrivals: [row.arrivedAtUs] });
  }

  private addContent(row: LedgerRow): void {
    if (row.isSending && row.hasEffect) {
      const key = `${row.botId}:${row.chatId}:${row.contentHash}`;
      const delivery = this.deliveries.get(key);
      if (delivery) delivery.times++;
      else this.deliveries.set(key, { botId: row.botId, chatId: row.chatId, content: row.content, times: 1 });
    }
    if (this.options.textPrefixCharacters > 0) this.addToTextGroup(row);
  }

  private addToTextGroup(row: LedgerRow): void {
    const prefix = row.content.slice(0, this.options.textPrefixCharacters);
    let group = this.textGroups.get(prefix);
    if (!group) {
      if (this.textGroups.size >= mostTextGroups) return;
      const at = row.arrivedAtEpochMs;
      group = { prefix, requests: 0, effects: 0, firstArrivalEpochMs: at, lastArrivalEpochMs: at };
      this.textGroups.set(prefix, group);
    }
    group.requests++;
    if (row.hasEffect) group.effects++;
    group.firstArrivalEpochMs = Math.min(group.firstArrivalEpochMs, row.arrivedAtEpochMs);
    group.lastArrivalEpochMs = Math.max(group.lastArrivalEpochMs, row.arrivedAtEpochMs);
  }
}

/** The most arrivals in any half-open window of that length, wherever it begins. */
export function countBusiestWindow(arrivals: readonly number[], windowLength: number): number {
  // Rows are in the order of decision; a slow body can swap neighbours, so sort exactly.
  const sorted = Float64Array.from(arrivals).sort();
  let busiest = 0;
  let start = 0;
  for (let end = 0; end < sorted.length; end++) {
    while ((sorted[end] ?? 0) - (sorted[start] ?? 0) >= windowLength) start++;
    busiest = Math.max(busiest, end - start + 1);
  }
  return busiest;
}
