import { Injectable } from '@nestjs/common';
import { Configuration, type Secrets } from '../config/index.js';
import { Clock } from '../platform/clock/index.js';
import { type Caller } from '../platform/identity/index.js';
import { signSandboxAccess } from '../sandbox/index.js';
import { type SandboxAccessView } from './sandbox-access.dto.js';

const ACCESS_SECONDS = 12 * 60 * 60;

/** The secret that the API signs with and the sandbox verifies with. */
export function sandboxSecretOf(secrets: Secrets): string {
  return secrets.SANDBOX_KEY.toString('base64');
}

/** Lets a tenant into its own workspace of the sandbox. */
@Injectable()
export class SandboxAccessService {
  constructor(
    private readonly configuration: Configuration,
    private readonly clock: Clock,
  ) {}

  grant(caller: Caller): SandboxAccessView {
    const expiresAt = Math.floor(this.clock.now().getTime() / 1000) + ACCESS_SECONDS;
    const secret = sandboxSecretOf(this.configuration.secrets);
    const accessToken = signSandboxAccess(secret, { workspace: caller.tenantId, expiresAt });
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
}
