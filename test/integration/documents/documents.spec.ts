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
  ...listFiles('docs')
    .filter((file) => file.endsWith('.md'))
    .map((file) => relative(homeDirectory, file)),
];

describe('the documents', () => {
  it.each(DOCUMENTS)('%s links to nothing that is not there', (document) => {
    const targets = [...withoutFences(read(document)).matchAll(/\]\(([^)\s]+)\)|<img[^>]+src="([^"]+)"/g)]
      .map(([, link, image]) => (link ?? image ?? '').replace(/#.*$/, ''))
      .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
    const dead = targets.filter((target) => !existsSync(join(homeDirectory, dirname(document), target)));
    expect(dead).toEqual([]);
  });

  it.each(DOCUMENTS)('%s names no command that package.json does not have', (document) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(document).matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, name]) => name ?? '');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it.each(DOCUMENTS)('%s names no test that is not there', (document) => {
    const specs = [...listFiles('src'), ...listFiles('test')].filter((file) => file.endsWith('.spec.ts'));
    const named = [...read(document).matchAll(/`([\w.-]+\.spec\.ts): ([^`]+)`/g)];
    const absent = named.filter(
      ([, file, title]) =>
        !specs.some(
          (spec) =>
            basename(spec) === file &&
            new RegExp(`(describe|it)(\\.each[^]*?\\]\\))?\\(\\s*['"]${escape(title ?? '')}['"]`).test(
              readFileSync(spec, 'utf8'),
            ),
        ),
    );
    expect(absent.map(([text]) => text)).toEqual([]);
  });

  it('the drawing of the rooms is the order that is enforced', () => {
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
