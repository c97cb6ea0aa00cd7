import { randomUUID } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Configuration } from '../../config/index.js';
import { ProblemError } from '../errors/index.js';
import { configureBodyParsers } from './body-parsers.js';
import { ProblemFilter, sendProblem } from './problem.filter.js';
import { createValidationPipe } from './validation.pipe.js';

/** A JSON body has no business being larger; files go through the multipart route. */
const JSON_BODY_LIMIT_BYTES = 1024 * 1024;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,100}$/;

export function createHttpAdapter(configuration: Configuration): FastifyAdapter {
  const hops = configuration.settings.TRUST_PROXY_HOPS;
  return new FastifyAdapter({
    bodyLimit: JSON_BODY_LIMIT_BYTES,
    // An exact count: trusting "any proxy" lets every caller choose its own address.
    trustProxy: hops === 0 ? false : (_address: string, hop: number) => hop < hops,
    genReqId: (request: IncomingMessage) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    // Half-open connections don't stay for ever.
    connectionTimeout: 60_000,
    requestTimeout: 120_000,
    forceCloseConnections: 'idle',
    // Addresses that can't be read belong to no route, so neither filters nor hooks see them.
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      void reply.header('x-request-id', request.id);
      sendProblem(request, reply, new ProblemError(400, 'invalid_address', 'This is no valid address.'));
    },
  });
}

/** What every route shares: request ids, problem documents, validation, multipart uploads as streams. */
export async function configureHttp(app: NestFastifyApplication): Promise<void> {
  app.setGlobalPrefix('api/v1', { exclude: ['health/live', 'health/ready', 'openapi.json'] });
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
  });
  await configureBodyParsers(app);
}
