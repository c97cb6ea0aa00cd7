import { Body, Controller, HttpCode, Ip, Post } from '@nestjs/common';
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
} from '@nestjs/swagger';
import { AllowRole, CurrentMember, Public, Reauthentication } from '../../platform/access/index.js';
import { type MemberCaller } from '../../platform/identity/index.js';
import {
  type RequestDeletion,
  requestDeletionSchema,
  type RestoreTenant,
  restoreTenantSchema,
  tenantDeletionSchema,
  type TenantDeletionView,
} from './tenant-deletion.dto.js';
import { TenantDeletionService } from './tenant-deletion.service.js';

@ApiTags('Tenant')
@Controller('tenant')
export class TenantDeletionController {
  constructor(
    private readonly deletion: TenantDeletionService,
    private readonly reauthentication: Reauthentication,
  ) {}

  @Post('deletion')
  @HttpCode(200)
  @AllowRole('owner')
  @ApiBearerAuth('session')
  @ApiOperation({
    summary: 'Delete the tenant, with your password: suspended at once, gone with everything in seven days',
  })
  @ApiOkResponse({ standardSchema: tenantDeletionSchema })
  @ApiForbiddenResponse({ description: 'The password or the code is wrong, or you are no owner.' })
  @ApiConflictResponse()
  @ApiTooManyRequestsResponse()
  async request(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: requestDeletionSchema }) { tenantName, ...proof }: RequestDeletion,
    @Ip() address: string,
  ): Promise<TenantDeletionView> {
    await this.reauthentication.prove(caller, proof, address);
    return this.deletion.request(caller, tenantName);
  }

  // Nobody can be signed in to a tenant that is about to leave; the token says who may call it off.
  @Public()
  @Post('restoration')
  @HttpCode(204)
  @ApiOperation({ summary: 'Call off the deletion of a tenant, with the token of the mail' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse()
  async restore(@Body({ schema: restoreTenantSchema }) input: RestoreTenant): Promise<void> {
    await this.deletion.restore(input);
  }
}
