/**
 * SQL of a recursive query over the different values of a column of `deliveries d`: one step over the index from each to the
 * next, so that rows between are not read, however many they are. The last value is NULL.
 *
 * @param name of the query; it has one column, of the same name as theirs
 * @param condition on `d`; with the column it must be the beginning of an index
 */
export const walkOver = (
  name: string,
  column: 'bot_no' | 'source_no',
  condition: string,
): string => `${name} AS (
  (SELECT d.${column} FROM deliveries d WHERE ${condition} ORDER BY d.${column} LIMIT 1)
  UNION ALL
  SELECT (SELECT d.${column} FROM deliveries d WHERE ${condition} AND d.${column} > ${name}.${column}
          ORDER BY d.${column} LIMIT 1)
  FROM ${name} WHERE ${name}.${column} IS NOT NULL
)`;
