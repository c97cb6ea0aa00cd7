import { isAtLeast, type TenantRole } from '../../platform/identity/index.js';

/** What somebody shows as an API key; nothing is known of it yet. */
export interface ShownApiKey {
  readonly id: string;
  readonly secret: string;
}

const PREFIX = 'arauto_';
/** The id without its hyphens, and 256 random bits as base64url. */
const KEY = /^arauto_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_([\w-]{43})$/;

/** The prefix lets people, logs and secret scanners know one when they see it. */
export function writeApiKey(id: string, secret: string): string {
  return `${PREFIX}${id.replaceAll('-', '')}_${secret}`;
}

/** Claims that a bearer token means to be an API key, well-formed or not. */
export function isApiKey(token: string): boolean {
  return token.startsWith(PREFIX);
}

/** @returns undefined for what is no key of ours */
export function readApiKey(token: string): ShownApiKey | undefined {
  const parts = KEY.exec(token);
  return parts ? { id: parts.slice(1, 6).join('-'), secret: parts[6] ?? '' } : undefined;
}

/** What a key may do: never more than its maker might when they made it, nor more than they may now. */
export function roleOfKey(atMaking: TenantRole, now: TenantRole): TenantRole {
  return isAtLeast(atMaking, now) ? now : atMaking;
}
