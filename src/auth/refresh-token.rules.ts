import { hmac } from '../platform/crypto/index.js';

/** How long a used token still gives its successor: two tabs at once, an answer lost on the way. */
export const GRACE_SECONDS = 10;
export const REFRESH_TOKEN_DAYS = 30;

/** What is known of a refresh token that somebody shows. */
export interface ShownRefreshToken {
  readonly isExpired: boolean;
  readonly isSessionEnded: boolean;
  /** Null when it was never used. */
  readonly secondsSinceUse: number | null;
}

/**
 * `rotate`: first use. `repeat`: used a moment ago, the same successor again. `end_session`: used long ago, so one of
 * the two who hold it has stolen it, and nobody knows who. `refuse`: nothing it could renew.
 */
export type RefreshDecision = 'rotate' | 'repeat' | 'end_session' | 'refuse';

export function decideRefresh(token: ShownRefreshToken): RefreshDecision {
  if (token.isSessionEnded) return 'refuse';
  if (token.secondsSinceUse !== null) {
    return token.secondsSinceUse <= GRACE_SECONDS ? 'repeat' : 'end_session';
  }
  return token.isExpired ? 'refuse' : 'rotate';
}

/** The token after this one: always the same for the same key, so that it can be given twice and stored never. */
export function successorOf(refreshToken: string, key: Buffer): string {
  return hmac(key, refreshToken).toString('base64url');
}
