/**
 * A cookie for pages of ours that a browser opens by its address, where no program can add a header. Scripts can't read
 * it, other sites can't make the browser send it, and no other host can set it (`__Host-`).
 */
export function composeCookie(name: string, value: string, seconds: number): string {
  return `${name}=${value}; Max-Age=${seconds}; Path=/; Secure; HttpOnly; SameSite=Strict`;
}

/** The value of a cookie of a request; undefined where it isn't there. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [key, ...value] = pair.trim().split('=');
    if (key === name) return value.join('=');
  }
  return undefined;
}
