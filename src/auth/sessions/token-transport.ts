import { type FastifyReply, type FastifyRequest } from 'fastify';
import { ProblemError } from '../../platform/errors/index.js';
import { type Transport, type Tokens } from '../auth.dto.js';
import { type IssuedTokens } from '../sessions.service.js';
import {
  clearRefreshCookie,
  isOwnPage,
  readRefreshCookie,
  writeRefreshCookie,
} from './refresh-cookie.rules.js';

/** What the API's description says of {@link refuseForeignPages}. */
export const FOREIGN_PAGE = 'Transport `cookie` is for the installation’s own pages.';

/**
 * Before anything is done for a browser that holds its session in a cookie.
 *
 * @throws ProblemError 403 `foreign_page` when another site's page asks, or nobody says which
 */
export function refuseForeignPages(transport: Transport, request: FastifyRequest): void {
  if (transport === 'body') return;
  const secFetchSite = request.headers['sec-fetch-site'];
  const page = {
    secFetchSite: typeof secFetchSite === 'string' ? secFetchSite : undefined,
    origin: request.headers.origin,
    host: request.host,
  };
  if (isOwnPage(page)) return;
  throw new ProblemError(
    403,
    'foreign_page',
    "A session in a cookie is for the installation's own pages; programs take transport `body`.",
  );
}

/** @throws ProblemError 401 `refresh_token_rejected` where the browser has no cookie */
export function refreshTokenOf(request: FastifyRequest): string {
  const token = readRefreshCookie(request.headers.cookie);
  if (token !== undefined) return token;
  throw new ProblemError(401, 'refresh_token_rejected', 'This browser has no session; sign in again.');
}

/** Hands the tokens over; the refresh token is in the body or in the cookie, never in both. */
export function handOver<Answer extends IssuedTokens>(
  { refreshToken, ...answer }: Answer,
  transport: Transport,
  reply: FastifyReply,
): Omit<Answer, 'refreshToken'> & Tokens {
  void reply.header('cache-control', 'no-store');
  if (transport === 'body') return { ...answer, refreshToken };
  void reply.header('set-cookie', writeRefreshCookie(refreshToken));
  return answer;
}

/** A browser whose session is over keeps nothing of it. */
export function takeCookieBack(request: FastifyRequest, reply: FastifyReply): void {
  if (readRefreshCookie(request.headers.cookie) !== undefined) {
    void reply.header('set-cookie', clearRefreshCookie());
  }
}
