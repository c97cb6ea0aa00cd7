// Map.groupBy, which Node 20 has not.

/** @returns {Map<unknown, any[]>} the items of each key, in their order */
export function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
