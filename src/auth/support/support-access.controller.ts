import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowOperator, CurrentOperator } from '../../platform/access/index.js';
import { type Page, type PageQuery, pageQuerySchema } from '../../platform/http/index.js';
import { idSchema, type OperatorCaller } from '../../platform/identity/index.js';
import {
  type OpenedSupportAccess,
  openedSupportAccessSchema,
  type OpenSupportAccess,
  openSupportAccessSchema,
  supportAccessPageSchema,
  supportAccessSchema,
  type SupportAccessView,
} from './support-access.dto.js';
import { SupportAccess } from './support-access.service.js';

@ApiTags('Operator')
@ApiBearerAuth('operator')
@AllowOperator()
@Controller('operator/tenants/:id/support-accesses')
export class SupportAccessController {
  constructor(private readonly support: SupportAccess) {}

  @Post()
  @ApiOperation({
    summary: 'Look into a tenant as a viewer, with a reason that the tenant reads',
    description: 'The answer has a token for the routes of the tenant. It is shown once.',
  })
  @ApiCreatedResponse({ standardSchema: openedSupportAccessSchema })
  open(
    @CurrentOperator() operator: OperatorCaller,
    @Param('id', { schema: idSchema }) tenantId: string,
    @Body({ schema: openSupportAccessSchema }) input: OpenSupportAccess,
  ): Promise<OpenedSupportAccess> {
    return this.support.open(operator, tenantId, input);
  }

  @Get()
  @ApiOperation({ summary: 'List the looks of operators into a tenant, newest first' })
  @ApiOkResponse({ standardSchema: supportAccessPageSchema })
  list(
    @Param('id', { schema: idSchema }) tenantId: string,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<SupportAccessView>> {
    return this.support.findPageAsOperator(tenantId, query);
  }

  @Post(':accessId/end')
  @HttpCode(200)
  @ApiOperation({ summary: 'End a look into a tenant; its token is over at once' })
  @ApiOkResponse({ standardSchema: supportAccessSchema })
  end(
    @CurrentOperator() operator: OperatorCaller,
    @Param('id', { schema: idSchema }) tenantId: string,
    @Param('accessId', { schema: idSchema }) accessId: string,
  ): Promise<SupportAccessView> {
    return this.support.endAsOperator(operator, tenantId, accessId);
  }
}
