import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { homeDirectory } from '../../harness/product.js';

const { forbidden } = jest.requireActual<{ forbidden: { name: string }[] }>(
  '../../../.dependency-cruiser.cjs',
);

const rooms = [
  ...['config', 'platform', 'telegram', 'tenants', 'webhooks', 'auth', 'bots', 'audience', 'messages'],
  ...['delivery', 'scheduling', 'menus', 'records', 'reports', 'app'],
];

/** A house in good order: every room has a door and enters its left neighbour by it. */
const cleanHouse: Record<string, string> = {
  'src/main.ts': "import { app } from './app/index.js';\nconsole.log(app);\n",
  'src/sandbox/index.ts': "import { config } from '../config/index.js';\nexport const sandbox = config;\n",
  'src/platform/clock/index.ts': 'export const clock = 1;\n',
  'src/platform/clock/inside.ts': 'export const inside = 1;\n',
  'src/platform/crypto/index.ts':
    "import { clock } from '../clock/index.js';\nexport const crypto = clock;\n",
  'src/tenants/inside.ts': 'export const inside = 1;\n',
  ...Object.fromEntries(
    rooms.map((room, position) => {
      const neighbour = rooms[position - 1];
      const entry = neighbour ? `import { ${neighbour} } from '../${neighbour}/index.js';\n` : '';
      return [`src/${room}/index.ts`, `${entry}export const ${room} = ${neighbour ?? 1};\n`];
    }),
  ),
};

/** One breach of each rule, by the rule's name. */
const breaches: Record<string, Record<string, string>> = {
  'through-the-door': { 'src/bots/breach.ts': "import '../tenants/inside.js';\n" },
  'platform-chambers-through-their-door': {
    'src/platform/crypto/breach.ts': "import '../clock/inside.js';\n",
  },
  'sandbox-is-spoken-to-over-http': { 'src/delivery/breach.ts': "import '../sandbox/index.js';\n" },
  'sandbox-knows-no-business': { 'src/sandbox/breach.ts': "import '../bots/index.js';\n" },
  'no-cycles': {
    'src/audience/breach.ts': "import './return.js';\n",
    'src/audience/return.ts': "import './breach.js';\n",
  },
  'no-unknown-room': { 'src/cellar/index.ts': "import '../config/index.js';\n" },
  'no-test-code-in-product': {
    'test/harness.ts': 'export const harness = 1;\n',
    'src/config/breach.ts': "import '../../test/harness.js';\n",
  },
  'no-dev-dependency-in-product': { 'src/config/breach.ts': "import 'jest';\n" },
  resolvable: { 'src/config/breach.ts': "import './missing.js';\n" },
  ...Object.fromEntries(
    rooms.slice(0, -1).map((room, position) => [
      `${room}-imports-leftwards-only`,
      {
        [`src/${room}/breach.ts`]: `import { ${rooms[position + 1]} } from '../${rooms[position + 1]}/index.js';\nexport const breach = ${rooms[position + 1]};\n`,
      },
    ]),
  ),
};

interface Findings {
  rules: string[];
  moduleCount: number;
}

describe('the order of the rooms', () => {
  const made: string[] = [];
  afterAll(() => Promise.all(made.map((directory) => rm(directory, { recursive: true }))));

  async function buildHouse(files: Record<string, string>): Promise<string> {
    const house = await mkdtemp(join(tmpdir(), 'arauto-rooms-'));
    made.push(house);
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) {
      await copyFile(join(homeDirectory, name), join(house, name));
    }
    await symlink(join(homeDirectory, 'node_modules'), join(house, 'node_modules'));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(house, path)), { recursive: true });
      await writeFile(join(house, path), text);
    }
    return house;
  }

  /** Runs the real dependency-cruiser with the real configuration. */
  async function inspect(house: string): Promise<Findings> {
    const output = await new Promise<string>((resolve) => {
      execFile(
        process.execPath,
        [
          join(homeDirectory, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
          ...['src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'],
        ],
        { cwd: house, maxBuffer: 16 * 1024 * 1024 },
        // It ends with the number of breaches; they are in what it wrote.
        (_error, stdout) => resolve(stdout),
      );
    });
    const { summary } = JSON.parse(output) as {
      summary: { totalCruised: number; violations: { rule: { name: string } }[] };
    };
    return {
      rules: [...new Set(summary.violations.map(({ rule }) => rule.name))].sort(),
      moduleCount: summary.totalCruised,
    };
  }

  it('lets a house in good order pass, and looks at all of it', async () => {
    const { rules, moduleCount } = await inspect(await buildHouse(cleanHouse));
    expect(rules).toEqual([]);
    expect(moduleCount).toBeGreaterThanOrEqual(Object.keys(cleanHouse).length);
  }, 60_000);

  it('has a breach planted for every rule', () => {
    expect(Object.keys(breaches).sort()).toEqual(forbidden.map(({ name }) => name).sort());
  });

  it('catches every breach', async () => {
    // Each under its rule's name, so that all of them fit one house.
    const planted: Record<string, string> = { ...cleanHouse };
    for (const [rule, files] of Object.entries(breaches)) {
      for (const [path, text] of Object.entries(files)) {
        planted[path.replace('breach.ts', `${rule}.ts`)] = text.replace('./breach.js', `./${rule}.js`);
      }
    }
    const { rules } = await inspect(await buildHouse(planted));
    expect(rules).toEqual(Object.keys(breaches).sort());
  }, 60_000);
});
