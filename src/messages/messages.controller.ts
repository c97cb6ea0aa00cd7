import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
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
import {
  Idempotency,
  type IdempotentRequest,
  type Page,
  type PageQuery,
  pageQuerySchema,
  TakesIdempotencyKey,
} from '../platform/http/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import {
  type CreateMessage,
  createMessageSchema,
  messagePageSchema,
  type MessagePreview,
  messagePreviewSchema,
  messageSchema,
  type MessageView,
  type PreviewMessage,
  previewMessageSchema,
} from './message.dto.js';
import { MessageService } from './message.service.js';
import { previewMessage } from './preview.rules.js';

@ApiTags('Messages')
@ApiBearerAuth('session')
@Controller('messages')
export class MessagesController {
  constructor(private readonly messages: MessageService) {}

  @Post()
  @AllowRole('editor', 'messages:write')
  @TakesIdempotencyKey()
  @ApiOperation({ summary: 'Keep a message for schedules and broadcasts' })
  @ApiCreatedResponse({ standardSchema: messageSchema })
  create(
    @CurrentCaller() caller: Caller,
    @Idempotency() idempotent: IdempotentRequest,
    @Body({ schema: createMessageSchema }) input: CreateMessage,
  ): Promise<MessageView> {
    return this.messages.create(caller, idempotent, input);
  }

  @Post('preview')
  @HttpCode(200)
  @AllowRole('viewer', 'messages:read')
  @ApiOperation({ summary: 'Show a message as one recipient would get it; nothing is kept or sent' })
  @ApiOkResponse({ standardSchema: messagePreviewSchema })
  preview(@Body({ schema: previewMessageSchema }) input: PreviewMessage): MessagePreview {
    const { content, ...person } = input;
    return previewMessage(content, person);
  }

  @Get()
  @AllowRole('viewer', 'messages:read')
  @ApiOperation({ summary: 'List messages, newest first' })
  @ApiOkResponse({ standardSchema: messagePageSchema })
  list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<MessageView>> {
    return this.messages.findPage(caller, query);
  }

  @Get(':id')
  @AllowRole('viewer', 'messages:read')
  @ApiOperation({ summary: 'Read a message' })
  @ApiOkResponse({ standardSchema: messageSchema })
  read(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string): Promise<MessageView> {
    return this.messages.findById(caller, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @AllowRole('editor', 'messages:write')
  @ApiOperation({ summary: 'Archive a message; refused while a schedule or a running broadcast uses it' })
  @ApiNoContentResponse()
  @ApiConflictResponse()
  async archive(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<void> {
    await this.messages.archive(caller, id);
  }
}
