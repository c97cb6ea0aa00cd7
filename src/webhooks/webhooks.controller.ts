import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { type PageQuery, pageQuerySchema } from '../platform/http/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import {
  type ChangeWebhook,
  changeWebhookSchema,
  createdWebhookSchema,
  type CreateWebhook,
  createWebhookSchema,
  webhookDeliveryDetailsSchema,
  webhookDeliveryPageSchema,
  type WebhookDeliveryParameters,
  webhookDeliveryParametersSchema,
  type WebhookDeliveryQuery,
  webhookDeliveryQuerySchema,
  webhookDeliverySchema,
  webhookPageSchema,
  webhookSchema,
} from './webhook.dto.js';
import { WebhooksService } from './webhooks.service.js';

@ApiTags('Webhooks')
@ApiBearerAuth('session')
@Controller('webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Post()
  @AllowRole('admin')
  @ApiOperation({ summary: 'Let an address of yours be told of events; the secret is shown once' })
  @ApiCreatedResponse({ standardSchema: createdWebhookSchema })
  @ApiConflictResponse()
  create(@CurrentCaller() caller: Caller, @Body({ schema: createWebhookSchema }) input: CreateWebhook) {
    return this.webhooks.create(caller, input);
  }

  @Get()
  @AllowRole('admin')
  @ApiOperation({ summary: 'List webhooks, newest first' })
  @ApiOkResponse({ standardSchema: webhookPageSchema })
  list(@CurrentCaller() caller: Caller, @Query({ schema: pageQuerySchema }) query: PageQuery) {
    return this.webhooks.findPage(caller, query);
  }

  @Get(':id')
  @AllowRole('admin')
  @ApiOperation({ summary: 'Read a webhook' })
  @ApiOkResponse({ standardSchema: webhookSchema })
  read(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string) {
    return this.webhooks.read(caller, id);
  }

  @Patch(':id')
  @AllowRole('admin')
  @ApiOperation({ summary: 'Change a webhook, disable it or enable it again' })
  @ApiOkResponse({ standardSchema: webhookSchema })
  change(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: changeWebhookSchema }) change: ChangeWebhook,
  ) {
    return this.webhooks.change(caller, id, change);
  }

  @Delete(':id')
  @HttpCode(204)
  @AllowRole('admin')
  @ApiOperation({ summary: 'Delete a webhook with its log and what waits for it' })
  @ApiNoContentResponse()
  async delete(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string) {
    await this.webhooks.delete(caller, id);
  }

  @Post(':id/secret')
  @HttpCode(200)
  @AllowRole('admin')
  @ApiOperation({ summary: 'Make a new secret; the one before signs as well for a day' })
  @ApiOkResponse({ standardSchema: createdWebhookSchema })
  rotateSecret(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string) {
    return this.webhooks.rotateSecret(caller, id);
  }

  @Post(':id/test')
  @HttpCode(200)
  @AllowRole('admin')
  @ApiOperation({ summary: 'Send the event webhook.test' })
  @ApiOkResponse({ standardSchema: webhookDeliverySchema })
  @ApiConflictResponse()
  @ApiTooManyRequestsResponse({ description: 'Ten tests and resends to a webhook in a minute are enough.' })
  test(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string) {
    return this.webhooks.test(caller, id);
  }

  @Get(':id/deliveries')
  @AllowRole('admin')
  @ApiOperation({ summary: 'List what was sent or waits, newest first; kept for 30 days' })
  @ApiOkResponse({ standardSchema: webhookDeliveryPageSchema })
  listDeliveries(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: webhookDeliveryQuerySchema }) query: WebhookDeliveryQuery,
  ) {
    return this.webhooks.findDeliveries(caller, id, query);
  }

  @Get(':id/deliveries/:deliveryId')
  @AllowRole('admin')
  @ApiOperation({ summary: 'Read what was sent, and how each attempt was answered' })
  @ApiOkResponse({ standardSchema: webhookDeliveryDetailsSchema })
  readDelivery(
    @CurrentCaller() caller: Caller,
    @Param({ schema: webhookDeliveryParametersSchema }) parameters: WebhookDeliveryParameters,
  ) {
    return this.webhooks.readDelivery(caller, parameters);
  }

  @Post(':id/deliveries/:deliveryId/resend')
  @HttpCode(200)
  @AllowRole('admin')
  @ApiOperation({ summary: 'Send it again, under the same id' })
  @ApiOkResponse({ standardSchema: webhookDeliverySchema })
  @ApiConflictResponse()
  @ApiTooManyRequestsResponse({ description: 'Ten tests and resends to a webhook in a minute are enough.' })
  resend(
    @CurrentCaller() caller: Caller,
    @Param({ schema: webhookDeliveryParametersSchema }) parameters: WebhookDeliveryParameters,
  ) {
    return this.webhooks.resend(caller, parameters);
  }
}
