/** A line of a CSV file (RFC 4180). Texts of people that a spreadsheet shall only show need a guard against formulas. */
export function writeCsvLine(cells: readonly unknown[]): string {
  return `${cells.map(writeCell).join(',')}\r\n`;
}

function writeCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
