import { Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { AllowRole, CurrentMember } from '../../platform/access/index.js';
import { type MemberCaller } from '../../platform/identity/index.js';
import { BrowserAccess } from './browser-access.service.js';

@ApiTags('Tenant')
@ApiBearerAuth('session')
@Controller('documentation-access')
export class DocumentationAccessController {
  constructor(private readonly access: BrowserAccess) {}

  @Post()
  @HttpCode(204)
  @AllowRole('admin')
  @ApiOperation({
    summary: 'Open the documentation in this browser for an hour',
    description: 'Sets a cookie for /docs and /openapi.json, which are closed in production.',
  })
  @ApiNoContentResponse({ description: 'The answer sets the cookie.' })
  async open(
    @CurrentMember() caller: MemberCaller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    void reply.header('set-cookie', await this.access.composeDocumentationCookie(caller));
  }
}
