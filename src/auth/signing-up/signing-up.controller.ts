import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadRequestResponse,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiForbiddenResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Public } from '../../platform/access/index.js';
import { type SignedIn, signedInSchema } from '../auth.dto.js';
import { originOf } from '../origin.js';
import { FOREIGN_PAGE, handOver, refuseForeignPages } from '../sessions/token-transport.js';
import { type CompleteSignUp, completeSignUpSchema, type SignUp, signUpSchema } from './signing-up.dto.js';
import { SigningUpService } from './signing-up.service.js';

@ApiTags('Accounts')
@Controller('auth')
export class SigningUpController {
  constructor(private readonly signingUp: SigningUpService) {}

  // Whoever signs up has nothing to show yet.
  @Public()
  @Post('sign-up')
  @ApiOperation({
    summary: 'Make an account, a tenant that it owns, and a session; or ask for them by mail',
    description:
      'With the setting `SIGN_UP=at_once` it is done, and a mail with a link confirms the e-mail address. With `by_mail` ' +
      'the answer is 202 for every address: the mail has a link for complete-sign-up, or tells the owner of the address ' +
      'that they have an account.',
  })
  @ApiCreatedResponse({ standardSchema: signedInSchema })
  @ApiAcceptedResponse({ description: 'A mail is on its way, with what comes next.' })
  @ApiForbiddenResponse({ description: FOREIGN_PAGE })
  @ApiConflictResponse({ description: 'With `at_once`: the address has an account.' })
  @ApiTooManyRequestsResponse()
  @ApiServiceUnavailableResponse({ description: 'With `by_mail`: this installation sends no mail.' })
  async signUp(
    @Body({ schema: signUpSchema }) input: SignUp,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignedIn | undefined> {
    refuseForeignPages(input.transport, request);
    const opened = await this.signingUp.signUp(input, originOf(request));
    if (opened) return handOver(opened, input.transport, reply);
    void reply.status(202);
    return undefined;
  }

  // The token of the mail and the password are what is shown.
  @Public()
  @Post('complete-sign-up')
  @ApiOperation({ summary: 'Make what was signed up for by mail, with the link of the mail' })
  @ApiCreatedResponse({ standardSchema: signedInSchema })
  @ApiBadRequestResponse({ description: 'The link was used or replaced, or is too old.' })
  @ApiUnauthorizedResponse({ description: 'This is not the password of the sign-up.' })
  @ApiForbiddenResponse({ description: FOREIGN_PAGE })
  @ApiConflictResponse({ description: 'The address has an account by now.' })
  @ApiTooManyRequestsResponse()
  async complete(
    @Body({ schema: completeSignUpSchema }) input: CompleteSignUp,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignedIn> {
    refuseForeignPages(input.transport, request);
    return handOver(await this.signingUp.complete(input, originOf(request)), input.transport, reply);
  }
}
