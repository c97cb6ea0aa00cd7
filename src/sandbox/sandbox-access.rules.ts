import { createHmac, timingSafeEqual } from 'node:crypto';

/** Who may use the control API: one workspace (a tenant's), or `*` for the operator of the whole sandbox. */
export interface SandboxAccess {
  /** A UUID, or `*`. */
  workspace: string;
  /** Seconds since 1970. */
  expiresAt: number;
  /**
   * For whom the token was issued, in words of whoever issued it and is asked about them at every use. A token without
   * one is of somebody who has the secret itself.
   */
  holder?: string;
  /** Seconds since 1970 until which the holder gets tokens that follow this one. */
  renewableUntil?: number;
}

/** How long a token opens; a holder renews it while they still may. */
export const SANDBOX_ACCESS_SECONDS = 15 * 60;

const workspaceShape = /^(\*|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;
// A token that long is no token; it spares the work of hashing megabytes for a stranger.
const longestTokenCharacters = 1024;

/** `base64url(JSON) + "." + base64url(HMAC-SHA256(secret, first part))`. */
export function signSandboxAccess(secret: string, access: SandboxAccess): string {
  const { workspace, expiresAt, holder, renewableUntil } = access;
  const claims = Buffer.from(JSON.stringify({ workspace, expiresAt, holder, renewableUntil })).toString(
    'base64url',
  );
  return `${claims}.${authenticate(secret, claims).toString('base64url')}`;
}

/** The access that a token grants, or undefined when it is forged, malformed or over. */
export function verifySandboxAccess(
  secret: string,
  token: string,
  nowSeconds: number,
): SandboxAccess | undefined {
  if (token.length > longestTokenCharacters) return undefined;
  const [claims, signature, ...rest] = token.split('.');
  if (!claims || !signature || rest.length > 0) return undefined;
  const expected = authenticate(secret, claims);
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const access = readClaims(claims);
  return access && access.expiresAt > nowSeconds ? access : undefined;
}

/** What follows an access whose holder still may have it; undefined for one without a holder, or renewed long enough. */
export function renewSandboxAccess(access: SandboxAccess, nowSeconds: number): SandboxAccess | undefined {
  const { holder, renewableUntil } = access;
  if (holder === undefined || renewableUntil === undefined || renewableUntil <= nowSeconds) return undefined;
  return { ...access, expiresAt: Math.min(nowSeconds + SANDBOX_ACCESS_SECONDS, renewableUntil) };
}

function authenticate(secret: string, claims: string): Buffer {
  return createHmac('sha256', secret).update(claims).digest();
}

function readClaims(claims: string): SandboxAccess | undefined {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'));
  } catch {
    return undefined; // Signed by us, yet not JSON: a token of another kind under the same secret.
  }
  if (typeof content !== 'object' || content === null) return undefined;
  const { workspace, expiresAt, holder, renewableUntil } = content as Record<string, unknown>;
  if (typeof workspace !== 'string' || !workspaceShape.test(workspace)) return undefined;
  if (typeof expiresAt !== 'number') return undefined;
  if (holder === undefined) return { workspace, expiresAt };
  // A claim that can't be read must never become the lack of one: that would open more.
  if (typeof holder !== 'string' || typeof renewableUntil !== 'number') return undefined;
  return { workspace, expiresAt, holder, renewableUntil };
}
