import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import {
  interpolate,
  parseVariables,
  readComposeFile,
  readServices,
} from '../../../proofs/deploy/compose.mjs';
import { settingsSchema } from '../../../src/config/settings.js';
import { homeDirectory } from '../../harness/product.js';

const read = (file: string): string => readFileSync(join(homeDirectory, file), 'utf8');
const inDocker = (file: string): string => join(homeDirectory, 'docker', file);
const makeSecrets = () =>
  parseVariables(execFileSync('sh', [inDocker('new-secrets.sh')], { encoding: 'utf8' }));
const LAYOUTS = ['compose.yml', 'compose.small.yml'];

/** What a process is told by its image or by how it is started, so that nobody has to. */
const OF_THE_IMAGE = [...read('docker/Dockerfile').matchAll(/^(?:ENV|) +([A-Z_]+)=/gm)].map(
  ([, name]) => name,
);
/** Where one container listens is nobody's business outside of it. */
const INSIDE_OF_CONTAINERS = ['PORT', 'SANDBOX_PORT'];

describe('the compose files', () => {
  // The dialect is draft 7, under an address that Ajv doesn't know it by.
  const { $schema: _, ...schema } = JSON.parse(
    read('node_modules/dclint/schemas/compose.schema.json'),
  ) as Record<string, unknown>;
  const isCompose = addFormats.default(new Ajv({ strict: false })).compile(schema);

  it.each([...LAYOUTS, 'services.yml'])('%s is as the Compose Specification has it', (file) => {
    isCompose(readComposeFile(inDocker(file)));
    expect(isCompose.errors ?? []).toEqual([]);
  });

  it.each(LAYOUTS)('%s gives processes nothing but settings of Arauto', (file) => {
    const known = Object.keys(settingsSchema.shape);
    const own = Object.values(readServices(inDocker(file), makeSecrets())).filter(isOwn);
    expect(own.length).toBeGreaterThan(1);
    const given = own.flatMap(({ environment }) => Object.keys(environment));
    expect(given.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('let every setting be set', () => {
    const settings = Object.keys(settingsSchema.shape);
    const anything = Object.fromEntries(settings.map((name) => [name, 'x']));
    const settable = Object.values(readServices(inDocker('compose.yml'), { ...makeSecrets(), ...anything }))
      .filter(isOwn)
      .flatMap(({ environment }) => Object.keys(environment));
    const unsettable = settings.filter(
      (name) => ![...settable, ...OF_THE_IMAGE, ...INSIDE_OF_CONTAINERS].includes(name),
    );
    expect(unsettable).toEqual([]);
  });

  it.each(LAYOUTS)('%s asks for no secret that new-secrets.sh does not make', (file) => {
    expect(() => readServices(inDocker(file), {})).toThrow(/new-secrets\.sh/);
    expect(() => readServices(inDocker(file), makeSecrets())).not.toThrow();
  });

  it.each(LAYOUTS)('%s tells the login of the owner to the migration alone', (file) => {
    const services = readServices(inDocker(file), makeSecrets());
    const informed = Object.entries(services).filter(
      ([, { environment }]) => 'DATABASE_OWNER_URL' in environment,
    );
    expect(informed.map(([name]) => name)).toEqual(['migrate']);
  });

  it.each(LAYOUTS)('%s opens ports of the proxy alone, and takes every right away from Arauto', (file) => {
    const services = readServices(inDocker(file), makeSecrets()) as Record<string, Record<string, unknown>>;
    const open = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
    expect(open.map(([name]) => name)).toEqual(['proxy']);
    for (const service of Object.values(services).filter(isOwn)) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    }
  });

  it('lead Telegram, browsers and links to the name of the installation', () => {
    const { api } = readServices(inDocker('compose.yml'), { ...makeSecrets(), DOMAIN: 'bots.example.org' });
    expect(api?.environment).toMatchObject({
      PUBLIC_URL: 'https://bots.example.org',
      CONSOLE_URL: 'https://bots.example.org',
      SANDBOX_PUBLIC_URL: 'https://sandbox.bots.example.org',
    });
  });
});

describe('interpolate', () => {
  const variables = { NAME: 'value', EMPTY: '' };
  it.each([
    ['a ${NAME} b', 'a value b'],
    ['${EMPTY:-other}', 'other'],
    ['${ABSENT:-${NAME}}', 'value'],
    ['${ABSENT:-}', ''],
    ['${NAME:+https://${NAME}}', 'https://value'],
    ['${EMPTY:+https://${NAME}}', ''],
  ])('%s is "%s"', (text, expected) => {
    expect(interpolate(text, variables)).toBe(expected);
  });

  it('insists where the file does', () => {
    expect(() => interpolate('${EMPTY:?make one}', variables)).toThrow('EMPTY is not set: make one');
  });
});

function isOwn(service: object): boolean {
  return 'build' in service;
}
