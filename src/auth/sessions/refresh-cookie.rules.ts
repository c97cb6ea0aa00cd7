import { REFRESH_TOKEN_DAYS } from '../refresh-token.rules.js';

/** `__Host-`: browsers take and send it only with Secure, for this host alone and every path (RFC 6265bis, section 4.1.3.2). */
export const REFRESH_COOKIE = '__Host-arauto_refresh';
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';

/** The header that gives a browser its refresh token, which no script can read. */
export function writeRefreshCookie(refreshToken: string): string {
  return `${REFRESH_COOKIE}=${refreshToken}; Max-Age=${REFRESH_TOKEN_DAYS * 24 * 60 * 60}; ${ATTRIBUTES}`;
}

/** The header that takes it away. */
export function clearRefreshCookie(): string {
  return `${REFRESH_COOKIE}=; Max-Age=0; ${ATTRIBUTES}`;
}

/** @param header the request's `Cookie` */
export function readRefreshCookie(header: string | undefined): string | undefined {
  const prefix = `${REFRESH_COOKIE}=`;
  const pair = (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(prefix));
  return pair?.slice(prefix.length) || undefined;
}

/** What a browser says of the page that a request comes from; pages can't forge it. */
export interface PageHeaders {
  readonly secFetchSite: string | undefined;
  readonly origin: string | undefined;
  /** Name and port under which the API was asked. */
  readonly host: string | undefined;
}

/**
 * Claims that a page of our own asks, or the person directly. `Sec-Fetch-Site` decides where there is one (every
 * browser since 2023); a request with neither header is no browser's, and has no use for a cookie.
 */
export function isOwnPage({ secFetchSite, origin, host }: PageHeaders): boolean {
  if (secFetchSite !== undefined) return secFetchSite === 'same-origin' || secFetchSite === 'none';
  if (origin === undefined || host === undefined) return false;
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
