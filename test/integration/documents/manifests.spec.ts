import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';
import { findMistakes } from '../../../scripts/manifests/kubernetes-types.mjs';
import { WEBHOOK_PREFIX } from '../../../src/bots/webhook/webhook.rules.js';
import { settingsSchema } from '../../../src/config/settings.js';
import { homeDirectory } from '../../harness/product.js';

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly securityContext: object;
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}
interface Probe {
  readonly httpGet: { readonly path: string };
}
interface Pod {
  readonly containers: readonly [Container];
  readonly securityContext: object;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds?: number;
}
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Record<string, unknown> & { readonly template: { readonly spec: Pod } };
}

const SETS = ['small', 'usual', 'large'];
const read = (file: string): string => readFileSync(join(homeDirectory, file), 'utf8');
const manifestsOf = (set: string): Manifest[] =>
  parseAllDocuments(read(`deploy/kubernetes/${set}.yaml`))
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
const ofKind = (set: string, kind: string): Manifest[] =>
  manifestsOf(set).filter((manifest) => manifest.kind === kind);
const podsOf = (set: string): [string, Pod][] =>
  [...ofKind(set, 'Deployment'), ...ofKind(set, 'Job')].map(({ metadata, spec }) => [
    metadata.name,
    spec.template.spec,
  ]);
const namesIn = ([, pod]: [string, Pod]): string[] => pod.containers[0].env.map(({ name }) => name);

/** Settings that the chart sets by itself, or that make sense outside of it alone. */
const OF_THE_CHART = [
  ...['NODE_ENV', 'ARAUTO_ROLES', 'ARAUTO_HOME', 'HOST', 'PORT', 'MONITORING_HOST', 'MONITORING_PORT'],
  ...['PUBLIC_URL', 'TRUST_PROXY_HOPS', 'SANDBOX_HOST', 'SANDBOX_PORT', 'API_URL'],
];
const SECRETS = [
  ...['ENCRYPTION_KEY', 'ENCRYPTION_KEY_PREVIOUS', 'SESSION_KEY', 'SANDBOX_KEY'],
  ...['DATABASE_URL', 'DATABASE_OWNER_URL', 'DATABASE_DISPATCHER_URL', 'QUEUE_URL', 'SMTP_URL'],
];

