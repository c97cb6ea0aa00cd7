import { Logger } from '@nestjs/common';
import { Metrics } from './metrics.js';

describe('Metrics', () => {
  afterEach(() => jest.restoreAllMocks());

  const linesOf = async (metrics: Metrics, name: string) =>
    (await metrics.expose()).text.split('\n').filter((line) => line.startsWith(name));

  it('tells tallies by label, from nothing on', async () => {
    const metrics = new Metrics();
    const tallies = metrics.tallies('things_total', 'Things.', 'kind', ['good', 'bad']);
    tallies.good.add();
    tallies.good.add(2);
    expect(await linesOf(metrics, 'things_total')).toEqual([
      'things_total{kind="good"} 3',
      'things_total{kind="bad"} 0',
    ]);
    // What is asked twice is not counted twice.
    expect(await linesOf(metrics, 'things_total')).toContain('things_total{kind="good"} 3');
  });

  it('tells how values are spread', async () => {
    const metrics = new Metrics();
    const spread = metrics.spread('wait_seconds', 'Waits.', [1, 10]);
    for (const seconds of [0.5, 5, 50]) spread.observe(seconds);
    expect(await linesOf(metrics, 'wait_seconds')).toEqual([
      'wait_seconds_bucket{le="1"} 1',
      'wait_seconds_bucket{le="10"} 2',
      'wait_seconds_bucket{le="+Inf"} 3',
      'wait_seconds_sum 55.5',
      'wait_seconds_count 3',
    ]);
  });

  it('leaves out what cannot be read, and tells the rest', async () => {
    const warnings = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const metrics = new Metrics();
    let isAway = false;
    metrics.gauge('depth', 'Depth.', () => (isAway ? Promise.reject(new Error('away')) : 7));
    metrics.gauge('width', 'Width.', () => [{ labels: { side: 'left' }, value: 1 }], ['side']);
    expect(await linesOf(metrics, 'depth')).toEqual(['depth 7']);
    isAway = true;
    expect(await linesOf(metrics, 'depth')).toEqual([]);
    expect(warnings).toHaveBeenCalledWith(expect.stringContaining('depth'));
    expect(await linesOf(metrics, 'width')).toEqual(['width{side="left"} 1']);
  });
});
