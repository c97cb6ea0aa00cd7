import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { buildProduct, homeDirectory } from '../../harness/product.js';

const listFiles = (directory: string): string[] =>
  readdirSync(join(homeDirectory, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name));

const read = (file: string): string => readFileSync(join(homeDirectory, file), 'utf8');
const withoutFences = (text: string): string => text.replace(/^```[^]*?^```/gm, '');

/** Every document of the project, by its path from the root. */
const DOCUMENTS = [
  ...readdirSync(homeDirectory).filter((name) => name.endsWith('.md')),
  'docker/README.md',
  ...listFiles('docs')
    .filter((file) => file.endsWith('.md'))
    .map((file) => relative(homeDirectory, file)),
];

/** What is wrong in a document, each led by its name. */
const findAll = (find: (text: string, document: string) => string[]): string[] =>
  DOCUMENTS.flatMap((document) => find(read(document), document).map((problem) => `${document}: ${problem}`));

describe('the documents', () => {
  it('link to nothing that is not there', () => {
    const dead = findAll((text, document) =>
      [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)|<img[^>]+src="([^"]+)"/g)]
        .map(([, link, image]) => (link ?? image ?? '').replace(/#.*$/, ''))
        .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(join(homeDirectory, dirname(document), target))),
    );
    expect(dead).toEqual([]);
  });

  it('name no command that package.json does not have', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const absent = findAll((text) =>
      [...text.matchAll(/npm run ([a-z][a-z:-]*)/g)]
        .map(([, name]) => name ?? '')
        .filter((name) => !(name in scripts)),
    );
    expect(absent).toEqual([]);
  });

  it('name no test that is not there', () => {
    const specs = [...listFiles('src'), ...listFiles('test')].filter((file) => file.endsWith('.spec.ts'));
    const isThere = (file: string, title: string): boolean => {
      const called = new RegExp(`(describe|it)(\\.each[^]*?\\]\\))?\\(\\s*['"]${escape(title)}['"]`);
      return specs.some((spec) => basename(spec) === file && called.test(readFileSync(spec, 'utf8')));
    };
    const named = findAll((text) =>
      [...text.matchAll(/`([\w.-]+\.spec\.ts: [^`]+)`/g)].map(([, test]) => test ?? ''),
    );
    expect(named.length).toBeGreaterThan(10);
    const absent = named.filter((test) => {
      const [, file = '', title = ''] = /([\w.-]+\.spec\.ts): (.+)$/.exec(test) ?? [];
      return !isThere(file, title);
    });
    expect(absent).toEqual([]);
  });

  it('draw the rooms in the order that is enforced', () => {
    const [, enforced] = /const rooms = \[([^\]]+)\]/.exec(read('.dependency-cruiser.cjs')) ?? [];
    const rooms = [...(enforced ?? '').matchAll(/'(\w+)'/g)].map(([, room]) => room);
    expect(rooms.length).toBeGreaterThan(0);
    for (const document of ['docs/architecture.md', 'CONTRIBUTING.md']) {
      const [drawing] = /^config ← .*$/m.exec(read(document)) ?? [''];
      expect(drawing.split(' ← ')).toEqual([...rooms, 'main']);
    }
  });
});

describe('.env.example', () => {
  it('says what the settings say', async () => {
    await buildProduct();
    const run = () =>
      execFileSync(process.execPath, ['scripts/env-example.mjs', '--check'], {
        cwd: homeDirectory,
        stdio: 'pipe',
      });
    expect(run).not.toThrow();
  }, 120_000);
});

/** For a regular expression that looks for the text itself. */
function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
