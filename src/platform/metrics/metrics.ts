import { Logger } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Counts what happens. Adding is adding to a number: names and labels are put together when somebody asks. */
export class Tally {
  total = 0;

  add(amount = 1): void {
    this.total += amount;
  }
}

/** How values are spread, in buckets. Keeping numbers of our own takes a tenth of the time that prom-client's takes. */
export class Spread {
  private readonly counts: number[];
  private sum = 0;

  /** @param bounds upper ones, ascending */
  constructor(private readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const { bounds } = this;
    let position = 0;
    while (position < bounds.length && value > bounds[position]!) position += 1;
    this.counts[position]! += 1;
    this.sum += value;
  }

  /** As prom-client's own histogram tells its values. */
  tell(name: string): { metricName: string; labels: Record<string, string | number>; value: number }[] {
    let total = 0;
    const buckets = this.counts.map((count, position) => {
      total += count;
      return { metricName: `${name}_bucket`, labels: { le: this.bounds[position] ?? '+Inf' }, value: total };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: this.sum },
      { metricName: `${name}_count`, labels: {}, value: total },
    ];
  }
}

/** A histogram that prom-client writes down and doesn't keep. */
class ToldHistogram extends Histogram {
  constructor(
    private readonly told: { readonly name: string; readonly help: string },
    private readonly spread: Spread,
  ) {
    super({ ...told, registers: [] });
  }

  /** What a registry asks for its text; prom-client 15 has no type for it. */
  getForPromString() {
    return { ...this.told, type: 'histogram', values: this.spread.tell(this.told.name), aggregator: 'sum' };
  }
}

/** One value of a gauge, with its labels. */
export interface Reading {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The figures of this process, as Prometheus reads them. Every label has a set of values that is known when the figure is
 * made, or is read from something of ours that is bounded: no tenant, bot or chat can make them many.
 */
export class Metrics {
  private readonly logger = new Logger('Metrics');
  private readonly registry = new Registry();

  /** Figures of Node's own: memory, CPU, garbage collection, delay of the event loop. Once for a process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  /** @param name ends with `_total` */
  tally(name: string, help: string): Tally {
    const tally = new Tally();
    this.registry.registerMetric(
      new Counter({
        name,
        help,
        registers: [],
        collect() {
          this.reset();
          this.inc(tally.total);
        },
      }),
    );
    return tally;
  }

  /**
   * One tally for each value of a label.
   * @param name ends with `_total`
   */
  tallies<Value extends string>(
    name: string,
    help: string,
    label: string,
    values: readonly Value[],
  ): Readonly<Record<Value, Tally>> {
    const tallies = Object.fromEntries(values.map((value) => [value, new Tally()])) as Record<Value, Tally>;
    this.registry.registerMetric(
      new Counter({
        name,
        help,
        labelNames: [label],
        registers: [],
        collect() {
          this.reset();
          for (const value of values) this.inc({ [label]: value }, tallies[value].total);
        },
      }),
    );
    return tallies;
  }

  /** @param buckets upper bounds, ascending; a last one without a bound is added */
  spread(name: string, help: string, buckets: readonly number[]): Spread {
    const spread = new Spread(buckets);
    this.registry.registerMetric(new ToldHistogram({ name, help }, spread));
    return spread;
  }

  /**
   * What is read when somebody asks. Where it can't be read the figure is missing until it can, and the others are told.
   * @param read must be cheap, or keep its answer for a while: whoever may ask may ask often
   */
  gauge(
    name: string,
    help: string,
    read: () => number | readonly Reading[] | Promise<readonly Reading[]>,
    labelNames: readonly string[] = [],
  ): void {
    const readAll = async (): Promise<readonly Reading[]> => {
      const found = await read();
      return typeof found === 'number' ? [{ value: found }] : found;
    };
    const { logger } = this;
    this.registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: [...labelNames],
        registers: [],
        async collect() {
          this.reset();
          if (labelNames.length === 0) this.remove();
          try {
            for (const { labels = {}, value } of await readAll()) this.set(labels, value);
          } catch (error) {
            logger.warn(`${name} can't be read: ${String(error)}`);
          }
        },
      }),
    );
  }

  /** Everything in Prometheus's text format. */
  async expose(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }
}
