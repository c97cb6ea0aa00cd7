import { Controller, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { type Caller } from '../platform/identity/index.js';
import { sandboxAccessSchema, type SandboxAccessView } from './sandbox-access.dto.js';
import { SandboxAccessService } from './sandbox-access.service.js';

@ApiTags('Sandbox')
@ApiBearerAuth('session')
@Controller('sandbox')
export class SandboxAccessController {
  constructor(private readonly sandbox: SandboxAccessService) {}

  @Post('access')
  @AllowRole('admin', 'sandbox:write')
  @ApiOperation({ summary: "Get twelve hours of access to the tenant's own workspace in the sandbox" })
  @ApiCreatedResponse({ standardSchema: sandboxAccessSchema })
  grant(@CurrentCaller() caller: Caller): SandboxAccessView {
    return this.sandbox.grant(caller);
  }
}
