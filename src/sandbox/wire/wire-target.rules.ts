/** Where a request to the wire is aimed at. */
export type WireTarget =
  | { kind: 'call'; token: string; method: string; query: string }
  | { kind: 'file'; token: string; path: string }
  /** Begins like the wire, yet is neither. */
  | { kind: 'nonsense' };

const tokenShape = /^\d{1,16}:[A-Za-z0-9_-]{35}$/;
const callPrefix = '/bot';
const filePrefix = '/file/bot';

/** Undefined when the address is none of the wire's. */
export function parseWireTarget(url: string): WireTarget | undefined {
  if (url.startsWith(callPrefix)) {
    const slash = url.indexOf('/', callPrefix.length);
    const token = readToken(url.slice(callPrefix.length, slash < 0 ? undefined : slash));
    if (token === undefined || slash < 0) return { kind: 'nonsense' };
    const mark = url.indexOf('?', slash);
    const method = url.slice(slash + 1, mark < 0 ? undefined : mark);
    return { kind: 'call', token, method: method.slice(0, 64), query: mark < 0 ? '' : url.slice(mark + 1) };
  }
  if (!url.startsWith(filePrefix)) return undefined;
  const slash = url.indexOf('/', filePrefix.length);
  const token = readToken(url.slice(filePrefix.length, slash < 0 ? undefined : slash));
  return token === undefined || slash < 0
    ? { kind: 'nonsense' }
    : { kind: 'file', token, path: url.slice(slash + 1) };
}

/** Some clients write the colon as `%3A`. */
function readToken(text: string): string | undefined {
  const token = text.replace(/%3A/i, ':');
  return tokenShape.test(token) ? token : undefined;
}
