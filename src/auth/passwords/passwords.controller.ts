import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadRequestResponse,
  ApiBearerAuth,
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
import {
  type ChangePassword,
  changePasswordSchema,
  type ForgotPassword,
  forgotPasswordSchema,
  type ResetPassword,
  resetPasswordSchema,
} from './passwords.dto.js';
import { PasswordsService } from './passwords.service.js';

@ApiTags('Accounts')
@Controller('auth')
export class PasswordsController {
  constructor(private readonly passwords: PasswordsService) {}

  // Whoever forgot the password has nothing to show.
  @Public()
  @Post('forgot-password')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Mail a link for a new password',
    description: 'The answer is the same whether the address has an account or not.',
  })
  @ApiAcceptedResponse({ description: 'If the address has an account, a mail is on its way.' })
  @ApiTooManyRequestsResponse()
  @ApiServiceUnavailableResponse({ description: 'This installation sends no mail.' })
  forget(
    @Body({ schema: forgotPasswordSchema }) input: ForgotPassword,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    return this.passwords.forget(input, originOf(request));
  }

  // The token of the mail is what is shown.
  @Public()
  @Post('reset-password')
  @HttpCode(204)
  @ApiOperation({ summary: 'Set a new password with the link of the mail; ends every session of the person' })
  @ApiNoContentResponse()
  @ApiBadRequestResponse({ description: 'The link was used or is too old, or the password is no good.' })
  reset(
    @Body({ schema: resetPasswordSchema }) input: ResetPassword,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    return this.passwords.reset(input, originOf(request));
  }

  @AllowRole('viewer')
  @Post('change-password')
  @HttpCode(204)
  @ApiBearerAuth('session')
  @ApiOperation({ summary: "Change the own password; ends the person's other sessions" })
  @ApiNoContentResponse()
  @ApiForbiddenResponse({
    description: 'The current password or the code is wrong, or the tenant is suspended.',
  })
  @ApiTooManyRequestsResponse()
  change(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: changePasswordSchema }) input: ChangePassword,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    return this.passwords.change(caller, input, originOf(request));
  }
}
