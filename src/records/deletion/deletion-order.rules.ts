/** That rows of one table name rows of another one. */
export interface Reference {
  readonly from: string;
  readonly to: string;
}

/**
 * Tables in an order in which their rows can be deleted: whoever refers comes before what is referred to. Tables that
 * refer to each other in a circle come last, as they were given.
 */
export function orderForDeletion(tables: readonly string[], references: readonly Reference[]): string[] {
  const ordered: string[] = [];
  let left = [...tables];
  while (left.length > 0) {
    const free = left.filter(
      (table) => !references.some(({ from, to }) => to === table && from !== table && left.includes(from)),
    );
    if (free.length === 0) return [...ordered, ...left];
    ordered.push(...free);
    left = left.filter((table) => !free.includes(table));
  }
  return ordered;
}
