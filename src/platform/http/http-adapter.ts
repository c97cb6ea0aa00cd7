import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { type Socket } from 'node:net';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Configuration } from '../../config/index.js';
import { ProblemError } from '../errors/index.js';
import { configureBodyParsers } from './body-parsers.js';
import { configureLogContext } from './request-log-context.js';
import { ProblemFilter, problemDocument, sendProblem } from './problem.filter.js';
import { configureSecurityHeaders, HEADERS_WITHOUT_HOOKS } from './security-headers.js';
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
    clientErrorHandler: (error, socket) => refuseConnection(error.code, socket),
    // Addresses that can't be read belong to no route, so neither filters nor hooks see them.
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      void reply.headers({ ...HEADERS_WITHOUT_HOOKS, 'x-request-id': request.id });
      sendProblem(request, reply, new ProblemError(400, 'invalid_address', 'This is no valid address.'));
    },
  });
}

/** Of what isn't HTTP there is no request to answer; the connection is told and closed. */
function refuseConnection(code: string | undefined, socket: Socket): void {
  // Whoever is gone, or got an answer already, is told nothing.
  if (code === 'ECONNRESET' || socket.destroyed || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const problem =
    code === 'HPE_HEADER_OVERFLOW'
      ? new ProblemError(431, 'headers_too_large', 'The headers are larger than any request needs.')
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new ProblemError(408, 'request_too_slow', 'The request took too long to arrive; send it again.')
        : new ProblemError(400, 'invalid_request', 'This is no HTTP request that can be read.');
  const body = JSON.stringify(problemDocument(problem, randomUUID()));
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

/** What every route shares: request ids, security headers, problem documents, validation, multipart uploads as streams. */
export async function configureHttp(
  app: NestFastifyApplication,
  configuration: Configuration,
): Promise<void> {
  app.setGlobalPrefix('api/v1', { exclude: ['health/live', 'health/ready', 'openapi.json'] });
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  configureLogContext(fastify);
  await configureSecurityHeaders(app, configuration);
  await configureBodyParsers(app);
}
