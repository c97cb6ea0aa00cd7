import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiPaymentRequiredResponse,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { Idempotency, type IdempotentRequest, TakesIdempotencyKey } from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import {
  type BroadcastQuery,
  broadcastPageSchema,
  broadcastQuerySchema,
  broadcastReportSchema,
  type CreateBroadcast,
  createBroadcastSchema,
  type TestBroadcast,
  testBroadcastSchema,
} from './broadcast.dto.js';
import { BroadcastService } from './broadcast.service.js';

@ApiTags('Broadcasts')
@ApiBearerAuth('session')
@Controller('broadcasts')
export class BroadcastController {
  constructor(private readonly broadcasts: BroadcastService) {}

  @Post()
  @TakesIdempotencyKey()
  @AllowRole('editor', 'broadcasts:write')
  @ApiOperation({ summary: 'Send a message now, to chats, tags or everybody' })
  @ApiCreatedResponse({ standardSchema: broadcastReportSchema })
  @ApiPaymentRequiredResponse()
  create(
    @CurrentCaller() caller: Caller,
    @Idempotency() request: IdempotentRequest,
    @Body({ schema: createBroadcastSchema }) input: CreateBroadcast,
  ) {
    return this.broadcasts.create(caller, request, input);
  }

  @Post('test')
  @TakesIdempotencyKey()
  @AllowRole('editor', 'broadcasts:write')
  @ApiOperation({ summary: 'Try a message out in one chat: at once, ahead of what waits for its bot' })
  @ApiCreatedResponse({ standardSchema: broadcastReportSchema })
  @ApiPaymentRequiredResponse()
  @ApiConflictResponse()
  test(
    @CurrentCaller() caller: Caller,
    @Idempotency() request: IdempotentRequest,
    @Body({ schema: testBroadcastSchema }) input: TestBroadcast,
  ) {
    return this.broadcasts.test(caller, request, input);
  }

  @Get()
  @AllowRole('viewer', 'broadcasts:read')
  @ApiOperation({ summary: 'List broadcasts, newest first' })
  @ApiOkResponse({ standardSchema: broadcastPageSchema })
  findPage(@CurrentCaller() caller: Caller, @Query({ schema: broadcastQuerySchema }) query: BroadcastQuery) {
    return this.broadcasts.findPage(caller, query);
  }
}
