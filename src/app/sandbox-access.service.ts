import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ActorStanding } from '../auth/index.js';
import { Configuration, type Secrets } from '../config/index.js';
import { type AccessLabel, membersOnly } from '../platform/access/index.js';
import { Clock } from '../platform/clock/index.js';
import { type Actor, asTenantId, asUserId, type Caller, idSchema } from '../platform/identity/index.js';
import { SANDBOX_ACCESS_SECONDS, signSandboxAccess, verifySandboxAccess } from '../sandbox/index.js';
import { type SandboxAccessView } from './sandbox-access.dto.js';

/** Who may have access, when it is asked for and whenever it is used. */
export const SANDBOX_LABEL = {
  kind: 'member',
  role: 'admin',
  scope: 'sandbox:write',
} as const satisfies AccessLabel;
/** Half a day without coming back to the API. */
const RENEWABLE_SECONDS = 12 * 60 * 60;

/** Names the session or key, as {@link holderSchema} reads it: `member/<user>/<session>` or `api_key/<key>`. */
function writeHolder(actor: Actor): string {
  switch (actor.kind) {
    case 'member':
      return `member/${actor.userId}/${actor.sessionId}`;
    case 'api_key':
      return `api_key/${actor.apiKeyId}`;
    case 'operator':
      throw membersOnly();
  }
}

const holderSchema = z
  .string()
  .transform((text) => text.split('/'))
  .pipe(
    z.union([
      z
        .tuple([z.literal('member'), idSchema, idSchema])
        .transform(([kind, userId, sessionId]): Actor => ({ kind, userId: asUserId(userId), sessionId })),
      z.tuple([z.literal('api_key'), idSchema]).transform(([kind, apiKeyId]): Actor => ({ kind, apiKeyId })),
    ]),
  );

/** The secret that the API signs with and the sandbox verifies with. */
export function sandboxSecretOf(secrets: Secrets): string {
  return secrets.SANDBOX_KEY.toString('base64');
}

/** Lets a tenant into its own workspace of the sandbox, for as long as whoever asked may be there. */
@Injectable()
export class SandboxAccessService {
  constructor(
    private readonly configuration: Configuration,
    private readonly clock: Clock,
    private readonly standing: ActorStanding,
  ) {}

  grant({ tenantId, actor }: Caller): SandboxAccessView {
    const now = this.nowSeconds();
    const expiresAt = now + SANDBOX_ACCESS_SECONDS;
    const accessToken = signSandboxAccess(this.secret, {
      workspace: tenantId,
      expiresAt,
      holder: writeHolder(actor),
      renewableUntil: now + RENEWABLE_SECONDS,
    });
    // The tenant's programs and browsers reach the sandbox from outside; SANDBOX_URL is how our own processes do.
    const url = this.configuration.settings.SANDBOX_PUBLIC_URL ?? this.configuration.sandboxUrl;
    return {
      url,
      accessToken,
      expiresAt: new Date(expiresAt * 1000).toISOString(),
      // Browsers keep what follows # to themselves: the token is in no log of a server.
      pageUrl: `${url}/#token=${accessToken}`,
    };
  }

  /** Claims that a token is ours and not over, and that its holder would be granted another one now. */
  async isStanding(accessToken: string): Promise<boolean> {
    const access = verifySandboxAccess(this.secret, accessToken, this.nowSeconds());
    if (access?.holder === undefined || access.workspace === '*') return false;
    const holder = holderSchema.safeParse(access.holder);
    return (
      holder.success && this.standing.isAllowed(asTenantId(access.workspace), holder.data, SANDBOX_LABEL)
    );
  }

  private get secret(): string {
    return sandboxSecretOf(this.configuration.secrets);
  }

  private nowSeconds(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }
}
