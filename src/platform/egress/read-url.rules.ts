/**
 * An address as the standard reads it; undefined where it is none. Not `URL.canParse`: once V8 has compiled its caller, that
 * of Node 20 takes characters such as \u00fc for broken UTF-8, and calls a right address wrong.
 */
export function readUrl(address: string): URL | undefined {
  try {
    return new URL(address);
  } catch {
    return undefined;
  }
}
