import { Injectable, Logger } from '@nestjs/common';
import { request } from 'undici';
import { Configuration } from '../config/index.js';
import { Clock } from '../platform/clock/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { SandboxWorkspaces } from '../records/index.js';
import { signSandboxAccess } from '../sandbox/index.js';
import { sandboxSecretOf } from './sandbox-access.service.js';

/** Emptying takes longer than a call: a workspace may have hundreds of thousands of people. */
const ANSWER_WITHIN_MS = 30_000;
const ACCESS_SECONDS = 60;

/** Speaks to the sandbox as anybody does, by HTTP, wherever it runs. */
@Injectable()
export class RemoteSandboxWorkspaces extends SandboxWorkspaces {
  private readonly logger = new Logger('sandbox');

  constructor(
    private readonly configuration: Configuration,
    private readonly clock: Clock,
  ) {
    super();
  }

  async erase(tenantId: TenantId): Promise<void> {
    try {
      const { statusCode, body } = await request(`${this.configuration.sandboxUrl}/sandbox/v1/workspace`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${this.signAccess(tenantId)}` },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      await body.dump();
      if (statusCode !== 204)
        throw new Error(`The sandbox answered ${statusCode} when it was to forget a tenant.`);
    } catch (error) {
      // An installation may run without a sandbox, and then nobody named one.
      if (this.isSandboxNamed || !isNobodyThere(error)) throw error;
      this.logger.log(`there is no sandbox that could know tenant ${tenantId}`);
    }
  }

  private get isSandboxNamed(): boolean {
    return this.configuration.settings.SANDBOX_URL !== undefined;
  }

  /** Without a holder: whoever asked for the deletion may be gone with it. */
  private signAccess(workspace: TenantId): string {
    const expiresAt = Math.floor(this.clock.now().getTime() / 1000) + ACCESS_SECONDS;
    return signSandboxAccess(sandboxSecretOf(this.configuration.secrets), { workspace, expiresAt });
  }
}

function isNobodyThere(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
}
