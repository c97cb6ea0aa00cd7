import { Body, Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiForbiddenResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
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
  type SignUp,
  signUpSchema,
  type Tokens,
  tokensSchema,
} from './auth.dto.js';
import { originOf } from './origin.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Accounts')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
  ) {}

  // Whoever signs up has nothing to show yet.
  @Public()
  @Post('sign-up')
  @ApiOperation({ summary: 'Make an account, a tenant that it owns, and a session' })
  @ApiCreatedResponse({ standardSchema: signedInSchema })
  @ApiConflictResponse()
  @ApiTooManyRequestsResponse()
  signUp(@Body({ schema: signUpSchema }) input: SignUp, @Req() request: FastifyRequest): Promise<SignedIn> {
    return this.accounts.signUp(input, originOf(request));
  }

  // The password is what is shown.
  @Public()
  @Post('sign-in')
  @HttpCode(200)
  @ApiOperation({ summary: 'Open a session in one tenant' })
  @ApiOkResponse({ standardSchema: signedInSchema })
  @ApiUnauthorizedResponse({ description: 'E-mail address or password is wrong.' })
  @ApiForbiddenResponse({ description: 'The tenant is suspended.' })
  @ApiTooManyRequestsResponse()
  signIn(@Body({ schema: signInSchema }) input: SignIn, @Req() request: FastifyRequest): Promise<SignedIn> {
    return this.accounts.signIn(input, originOf(request));
  }

  // The refresh token is what is shown; the access token may be over.
  @Public()
  @Post('refresh')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Change a refresh token for new tokens',
    description: 'Each refresh token works once; one that is used again later ends its session.',
  })
  @ApiOkResponse({ standardSchema: tokensSchema })
  @ApiUnauthorizedResponse({ description: 'The session is over: sign in again.' })
  refresh(@Body({ schema: refreshSchema }) input: Refresh): Promise<Tokens> {
    return this.sessions.refresh(input.refreshToken);
  }

  @AllowRole('viewer')
  @Post('sign-out')
  @HttpCode(204)
  @ApiBearerAuth('session')
  @ApiOperation({ summary: 'End this session, its access and refresh tokens with it' })
  @ApiNoContentResponse()
  signOut(@CurrentMember() caller: MemberCaller): Promise<void> {
    return this.sessions.end(caller);
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
