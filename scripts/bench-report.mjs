// npm run bench:report [-- --check]: the README's table and chart, from what the benches left in bench/results.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { homeDirectory } from './run.mjs';

const README = join(homeDirectory, 'README.md');
const CHART = join(homeDirectory, 'docs/images/broadcast-bench.svg');
const RESULTS = join(homeDirectory, 'bench/results');
const BEGIN = '<!-- bench results: written by npm run bench:report -->';
const END = '<!-- end of bench results -->';

const results = readdirSync(RESULTS)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => JSON.parse(readFileSync(join(RESULTS, file), 'utf8')));
const readme = readFileSync(README, 'utf8');
const [before, rest] = readme.split(BEGIN);
const after = rest?.split(END)[1];
if (after === undefined) throw new Error(`README.md has no lines "${BEGIN}" and "${END}".`);

const style = await resolveConfig(README);
const written = await format(`${before}${BEGIN}\n\n${tableOf(results)}\n\n${END}${after}`, {
  ...style,
  parser: 'markdown',
});
const broadcast = results.find(({ bench }) => bench === 'broadcast');
const files = [[README, written], ...(broadcast ? [[CHART, chartOf(broadcast)]] : [])];
if (process.argv.includes('--check')) {
  const stale = files.filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text);
  for (const [file] of stale) console.error(`${file} is stale: run npm run bench:report.`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [file, text] of files) writeFileSync(file, text);
}

function tableOf(all) {
  const isBusy = ({ machine }) => machine.loadAtStart > machine.cores / 2;
  const rows = all.flatMap((result) =>
    result.headline.map(
      ({ figure, measured, reach, isMet }, position) =>
        `| ${position === 0 ? `\`${result.bench}\`${isBusy(result) ? '\\*' : ''}` : ''} | ${figure} | ${isMet ? '' : '**'}${measured}${isMet ? '' : '**'} | ${reach} |`,
    ),
  );
  const { machine } = all[0];
  return [
    `Measured on ${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}, PostgreSQL ${machine.postgres} with ` +
      'durable commits; what falls short of its aim is in bold.',
    '',
    '| bench | figure | measured | aim |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...(all.some(isBusy)
      ? ['', '\\* The machine had other work at the start: take these figures lightly.']
      : []),
  ].join('\n');
}

/** Bars of messages a second, the longest first. */
function chartOf({ perSecond, titles, stores }) {
  const ROW = 30;
  const LEFT = 270;
  const WIDTH = 760;
  const bars = Object.entries(perSecond).sort(([, one], [, other]) => other - one);
  const most = bars[0][1];
  const height = bars.length * ROW + 44;
  const rows = bars.map(([contender, rate], position) => {
    const y = 36 + position * ROW;
    const width = Math.max(2, Math.round(((WIDTH - LEFT - 90) * rate) / most));
    const isOurs = contender === 'arauto';
    return [
      `  <text x="${LEFT - 10}" y="${y + 15}" text-anchor="end"${isOurs ? ' font-weight="bold"' : ''}>${titles[contender]}</text>`,
      `  <rect x="${LEFT}" y="${y + 2}" width="${width}" height="18" rx="3" fill="${isOurs ? '#0969da' : stores[contender] === 'nothing' ? '#d0d7de' : '#8c959f'}"/>`,
      `  <text x="${LEFT + width + 8}" y="${y + 15}">${Math.round(rate).toLocaleString('en-US')}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#57606a">
  <rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
  <text x="${LEFT}" y="20" font-size="12">messages a second, answers at once; pale: keeps no state</text>
${rows.join('\n')}
</svg>
`;
}
