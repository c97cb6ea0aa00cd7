import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadRequestResponse,
  ApiBearerAuth,
  ApiConflictResponse,
  ApiForbiddenResponse,
  ApiNoContentResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { AllowRole, CurrentMember, Public } from '../../platform/access/index.js';
import { type MemberCaller } from '../../platform/identity/index.js';
import { originOf } from '../origin.js';
import { type ChangeEmail, changeEmailSchema, type ConfirmEmail, confirmEmailSchema } from './emails.dto.js';
import { EmailsService } from './emails.service.js';

@ApiTags('Accounts')
@Controller('auth')
export class EmailsController {
  constructor(private readonly emails: EmailsService) {}

  // The token of the mail is what is shown; who opens it may not be signed in there.
  @Public()
  @Post('confirm-email')
  @HttpCode(204)
  @ApiOperation({ summary: 'Confirm an e-mail address with the link of the mail' })
  @ApiNoContentResponse()
  @ApiBadRequestResponse({ description: 'The link was used, or is too old.' })
  @ApiConflictResponse({ description: 'Another account has the address by now.' })
  confirm(@Body({ schema: confirmEmailSchema }) input: ConfirmEmail): Promise<void> {
    return this.emails.confirm(input);
  }

  @AllowRole('viewer')
  @Post('resend-confirmation')
  @HttpCode(202)
  @ApiBearerAuth('session')
  @ApiOperation({ summary: 'Mail the link that confirms the e-mail address again' })
  @ApiAcceptedResponse({ description: 'A mail is on its way.' })
  @ApiConflictResponse({ description: 'The address is confirmed already.' })
  @ApiTooManyRequestsResponse()
  @ApiServiceUnavailableResponse({ description: 'This installation sends no mail.' })
  resend(@CurrentMember() caller: MemberCaller, @Req() request: FastifyRequest): Promise<void> {
    return this.emails.resend(caller, originOf(request));
  }

  @AllowRole('viewer')
  @Post('change-email')
  @HttpCode(202)
  @ApiBearerAuth('session')
  @ApiOperation({
    summary: 'Ask for another e-mail address',
    description:
      'A link goes to the new address, unless it has an account; once it was opened, the address counts and the old one is told.',
  })
  @ApiAcceptedResponse({ description: 'If the address is free, a mail is on its way.' })
  @ApiForbiddenResponse({ description: 'The password or the code is wrong, or the tenant is suspended.' })
  @ApiTooManyRequestsResponse()
  @ApiServiceUnavailableResponse({ description: 'This installation sends no mail.' })
  change(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: changeEmailSchema }) input: ChangeEmail,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    return this.emails.requestChange(caller, input, originOf(request));
  }
}
