import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AllowOperator, CurrentOperator, Public } from '../../platform/access/index.js';
import { type OperatorCaller } from '../../platform/identity/index.js';
import { bearerTokenOf } from '../access.rules.js';
import { BrowserAccess } from '../browser/browser-access.service.js';
import { originOf } from '../origin.js';
import {
  type OperatorSignedIn,
  operatorSignedInSchema,
  type OperatorSignIn,
  operatorSignInSchema,
} from './operator.dto.js';
import { OperatorSessions } from './operator-sessions.service.js';

@ApiTags('Operator')
@Controller('operator')
export class OperatorsController {
  constructor(
    private readonly sessions: OperatorSessions,
    private readonly browser: BrowserAccess,
  ) {}

  // The password is what is shown.
  @Public()
  @Post('sign-in')
  @HttpCode(200)
  @ApiOperation({ summary: 'Open an hour’s session as somebody who runs the installation' })
  @ApiOkResponse({ standardSchema: operatorSignedInSchema })
  @ApiUnauthorizedResponse({
    description:
      'E-mail address or password is wrong, or the person is no operator; or a second factor is on, and its code is missing or wrong.',
  })
  @ApiTooManyRequestsResponse()
  signIn(
    @Body({ schema: operatorSignInSchema }) input: OperatorSignIn,
    @Req() request: FastifyRequest,
  ): Promise<OperatorSignedIn> {
    return this.sessions.signIn(input, originOf(request));
  }

  @AllowOperator()
  @Post('sign-out')
  @HttpCode(204)
  @ApiBearerAuth('operator')
  @ApiOperation({ summary: 'End this session, and the own looks into tenants' })
  @ApiNoContentResponse()
  signOut(@CurrentOperator() operator: OperatorCaller): Promise<void> {
    return this.sessions.end(operator);
  }

  @AllowOperator()
  @Post('browser-access')
  @HttpCode(204)
  @ApiBearerAuth('operator')
  @ApiOperation({
    summary: 'Open the board of the queues and the documentation in this browser',
    description:
      'Sets a cookie for /operator/queues, /docs and /openapi.json, as long as the session is open.',
  })
  @ApiNoContentResponse({ description: 'The answer sets the cookie.' })
  openPages(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): void {
    // The guard has found an operator by it.
    const token = bearerTokenOf(request.headers.authorization) ?? '';
    void reply.header('set-cookie', this.browser.composeOperatorCookie(token));
  }
}
