import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiPaymentRequiredResponse,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiUnprocessableEntityResponse,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../../platform/access/index.js';
import { Idempotency, type IdempotentRequest, TakesIdempotencyKey } from '../../platform/http/index.js';
import { type Caller } from '../../platform/identity/index.js';
import {
  type BotParameter,
  botParameterSchema,
  botPageSchema,
  type BotQuery,
  botQuerySchema,
  botSchema,
  type ChangeBot,
  changeBotSchema,
  type ConnectBot,
  connectBotSchema,
  type ReplaceToken,
  replaceTokenSchema,
} from './bots.dto.js';
import { BotsService } from './bots.service.js';

@ApiTags('Bots')
@ApiBearerAuth('session')
@Controller('bots')
export class BotsController {
  constructor(private readonly bots: BotsService) {}

  @Post()
  @AllowRole('admin', 'bots:write')
  @TakesIdempotencyKey()
  @ApiOperation({ summary: 'Connect a bot by its token; the token is checked with Telegram first' })
  @ApiCreatedResponse({ standardSchema: botSchema })
  @ApiPaymentRequiredResponse()
  @ApiConflictResponse()
  @ApiUnprocessableEntityResponse({
    description: 'Telegram rejects the token, or the `Idempotency-Key` is that of another request.',
  })
  @ApiServiceUnavailableResponse()
  connect(
    @CurrentCaller() caller: Caller,
    @Idempotency() request: IdempotentRequest,
    @Body({ schema: connectBotSchema }) body: ConnectBot,
  ) {
    return this.bots.connect(caller, request, body);
  }

  @Get()
  @AllowRole('viewer', 'bots:read')
  @ApiOperation({ summary: 'List the bots, newest first' })
  @ApiOkResponse({ standardSchema: botPageSchema })
  list(@CurrentCaller() caller: Caller, @Query({ schema: botQuerySchema }) query: BotQuery) {
    return this.bots.list(caller, query);
  }

  @Get(':id')
  @AllowRole('viewer', 'bots:read')
  @ApiOperation({ summary: 'Read a bot: its state, why it is in it, and how many chats it has' })
  @ApiOkResponse({ standardSchema: botSchema })
  read(@CurrentCaller() caller: Caller, @Param({ schema: botParameterSchema }) { id }: BotParameter) {
    return this.bots.read(caller, id);
  }

  @Patch(':id')
  @AllowRole('admin', 'bots:write')
  @ApiOperation({ summary: 'Rename a bot, its name in Telegram stays; or say in which time zone it is' })
  @ApiOkResponse({ standardSchema: botSchema })
  change(
    @CurrentCaller() caller: Caller,
    @Param({ schema: botParameterSchema }) { id }: BotParameter,
    @Body({ schema: changeBotSchema }) change: ChangeBot,
  ) {
    return this.bots.change(caller, id, change);
  }

  @Post(':id/pause')
  @HttpCode(200)
  @AllowRole('admin', 'bots:write')
  @ApiOperation({ summary: 'Pause a bot: it sends nothing and answers nobody; what waits is kept' })
  @ApiOkResponse({ standardSchema: botSchema })
  @ApiConflictResponse()
  pause(@CurrentCaller() caller: Caller, @Param({ schema: botParameterSchema }) { id }: BotParameter) {
    return this.bots.pause(caller, id);
  }

  @Post(':id/resume')
  @HttpCode(200)
  @AllowRole('admin', 'bots:write')
  @ApiOperation({ summary: 'Resume a paused bot where it stopped; one in conflict tries again at once' })
  @ApiOkResponse({ standardSchema: botSchema })
  @ApiConflictResponse()
  resume(@CurrentCaller() caller: Caller, @Param({ schema: botParameterSchema }) { id }: BotParameter) {
    return this.bots.resume(caller, id);
  }

  @Put(':id/token')
  @AllowRole('admin', 'bots:write')
  @ApiOperation({ summary: 'Replace the token of a bot, after /revoke at @BotFather for example' })
  @ApiOkResponse({ standardSchema: botSchema })
  @ApiConflictResponse()
  @ApiUnprocessableEntityResponse({ description: 'Telegram rejects the token.' })
  @ApiServiceUnavailableResponse()
  replaceToken(
    @CurrentCaller() caller: Caller,
    @Param({ schema: botParameterSchema }) { id }: BotParameter,
    @Body({ schema: replaceTokenSchema }) { token }: ReplaceToken,
  ) {
    return this.bots.replaceToken(caller, id, token);
  }

  @Delete(':id')
  @HttpCode(204)
  @AllowRole('admin', 'bots:write')
  @ApiOperation({ summary: 'Disconnect a bot: its token is forgotten, its audience stays readable' })
  @ApiNoContentResponse()
  disconnect(@CurrentCaller() caller: Caller, @Param({ schema: botParameterSchema }) { id }: BotParameter) {
    return this.bots.disconnect(caller, id);
  }
}
