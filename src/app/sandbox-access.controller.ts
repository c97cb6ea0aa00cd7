import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { AllowRole, CurrentCaller, Public } from '../platform/access/index.js';
import { type Caller } from '../platform/identity/index.js';
import {
  type AskSandboxAccess,
  askSandboxAccessSchema,
  sandboxAccessSchema,
  type SandboxAccessStanding,
  sandboxAccessStandingSchema,
  type SandboxAccessView,
} from './sandbox-access.dto.js';
import { SANDBOX_LABEL, SandboxAccessService } from './sandbox-access.service.js';

@ApiTags('Sandbox')
@ApiBearerAuth('session')
@Controller('sandbox/access')
export class SandboxAccessController {
  constructor(private readonly sandbox: SandboxAccessService) {}

  @Post()
  @AllowRole(SANDBOX_LABEL.role, SANDBOX_LABEL.scope)
  @ApiOperation({
    summary: "Get access to the tenant's own workspace in the sandbox",
    description:
      'The token lasts a quarter of an hour, and `POST /sandbox/v1/access/renewal` of the sandbox gives the next one for half a day. It opens nothing any more once the session or key that asked is over, or may not ask again.',
  })
  @ApiCreatedResponse({ standardSchema: sandboxAccessSchema })
  grant(@CurrentCaller() caller: Caller): SandboxAccessView {
    return this.sandbox.grant(caller);
  }

  @Post('standing')
  @HttpCode(200)
  // The sandbox asks, which has no account; whoever has a token may learn whether it is still good.
  @Public()
  // All tenants' questions come from the one address of the sandbox. What isn't signed by us costs one hash.
  @SkipThrottle()
  @ApiOperation({ summary: 'Does an access token still open its workspace? The sandbox asks' })
  @ApiOkResponse({ standardSchema: sandboxAccessStandingSchema })
  async ask(
    @Body({ schema: askSandboxAccessSchema }) { accessToken }: AskSandboxAccess,
  ): Promise<SandboxAccessStanding> {
    return { isStanding: await this.sandbox.isStanding(accessToken) };
  }
}
