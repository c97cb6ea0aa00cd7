import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { Idempotency, type IdempotentRequest, TakesIdempotencyKey } from '../platform/http/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import {
  type AddToStack,
  addToStackSchema,
  type OrderStack,
  orderStackSchema,
  type StackView,
  stackViewSchema,
} from './stack.dto.js';
import { StacksService } from './stacks.service.js';

@ApiTags('Schedules')
@ApiBearerAuth('session')
@Controller('schedules/:id/stack')
export class StacksController {
  constructor(private readonly stacks: StacksService) {}

  @Get()
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'Read the messages that a schedule sends one after the other' })
  @ApiOkResponse({ standardSchema: stackViewSchema })
  @ApiConflictResponse()
  read(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string): Promise<StackView> {
    return this.stacks.find(caller, id);
  }

  @Post()
  @AllowRole('editor', 'schedules:write')
  @TakesIdempotencyKey()
  @ApiOperation({ summary: 'Add messages to a stack, also while its schedule runs' })
  @ApiCreatedResponse({ standardSchema: stackViewSchema })
  @ApiConflictResponse()
  add(
    @CurrentCaller() caller: Caller,
    @Idempotency() request: IdempotentRequest,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: addToStackSchema }) input: AddToStack,
  ): Promise<StackView> {
    return this.stacks.add(caller, request, id, input);
  }

  @Put('order')
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({ summary: 'Put the messages of a stack in another order' })
  @ApiOkResponse({ standardSchema: stackViewSchema })
  @ApiConflictResponse()
  order(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: orderStackSchema }) input: OrderStack,
  ): Promise<StackView> {
    return this.stacks.order(caller, id, input);
  }

  @Delete(':stackedId')
  @HttpCode(204)
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({ summary: 'Take a message out of a stack' })
  @ApiNoContentResponse()
  @ApiConflictResponse()
  async remove(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Param('stackedId', { schema: idSchema }) stackedId: string,
  ): Promise<void> {
    await this.stacks.remove(caller, id, stackedId);
  }
}
