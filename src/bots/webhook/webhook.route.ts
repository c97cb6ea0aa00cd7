import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { UpdateIntake } from '../inbox/update-intake.js';
import { readUpdate } from '../inbox/update.rules.js';
import { WebhookDirectory, type WebhookOwner } from './webhook-directory.js';
import { WEBHOOK_PREFIX } from './webhook.rules.js';

/** Telegram's updates have a few KiB; nothing else has business here. */
const BODY_LIMIT_BYTES = 1024 * 1024;
const SECRET_HEADER = 'x-telegram-bot-api-secret-token';

interface WebhookRequest extends FastifyRequest {
  webhookOwner?: WebhookOwner;
}

/**
 * Where Telegram posts the updates of all bots. A plain Fastify route: about twice as many updates a second as
 * through a controller. The body of a stranger isn't even read.
 */
@Injectable()
export class WebhookRoute implements OnModuleInit {
  private readonly logger = new Logger(WebhookRoute.name);

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly directory: WebhookDirectory,
    private readonly intake: UpdateIntake,
  ) {}

  onModuleInit(): void {
    const fastify = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    fastify.route<{ Params: { path: string } }>({
      method: 'POST',
      url: `${WEBHOOK_PREFIX}/:path`,
      bodyLimit: BODY_LIMIT_BYTES,
      onRequest: async (request, reply) => {
        const secret = request.headers[SECRET_HEADER];
        const owner = await this.directory.findOwner(
          request.params.path,
          typeof secret === 'string' ? secret : '',
        );
        if (!owner) return reply.status(404).send();
        (request as WebhookRequest).webhookOwner = owner;
      },
      handler: (request, reply) => this.take(request, reply),
      errorHandler: (error, request, reply) => {
        const { statusCode = 500 } = error as { statusCode?: number };
        // Telegram repeats what wasn't taken; the path and the body stay out of the log.
        if (statusCode >= 500) this.logger.error(`update not stored, ${request.id}: ${String(error)}`);
        void reply.status(statusCode).send();
      },
    });
  }

  /** 200 only once the update is committed. */
  private async take(request: WebhookRequest, reply: FastifyReply): Promise<void> {
    const owner = request.webhookOwner;
    const update = readUpdate(request.body);
    if (!owner || !update) return reply.status(400).send();
    await this.intake.store({ ...update, ...owner });
    return reply.status(200).send();
  }
}
