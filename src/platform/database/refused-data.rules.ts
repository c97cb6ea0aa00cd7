/** SQLSTATE classes of what is wrong with the values themselves: data exceptions, and values beyond PostgreSQL's limits. */
const DATA_CLASSES = /^(?:22|54)/;

/** Claims that PostgreSQL will never take this data: to try again would be in vain, others in the statement may be fine. */
export function isRefusedData(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && DATA_CLASSES.test(code);
}
