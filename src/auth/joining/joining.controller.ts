import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiForbiddenResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiPaymentRequiredResponse,
  ApiTags,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { AllowRole, CurrentMember, Public } from '../../platform/access/index.js';
import { type MemberCaller } from '../../platform/identity/index.js';
import {
  type AcceptWithAccount,
  acceptWithAccountSchema,
  type InvitationPreview,
  invitationPreviewSchema,
  type InvitationToken,
  invitationTokenSchema,
  type JoinedTenant,
  joinedTenantSchema,
} from './joining.dto.js';
import { JoiningService } from './joining.service.js';

/** The token is in the body, not in the address: addresses are in logs. */
@ApiTags('Accounts')
@Controller('invitations')
export class JoiningController {
  constructor(private readonly joining: JoiningService) {}

  // Whoever is invited may have no account yet; the link is what is shown.
  @Public()
  @Post('preview')
  @HttpCode(200)
  @ApiOperation({ summary: 'Who invites whereto, and as what' })
  @ApiOkResponse({ standardSchema: invitationPreviewSchema })
  @ApiNotFoundResponse({ description: 'The invitation is over, was used, or never was.' })
  preview(@Body({ schema: invitationTokenSchema }) { token }: InvitationToken): Promise<InvitationPreview> {
    return this.joining.preview(token);
  }

  @AllowRole('viewer')
  @Post('accept')
  @HttpCode(200)
  @ApiBearerAuth('session')
  @ApiOperation({
    summary: 'Join the tenant that invites you; the session stays in its own',
    description: 'The invitation must have gone to the e-mail address of your account.',
  })
  @ApiOkResponse({ standardSchema: joinedTenantSchema })
  @ApiForbiddenResponse({ description: 'The invitation went to another address.' })
  @ApiNotFoundResponse({ description: 'The invitation is over, was used, or never was.' })
  @ApiPaymentRequiredResponse()
  @ApiConflictResponse({ description: 'You are a member already.' })
  accept(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: invitationTokenSchema }) { token }: InvitationToken,
  ): Promise<JoinedTenant> {
    return this.joining.accept(caller, token);
  }

  // Whoever is invited may have no account yet; the link and the password are what is shown.
  @Public()
  @Post('accept-with-account')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Join with a new account of the invited address, or with the one that it has; then sign in',
  })
  @ApiOkResponse({ standardSchema: joinedTenantSchema })
  @ApiUnauthorizedResponse({ description: 'The address has an account, and this is not its password.' })
  @ApiNotFoundResponse({ description: 'The invitation is over, was used, or never was.' })
  @ApiPaymentRequiredResponse()
  @ApiConflictResponse({ description: 'The person is a member already.' })
  acceptWithAccount(
    @Body({ schema: acceptWithAccountSchema }) input: AcceptWithAccount,
    @Req() request: FastifyRequest,
  ): Promise<JoinedTenant> {
    return this.joining.acceptWithAccount(input, request.ip);
  }
}
