import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiPaymentRequiredResponse,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentMember } from '../../platform/access/index.js';
import {
  Idempotency,
  type IdempotentRequest,
  type Page,
  type PageQuery,
  pageQuerySchema,
  TakesIdempotencyKey,
} from '../../platform/http/index.js';
import { idSchema, type MemberCaller } from '../../platform/identity/index.js';
import {
  type CreateInvitation,
  createInvitationSchema,
  invitationPageSchema,
  invitationSchema,
  type InvitationView,
} from './invitation.dto.js';
import { InvitationsService } from './invitations.service.js';

@ApiTags('Tenant')
@ApiBearerAuth('session')
@Controller('tenant/invitations')
export class InvitationsController {
  constructor(private readonly invitations: InvitationsService) {}

  @Post()
  @AllowRole('admin')
  @TakesIdempotencyKey()
  @ApiOperation({
    summary: 'Invite a person by mail, with at most your own role',
    description: 'The link in the mail works once, for seven days, and only for that address.',
  })
  @ApiCreatedResponse({ standardSchema: invitationSchema })
  @ApiPaymentRequiredResponse()
  @ApiConflictResponse({
    description:
      'The person is a member already, or has an open invitation; or your own e-mail address is not confirmed.',
  })
  create(
    @CurrentMember() caller: MemberCaller,
    @Idempotency() idempotent: IdempotentRequest,
    @Body({ schema: createInvitationSchema }) input: CreateInvitation,
  ): Promise<InvitationView> {
    return this.invitations.create(caller, idempotent, input);
  }

  @Get()
  @AllowRole('admin')
  @ApiOperation({ summary: 'List the invitations that nobody accepted yet, newest first' })
  @ApiOkResponse({ standardSchema: invitationPageSchema })
  list(
    @CurrentMember() caller: MemberCaller,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<InvitationView>> {
    return this.invitations.list(caller, query);
  }

  @Post(':id/resend')
  @HttpCode(200)
  @AllowRole('admin')
  @ApiOperation({ summary: 'Mail a new link, good for seven days; the old one works no more' })
  @ApiOkResponse({ standardSchema: invitationSchema })
  @ApiConflictResponse({ description: 'It was mailed often enough.' })
  resend(
    @CurrentMember() caller: MemberCaller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<InvitationView> {
    return this.invitations.resend(caller, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @AllowRole('admin')
  @ApiOperation({ summary: 'Revoke an invitation: its link works no more' })
  @ApiNoContentResponse()
  revoke(
    @CurrentMember() caller: MemberCaller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<void> {
    return this.invitations.revoke(caller, id);
  }
}
