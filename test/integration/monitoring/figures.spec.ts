import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningInstallation, startInstallation } from '../../../src/app/index.js';
import { readConfiguration } from '../../../src/config/index.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';
import { homeDirectory } from '../../harness/product.js';

const read = (file: string): string => readFileSync(join(homeDirectory, file), 'utf8');

/** What Prometheus makes of every target by itself. */
const PROMETHEUS_OWN = ['up'];
/** What a histogram is asked by. */
const seriesOf = (name: string): string => name.replace(/_(bucket|sum|count)$/, '');

describe('the figures', () => {
  const home = mkdtempSync(join(tmpdir(), 'arauto-figures-'));
  let database: TestDatabase;
  let running: RunningInstallation;
  let exported: Set<string>;

  beforeAll(async () => {
    database = await createTestDatabase();
    running = await startInstallation(
      readConfiguration({
        NODE_ENV: 'test',
        ARAUTO_HOME: home,
        LOG_LEVEL: 'silent',
        PORT: '0',
        SANDBOX_PORT: '0',
        MONITORING_PORT: '0',
        DATABASE_URL: database.urls.app,
        DATABASE_DISPATCHER_URL: database.urls.dispatcher,
      }),
    );
    const text = await (await fetch(`${running.monitoringUrl}/metrics`)).text();
    exported = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
  });
  afterAll(async () => {
    await running.close();
    await database.drop();
    rmSync(home, { recursive: true, force: true });
  });

  const namesIn = (text: string): string[] =>
    [...text.matchAll(/\b(?:arauto|nodejs|process)_[a-z0-9_]+|\bup(?=[{ ])/g)].map(([name]) =>
      seriesOf(name),
    );
  const dashboard = (): string[] => {
    const { panels } = JSON.parse(read('deploy/observability/dashboard.json')) as {
      panels: { targets?: { expr: string }[] }[];
    };
    return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  };
  const alerts = (): string[] =>
    [
      ...read('deploy/observability/alerts.yml').matchAll(/^\s+expr:\s*((?:.|\n)*?)\n\s+(?:for|labels):/gm),
    ].map(([, expr]) => expr!);

  it('are those that the dashboard, the alerts and the document name', () => {
    expect(dashboard().length).toBeGreaterThan(20);
    expect(alerts().length).toBe(read('deploy/observability/alerts.yml').split('- alert:').length - 1);
    const asked = new Set([...dashboard(), ...alerts()].flatMap(namesIn));
    expect([...asked].filter((name) => !exported.has(name) && !PROMETHEUS_OWN.includes(name))).toEqual([]);

    const documented = [...read('docs/observability.md').matchAll(/^\| `(arauto_\w+)`/gm)].map(
      ([, name]) => name!,
    );
    const own = [...exported].filter((name) => name.startsWith('arauto_'));
    expect(documented.sort()).toEqual(own.sort());
  });

  it('have names as Prometheus wants them', () => {
    for (const name of exported) expect(name).toMatch(/^(arauto|process|nodejs)_[a-z0-9_]+$/);
  });
});
