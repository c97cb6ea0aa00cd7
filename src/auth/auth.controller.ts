import { Body, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiForbiddenResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AllowRole, CurrentMember, Public } from '../platform/access/index.js';
import { type MemberCaller } from '../platform/identity/index.js';
import { AccountsService } from './accounts.service.js';
import {
  type Me,
  meSchema,
  type Refresh,
  refreshSchema,
  type SignedIn,
  signedInSchema,
  type SignIn,
  signInSchema,
  type SwitchTenant,
  switchTenantSchema,
  type Tokens,
  tokensSchema,
} from './auth.dto.js';
import { originOf } from './origin.js';
import { type FinishSignIn, finishSignInSchema } from './second-factor/second-factor.dto.js';
import {
  FOREIGN_PAGE,
  handOver,
  refreshTokenOf,
  refuseForeignPages,
  takeCookieBack,
} from './sessions/token-transport.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Accounts')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
  ) {}

  // The password is what is shown.
  @Public()
  @Post('sign-in')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Open a session in one tenant',
    description:
      'Where a second factor is on, the answer is 401 `second_factor_required` with a `challenge` for the second step.',
  })
  @ApiOkResponse({ standardSchema: signedInSchema })
  @ApiUnauthorizedResponse({
    description: 'E-mail address or password is wrong, or a second factor is required.',
  })
  @ApiForbiddenResponse({ description: `The tenant is suspended. ${FOREIGN_PAGE}` })
  @ApiConflictResponse({ description: 'The person belongs to no tenant any more.' })
  @ApiTooManyRequestsResponse()
  async signIn(
    @Body({ schema: signInSchema }) input: SignIn,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignedIn> {
    refuseForeignPages(input.transport, request);
    return handOver(await this.accounts.signIn(input, originOf(request)), input.transport, reply);
  }

  // The challenge, which the password got, and a code are what is shown.
  @Public()
  @Post('sign-in/second-factor')
  @HttpCode(200)
  @ApiOperation({ summary: 'Finish signing in with a code of the authenticator, or a recovery code' })
  @ApiOkResponse({ standardSchema: signedInSchema })
  @ApiUnauthorizedResponse({ description: 'The code is wrong or used, or the challenge is too old.' })
  @ApiForbiddenResponse({ description: `The tenant is suspended. ${FOREIGN_PAGE}` })
  @ApiTooManyRequestsResponse()
  async finishSignIn(
    @Body({ schema: finishSignInSchema }) input: FinishSignIn,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignedIn> {
    refuseForeignPages(input.transport, request);
    return handOver(await this.accounts.finishSignIn(input, originOf(request)), input.transport, reply);
  }

  // The refresh token is what is shown; the access token may be over.
  @Public()
  @Post('refresh')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Change a refresh token for new tokens',
    description:
      'Each refresh token works once; one that is used again later ends its session. With transport `cookie` it comes and goes in the cookie `__Host-arauto_refresh`.',
  })
  @ApiOkResponse({ standardSchema: tokensSchema })
  @ApiUnauthorizedResponse({ description: 'The session is over: sign in again.' })
  @ApiForbiddenResponse({ description: FOREIGN_PAGE })
  async refresh(
    @Body({ schema: refreshSchema }) input: Refresh,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Tokens> {
    refuseForeignPages(input.transport, request);
    const refreshToken = input.refreshToken ?? refreshTokenOf(request);
    return handOver(await this.sessions.refresh(refreshToken), input.transport, reply);
  }

  @AllowRole('viewer')
  @Post('switch-tenant')
  @HttpCode(200)
  @ApiBearerAuth('session')
  @ApiOperation({
    summary: 'Open a session in another of the own tenants',
    description:
      'The session that asks goes on, and both end together. In a browser the new one takes its place in the cookie.',
  })
  @ApiOkResponse({ standardSchema: signedInSchema })
  @ApiForbiddenResponse({
    description: `The tenant is suspended, or a session in a cookie would leave it. ${FOREIGN_PAGE}`,
  })
  @ApiNotFoundResponse()
  @ApiConflictResponse({ description: 'The session acts in that tenant already.' })
  async switchTenant(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: switchTenantSchema }) input: SwitchTenant,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignedIn> {
    refuseForeignPages(input.transport, request);
    const opened = await this.accounts.switchTenant(caller, input, originOf(request));
    return handOver(opened, input.transport, reply);
  }

  @AllowRole('viewer')
  @Post('sign-out')
  @HttpCode(204)
  @ApiBearerAuth('session')
  @ApiOperation({ summary: 'End this session, and those that came of the same sign-in by switching tenants' })
  @ApiNoContentResponse()
  async signOut(
    @CurrentMember() caller: MemberCaller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.sessions.end(caller);
    takeCookieBack(request, reply);
  }

  @AllowRole('viewer')
  @Get('me')
  @ApiBearerAuth('session')
  @ApiOperation({ summary: 'Who am I, and in which tenant' })
  @ApiOkResponse({ standardSchema: meSchema })
  whoAmI(@CurrentMember() caller: MemberCaller): Promise<Me> {
    return this.accounts.whoAmI(caller);
  }
}
