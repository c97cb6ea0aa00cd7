/**
 * Claims that the same mail may be taken later: the server was away, or said so itself (4yz, RFC 5321 section 4.2.1).
 * What it refuses for good (5yz) it refuses again.
 */
export function isWorthAnotherTry(error: unknown): boolean {
  const { responseCode } = (error ?? {}) as { responseCode?: unknown };
  return typeof responseCode !== 'number' || responseCode < 500;
}
