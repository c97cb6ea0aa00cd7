import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowRole, CurrentCaller, CurrentMember } from '../../platform/access/index.js';
import { type Page, type PageQuery, pageQuerySchema } from '../../platform/http/index.js';
import { type Caller, idSchema, type MemberCaller } from '../../platform/identity/index.js';
import {
  supportAccessPageSchema,
  supportAccessSchema,
  type SupportAccessView,
} from './support-access.dto.js';
import { SupportAccess } from './support-access.service.js';

/** What a tenant sees of operators' looks into it, and how it ends them. */
@ApiTags('Tenant')
@ApiBearerAuth('session')
@Controller('tenant/support-accesses')
export class SupportLooksController {
  constructor(private readonly support: SupportAccess) {}

  @Get()
  @AllowRole('viewer')
  @ApiOperation({ summary: 'List who of the installation looked in, why, and until when; newest first' })
  @ApiOkResponse({ standardSchema: supportAccessPageSchema })
  list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<SupportAccessView>> {
    return this.support.findPage(caller, query);
  }

  @Post(':id/end')
  @HttpCode(200)
  @AllowRole('admin')
  @ApiOperation({ summary: "End an operator's look; its token is over at once" })
  @ApiOkResponse({ standardSchema: supportAccessSchema })
  end(
    @CurrentMember() caller: MemberCaller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<SupportAccessView> {
    return this.support.end(caller, id);
  }
}
