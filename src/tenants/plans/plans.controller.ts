import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AllowOperator, CurrentOperator } from '../../platform/access/index.js';
import { idSchema, type OperatorCaller } from '../../platform/identity/index.js';
import {
  type ChangePlan,
  changePlanSchema,
  type CreatePlan,
  createPlanSchema,
  planListSchema,
  planSchema,
  type PlanView,
} from './plan.dto.js';
import { PlansService } from './plans.service.js';

@ApiTags('Operator')
@ApiBearerAuth('operator')
@AllowOperator()
@Controller('operator/plans')
export class PlansController {
  constructor(private readonly plans: PlansService) {}

  @Get()
  @ApiOperation({ summary: 'List the plans, oldest first' })
  @ApiOkResponse({ standardSchema: planListSchema })
  list(): Promise<{ items: PlanView[] }> {
    return this.plans.findAll();
  }

  @Post()
  @ApiOperation({ summary: 'Make a plan' })
  @ApiCreatedResponse({ standardSchema: planSchema })
  @ApiConflictResponse()
  create(
    @CurrentOperator() operator: OperatorCaller,
    @Body({ schema: createPlanSchema }) input: CreatePlan,
  ): Promise<PlanView> {
    return this.plans.create(operator, input);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a plan' })
  @ApiOkResponse({ standardSchema: planSchema })
  read(@Param('id', { schema: idSchema }) id: string): Promise<PlanView> {
    return this.plans.findById(id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a plan; its limits count for its tenants within seconds' })
  @ApiOkResponse({ standardSchema: planSchema })
  @ApiConflictResponse()
  change(
    @CurrentOperator() operator: OperatorCaller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: changePlanSchema }) change: ChangePlan,
  ): Promise<PlanView> {
    return this.plans.change(operator, id, change);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a plan that no tenant has' })
  @ApiNoContentResponse()
  @ApiConflictResponse()
  delete(
    @CurrentOperator() operator: OperatorCaller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<void> {
    return this.plans.delete(operator, id);
  }
}
