import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowOperator } from '../../platform/access/index.js';
import { type Page, type PageQuery, pageQuerySchema } from '../../platform/http/index.js';
import { operatorActPageSchema, type OperatorActView } from './operator-act.dto.js';
import { OperatorActs } from './operator-acts.js';

@ApiTags('Operator')
@ApiBearerAuth('operator')
@AllowOperator()
@Controller('operator/acts')
export class OperatorActsController {
  constructor(private readonly acts: OperatorActs) {}

  @Get()
  @ApiOperation({
    summary: 'List what operators did to plans, newest first',
    description: 'What they do to a tenant is in the audit log of that tenant.',
  })
  @ApiOkResponse({ standardSchema: operatorActPageSchema })
  list(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<Page<OperatorActView>> {
    return this.acts.findPage(query);
  }
}
