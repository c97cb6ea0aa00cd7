import { readUrl } from '../../platform/egress/index.js';
import { composeCookie, readCookie } from '../browser/cookie.rules.js';
import { REFRESH_TOKEN_DAYS } from '../refresh-token.rules.js';

/** `__Host-`: browsers take and send it only with Secure, for this host alone and every path (RFC 6265bis, section 4.1.3.2). */
export const REFRESH_COOKIE = '__Host-arauto_refresh';

/** The header that gives a browser its refresh token, which no script can read. */
export function writeRefreshCookie(refreshToken: string): string {
  return composeCookie(REFRESH_COOKIE, refreshToken, REFRESH_TOKEN_DAYS * 24 * 60 * 60);
}

/** The header that takes it away. */
export function clearRefreshCookie(): string {
  return composeCookie(REFRESH_COOKIE, '', 0);
}

/** @param header the request's `Cookie` */
export function readRefreshCookie(header: string | undefined): string | undefined {
  return readCookie(header, REFRESH_COOKIE) || undefined;
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
  return readUrl(origin)?.host === host.toLowerCase();
}
