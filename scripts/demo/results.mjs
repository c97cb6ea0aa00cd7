// The end of the demo in words and columns.

const COLUMNS = [
  'accepted',
  'sent',
  'failed',
  'skipped',
  'unknown',
  'lost',
  'duplicated',
  'per second',
  'late by',
];
const NAME_WIDTH = 28;

/**
 * @param {readonly import('./figures.mjs').Figures[]} all
 * @returns {string}
 */
export function formatTable(all) {
  const rows = all.map((figures) => [
    figures.name,
    figures.accepted,
    figures.sent,
    figures.failed,
    figures.skipped,
    figures.unknown,
    figures.lost,
    figures.duplicated,
    figures.perSecond === null ? '' : figures.perSecond.toFixed(figures.perSecond < 10 ? 1 : 0),
    figures.latenessMs.length === 0 ? '' : `${Math.max(...figures.latenessMs)} ms`,
  ]);
  const formatRow = ([name, ...cells]) =>
    name.padEnd(NAME_WIDTH) + cells.map((cell, n) => String(cell).padStart(COLUMNS[n].length + 2)).join('');
  const head = formatRow(['Message', ...COLUMNS]);
  return [head, '─'.repeat(head.length), ...rows.map(formatRow), ...formatReasons(all)].join('\n');
}

function formatReasons(all) {
  return all
    .filter(({ reasons }) => Object.keys(reasons).length > 0)
    .map(({ name, reasons }) => {
      const parts = Object.entries(reasons).map(([outcome, count]) => `${count} × ${outcome}`);
      return `  not sent of ${name}: ${parts.join(', ')}`;
    });
}

/** Where to look around and how to get in. */
export function formatAddresses({ apiUrl, sandboxPage, login }) {
  return [
    `API documentation  ${apiUrl}/docs`,
    `Sandbox            ${sandboxPage}`,
    '                   Be one of the people: read, write, press buttons, block a bot.',
    `Sign in            ${login.email}, password ${login.password}`,
  ].join('\n');
}
