import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiForbiddenResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { AllowRole, CurrentMember } from '../../platform/access/index.js';
import { type MemberCaller } from '../../platform/identity/index.js';
import { originOf } from '../origin.js';
import {
  type AuthenticatorSecret,
  authenticatorSecretSchema,
  type ConfirmSecondFactor,
  confirmSecondFactorSchema,
  type ProvenPerson,
  provenPersonSchema,
  type RecoveryCodes,
  recoveryCodesSchema,
  type SetUpSecondFactor,
  setUpSecondFactorSchema,
} from './second-factor.dto.js';
import { SecondFactorService } from './second-factor.service.js';

@ApiTags('Accounts')
@ApiBearerAuth('session')
@ApiForbiddenResponse({ description: 'The password or the code is wrong, or the tenant is suspended.' })
@ApiTooManyRequestsResponse()
@Controller('auth/second-factor')
export class SecondFactorController {
  constructor(private readonly secondFactor: SecondFactorService) {}

  @AllowRole('viewer')
  @Post('set-up')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Make the secret of a second factor',
    description: 'Put it into an authenticator; it counts once a code of it was shown to `confirm`.',
  })
  @ApiOkResponse({ standardSchema: authenticatorSecretSchema })
  @ApiConflictResponse({
    description: 'A second factor is on already, or the e-mail address is not confirmed.',
  })
  setUp(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: setUpSecondFactorSchema }) input: SetUpSecondFactor,
    @Req() request: FastifyRequest,
  ): Promise<AuthenticatorSecret> {
    return this.secondFactor.setUp(caller, input, originOf(request));
  }

  @AllowRole('viewer')
  @Post('confirm')
  @HttpCode(200)
  @ApiOperation({ summary: 'Turn the second factor on with a first code, and get the recovery codes' })
  @ApiOkResponse({ standardSchema: recoveryCodesSchema })
  @ApiConflictResponse({ description: 'None was set up, or it is on already.' })
  confirm(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: confirmSecondFactorSchema }) input: ConfirmSecondFactor,
    @Req() request: FastifyRequest,
  ): Promise<RecoveryCodes> {
    return this.secondFactor.confirm(caller, input, originOf(request));
  }

  @AllowRole('viewer')
  @Post('recovery-codes')
  @HttpCode(200)
  @ApiOperation({ summary: 'Get new recovery codes; the old ones stop working' })
  @ApiOkResponse({ standardSchema: recoveryCodesSchema })
  @ApiConflictResponse({ description: 'No second factor is on.' })
  replaceRecoveryCodes(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: provenPersonSchema }) input: ProvenPerson,
    @Req() request: FastifyRequest,
  ): Promise<RecoveryCodes> {
    return this.secondFactor.replaceRecoveryCodes(caller, input, originOf(request));
  }

  @AllowRole('viewer')
  @Post('remove')
  @HttpCode(204)
  @ApiOperation({ summary: 'Sign in with the password alone again' })
  @ApiNoContentResponse()
  @ApiConflictResponse({ description: 'No second factor is on.' })
  remove(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: provenPersonSchema }) input: ProvenPerson,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    return this.secondFactor.remove(caller, input, originOf(request));
  }
}
