import { Body, Controller, Delete, Get, HttpCode, Ip, Param, Patch, Post, Query } from '@nestjs/common';
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
import { AllowRole, CurrentCaller, CurrentMember, Reauthentication } from '../../platform/access/index.js';
import { type Page, type PageQuery, pageQuerySchema } from '../../platform/http/index.js';
import { type Caller, idSchema, type MemberCaller } from '../../platform/identity/index.js';
import {
  type ChangeMember,
  changeMemberSchema,
  memberPageSchema,
  memberSchema,
  type MemberView,
  type TransferOwnership,
  transferOwnershipSchema,
} from './member.dto.js';
import { MembersService } from './members.service.js';

@ApiTags('Tenant')
@ApiBearerAuth('session')
@Controller('tenant')
export class MembersController {
  constructor(
    private readonly members: MembersService,
    private readonly reauthentication: Reauthentication,
  ) {}

  @Get('members')
  @AllowRole('viewer', 'tenant:read')
  @ApiOperation({ summary: 'List the people of the tenant and their roles' })
  @ApiOkResponse({ standardSchema: memberPageSchema })
  list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<MemberView>> {
    return this.members.list(caller, query);
  }

  @Patch('members/:id')
  @AllowRole('admin')
  @ApiOperation({
    summary: 'Change the role of a member, at once in all their sessions',
    description: 'Owners manage everybody, admins editors and viewers. The last owner stays one.',
  })
  @ApiOkResponse({ standardSchema: memberSchema })
  @ApiConflictResponse({ description: 'A tenant keeps at least one owner.' })
  changeRole(
    @CurrentMember() caller: MemberCaller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: changeMemberSchema }) { role }: ChangeMember,
  ): Promise<MemberView> {
    return this.members.changeRole(caller, id, role);
  }

  @Delete('members/:id')
  @HttpCode(204)
  @AllowRole('admin')
  @ApiOperation({ summary: 'Remove a member; their sessions in this tenant end at once' })
  @ApiNoContentResponse()
  @ApiConflictResponse({ description: 'A tenant keeps at least one owner.' })
  remove(
    @CurrentMember() caller: MemberCaller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<void> {
    return this.members.remove(caller, id);
  }

  @Post('leave')
  @HttpCode(204)
  @AllowRole('viewer')
  @ApiOperation({ summary: 'Leave the tenant; this session ends with it' })
  @ApiNoContentResponse()
  @ApiConflictResponse({ description: 'A tenant keeps at least one owner.' })
  leave(@CurrentMember() caller: MemberCaller): Promise<void> {
    return this.members.leave(caller);
  }

  @Post('transfer-ownership')
  @HttpCode(200)
  @AllowRole('owner')
  @ApiOperation({
    summary: 'Make another member an owner in your place, with your password; you become an admin',
  })
  @ApiOkResponse({ standardSchema: memberSchema })
  @ApiForbiddenResponse({ description: 'The password or the code is wrong, or you are no owner.' })
  @ApiNotFoundResponse()
  @ApiTooManyRequestsResponse()
  async transferOwnership(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: transferOwnershipSchema }) { userId, ...proof }: TransferOwnership,
    @Ip() address: string,
  ): Promise<MemberView> {
    await this.reauthentication.prove(caller, proof, address);
    return this.members.transferOwnership(caller, userId);
  }
}
