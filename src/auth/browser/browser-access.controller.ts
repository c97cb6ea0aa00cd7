import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AllowOperator, AllowRole, CurrentMember } from '../../platform/access/index.js';
import { type MemberCaller } from '../../platform/identity/index.js';
import { bearerTokenOf } from '../access.rules.js';
import { BrowserAccess } from './browser-access.service.js';

@Controller()
export class BrowserAccessController {
  constructor(private readonly access: BrowserAccess) {}

  @Post('documentation-access')
  @HttpCode(204)
  @AllowRole('admin')
  @ApiTags('Tenant')
  @ApiBearerAuth('session')
  @ApiOperation({
    summary: 'Open the documentation in this browser for an hour',
    description: 'Sets a cookie for /docs and /openapi.json, which are closed in production.',
  })
  @ApiNoContentResponse({ description: 'The answer sets the cookie.' })
  async openDocumentation(
    @CurrentMember() caller: MemberCaller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    void reply.header('set-cookie', await this.access.composeDocumentationCookie(caller));
  }

  @Post('operator/browser-access')
  @HttpCode(204)
  @AllowOperator()
  @ApiTags('Operator')
  @ApiBearerAuth('operator')
  @ApiOperation({
    summary: 'Open the board of the queues and the documentation in this browser',
    description:
      'Sets a cookie for /operator/queues, /docs and /openapi.json, as long as the session is open.',
  })
  @ApiNoContentResponse({ description: 'The answer sets the cookie.' })
  openPages(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): void {
    const token = bearerTokenOf(request.headers.authorization) ?? '';
    void reply.header('set-cookie', this.access.composeOperatorCookie(token));
  }
}
