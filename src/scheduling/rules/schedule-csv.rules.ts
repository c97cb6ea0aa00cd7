import { writeCsvLine } from '../../platform/http/index.js';

/** A file of schedules as people's spreadsheets write it: RFC 4180, with a line of names. */
export const CSV_COLUMNS = [
  ...['name', 'messageId', 'message', 'audience', 'rule', 'timeZone', 'localTimeOf', 'endsAt'],
  ...['exceptDates', 'within', 'maxRuns', 'missedPolicy', 'graceSeconds', 'overlapPolicy'],
  ...['stack', 'pin', 'deletePrevious', 'deleteAfterSeconds'],
] as const;
type CsvRow = Readonly<Record<string, unknown>>;

/** Columns whose cells are JSON, such as `{"to":"everybody"}`. */
const JSON_COLUMNS: readonly string[] = [
  'message',
  'audience',
  'rule',
  'exceptDates',
  'within',
  'maxRuns',
  'graceSeconds',
  'stack',
  'deletePrevious',
  'deleteAfterSeconds',
];

export class CsvError extends Error {
  override readonly name = 'CsvError';
}

export function writeCsv(rows: readonly CsvRow[]): string {
  const lines = rows.map((row) => CSV_COLUMNS.map((column) => row[column]));
  return [[...CSV_COLUMNS], ...lines].map(writeCsvLine).join('');
}

/**
 * The rows of a file; empty cells are left out.
 * @throws CsvError naming the line
 */
export function readCsv(text: string): CsvRow[] {
  const [names, ...lines] = readCells(text.replace(/^\uFEFF/, ''));
  if (!names) throw new CsvError('The file is empty; its first line names the columns.');
  const unknown = names.find((name) => !(CSV_COLUMNS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new CsvError(`Line 1 names the column "${unknown}"; there are ${CSV_COLUMNS.join(', ')}.`);
  if (new Set(names).size < names.length) throw new CsvError('Line 1 names a column twice.');
  return lines.map((cells, n) => {
    if (cells.length !== names.length)
      throw new CsvError(`Row ${n + 1} has ${cells.length} cells, not ${names.length}.`);
    return Object.fromEntries(
      names.flatMap((name, at) => (cells[at] === '' ? [] : [[name, readCell(name, cells[at]!, n + 1)]])),
    );
  });
}

function readCell(column: string, text: string, row: number): unknown {
  if (!JSON_COLUMNS.includes(column)) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CsvError(`Row ${row}, column ${column}: write JSON, such as {"to":"everybody"}.`, {
      cause: error,
    });
  }
}

/** Lines of cells; quotes enclose commas, line ends and doubled quotes. */
function readCells(text: string): string[][] {
  const rows: string[][] = [];
  let cells: string[] = [];
  // A cell in quotes or a bare one, and what ends it.
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (cell.lastIndex < text.length) {
    const from = cell.lastIndex;
    const [, quoted, bare = '', end] = cell.exec(text) ?? [];
    if (end === undefined)
      throw new CsvError(
        `Row ${rows.length}: a quote is not closed or stands in a cell without quotes (character ${from}).`,
      );
    cells.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === ',' && cell.lastIndex < text.length) continue;
    if (end === ',') cells.push('');
    rows.push(cells);
    cells = [];
  }
  return rows.filter((row) => row.length > 1 || row[0] !== '');
}
