// A table for people: the first column to the left, figures to the right.

export function printTable(headings, rows) {
  const texts = [headings, ...rows].map((row) => row.map((cell) => String(cell ?? '–')));
  const widths = headings.map((_, column) => Math.max(...texts.map((row) => row[column].length)));
  const print = (row) =>
    console.log(
      row
        .map((text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column])))
        .join('  ')
        .trimEnd(),
    );
  print(texts[0]);
  console.log(widths.map((width) => '─'.repeat(width)).join('  '));
  texts.slice(1).forEach(print);
}

export const formatCount = (value) => Math.round(value).toLocaleString('en-US');

export function medianOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
