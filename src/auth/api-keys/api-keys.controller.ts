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
import { AllowRole, CurrentMember } from '../../platform/access/index.js';
import { type Page, type PageQuery, pageQuerySchema } from '../../platform/http/index.js';
import { idSchema, type MemberCaller } from '../../platform/identity/index.js';
import {
  apiKeyPageSchema,
  type ApiKeyView,
  type CreateApiKey,
  createApiKeySchema,
  type CreatedApiKey,
  createdApiKeySchema,
} from './api-key.dto.js';
import { ApiKeysService } from './api-keys.service.js';

/** Without scopes: a key makes no keys. */
@ApiTags('API keys')
@ApiBearerAuth('session')
@Controller('api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @AllowRole('admin')
  @ApiOperation({
    summary: 'Make a key for a program; it is shown in this answer and never again',
    description:
      'It acts in this tenant alone, within its scopes, and never above your present role. Takes no Idempotency-Key, since answers kept for those would keep the secret.',
  })
  @ApiCreatedResponse({ standardSchema: createdApiKeySchema })
  @ApiConflictResponse({ description: 'The tenant has as many keys as it may have.' })
  create(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: createApiKeySchema }) input: CreateApiKey,
  ): Promise<CreatedApiKey> {
    return this.keys.create(caller, input);
  }

  @Get()
  @AllowRole('admin')
  @ApiOperation({ summary: 'List the keys of the tenant, newest first, without their secrets' })
  @ApiOkResponse({ standardSchema: apiKeyPageSchema })
  list(
    @CurrentMember() caller: MemberCaller,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<ApiKeyView>> {
    return this.keys.list(caller, query);
  }

  @Delete(':id')
  @HttpCode(204)
  @AllowRole('admin')
  @ApiOperation({ summary: 'Delete a key: it opens nothing any more, at once' })
  @ApiNoContentResponse()
  delete(
    @CurrentMember() caller: MemberCaller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<void> {
    return this.keys.delete(caller, id);
  }
}