describe('the manifests', () => {
  it.each(SETS)('%s are as Kubernetes has them', (set) => {
    expect(podsOf(set)).toHaveLength(5);
    expect(findMistakes(manifestsOf(set), homeDirectory)).toEqual([]);
  });

  it.each(SETS)('%s give processes nothing but settings of Arauto', (set) => {
    const given = podsOf(set).flatMap(namesIn);
    expect(given.filter((name) => !(name in settingsSchema.shape))).toEqual([]);
  });

  it.each(SETS)(
    "%s tell the owner's login to the migration alone, and no secret's value to anybody",
    (set) => {
      const informed = podsOf(set).filter((pod) => namesIn(pod).includes('DATABASE_OWNER_URL'));
      expect(informed.map(([name]) => name)).toEqual(['arauto-migration']);
      const told = podsOf(set).flatMap(([, pod]) => pod.containers[0].env);
      expect(told.filter(({ name, value }) => SECRETS.includes(name) && value !== undefined)).toEqual([]);
      expect(ofKind(set, 'Secret')).toEqual([]);
    },
  );

  it.each(SETS)('%s take every right away', (set) => {
    for (const [, pod] of podsOf(set)) {
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  it.each(SETS)(
    '%s give each role its process, budget, network policy, and more time than a stop takes',
    (set) => {
      const stopSeconds =
        Number(/STOP_WITHIN_MS = (\d+)_000/.exec(read('src/main.ts'))?.[1]) +
        5; /* the API's wait before it */
      const roles = ofKind(set, 'Deployment').map(({ metadata }) => metadata.name);
      expect(roles.toSorted()).toEqual(['arauto-api', 'arauto-poller', 'arauto-scheduler', 'arauto-worker']);
      for (const { spec } of ofKind(set, 'Deployment')) {
        expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(stopSeconds);
      }
      for (const kind of ['PodDisruptionBudget', 'NetworkPolicy']) {
        expect(ofKind(set, kind).map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(roles));
      }
    },
  );

  it('probe what is answered on the port of monitoring', () => {
    const controller = read('src/app/monitoring/monitoring.controller.ts');
    for (const { spec } of ofKind('usual', 'Deployment')) {
      const { startupProbe, livenessProbe, readinessProbe } = spec.template.spec.containers[0];
      const paths = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet.path);
      expect(paths).toEqual(['/health/started', '/health/live', '/health/ready']);
      for (const path of paths) expect(controller).toContain(`'${String(path).slice(1)}'`);
    }
  });

  it("lead Telegram's posts to where Arauto takes them", () => {
    const [webhooks] = ofKind('usual', 'Ingress').filter(({ metadata }) =>
      metadata.name.endsWith('webhooks'),
    );
    expect(JSON.stringify(webhooks)).toContain(`"path":"${WEBHOOK_PREFIX}"`);
  });

  it('have the alerts that are tested', () => {
    const [rule] = ofKind('large', 'PrometheusRule');
    expect(rule?.spec).toEqual(parse(read('deploy/observability/alerts.yml')));
  });
});

describe('findMistakes', () => {
  const [deployment] = ofKind('usual', 'Deployment');
  const mistakesOf = (change: (spec: Record<string, unknown>) => void): string[] => {
    const changed = structuredClone(deployment) as Manifest;
    change(changed.spec);
    return findMistakes([changed], homeDirectory) as string[];
  };
  it.each<[string, (spec: Record<string, unknown>) => void, RegExp]>([
    ['a field that does not exist', (spec) => (spec['replica'] = 2), /replica\W+ does not exist/],
    ['a wrong type', (spec) => (spec['replicas'] = '2'), /'string' is not assignable to type 'number'/],
    ['a field that is missing', (spec) => delete spec['selector'], /'selector' is missing/],
    [
      'a wrong field deep inside',
      (spec) => Object.assign((spec['template'] as { spec: Pod }).spec.containers[0], { privileged: true }),
      /privileged\W+ does not exist/,
    ],
  ])('finds %s', (_, change, mistake) => {
    expect(mistakesOf(() => undefined)).toEqual([]);
    expect(mistakesOf(change).join('\n')).toMatch(mistake);
  });

  it('finds a kind that does not exist, and a gap in one of an operator', () => {
    const metadata = { name: 'x' };
    expect(findMistakes([{ apiVersion: 'apps/v1', kind: 'Deploy', metadata }], homeDirectory)).not.toEqual(
      [],
    );
    const scaled = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata, spec: { triggers: [] } };
    expect(findMistakes([scaled], homeDirectory).join()).toMatch(/scaleTargetRef is missing/);
  });
});

describe("the chart's values", () => {
  const schema = JSON.parse(read('deploy/helm/arauto/values.schema.json')) as {
    properties: { settings: { properties: object } };
  };
  const isAllowed = new Ajv({ strict: false }).compile(schema);
  const defaults = parse(read('deploy/helm/arauto/values.yaml')) as object;

  it('let every setting be set, and nothing else', () => {
    const settable = Object.keys(schema.properties.settings.properties);
    expect([...settable, ...OF_THE_CHART, ...SECRETS].toSorted()).toEqual(
      Object.keys(settingsSchema.shape).toSorted(),
    );
  });

  it.each(['values.yaml', ...SETS])('of %s are allowed', (set) => {
    const file = set === 'values.yaml' ? `deploy/helm/arauto/${set}` : `deploy/kubernetes/values/${set}.yaml`;
    isAllowed(parse(read(file)));
    expect(isAllowed.errors ?? []).toEqual([]);
  });

  it.each([
    ['an unknown one', { replicaz: 2 }],
    ['an unknown setting', { settings: { LOG_LEVELS: 'info' } }],
    ['a secret', { settings: { SESSION_KEY: 'hunter2' } }],
    ['a wrong type', { worker: { replicas: 'two' } }],
    ['a stop that is cut off', { terminationGracePeriodSeconds: 30 }],
  ])('refuse %s', (_, values) => {
    expect(isAllowed({ ...defaults, ...values })).toBe(false);
  });
});
