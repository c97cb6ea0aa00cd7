import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { ProblemError } from '../errors/index.js';
import { isPassingFailure } from './passing-failure.rules.js';

/** Titles of the codes that are not ours but the framework's. */
const FRAMEWORK_CODES: Record<number, [code: string, detail: string]> = {
  400: ['invalid_request', 'The request could not be read.'],
  404: ['not_found', 'There is no such address.'],
  405: ['method_not_allowed', 'This address does not take that method.'],
  413: ['body_too_large', 'The body is larger than this address takes.'],
  415: ['unsupported_media_type', 'Send the body as application/json.'],
};

/** Turns whatever was thrown into an RFC 9457 problem document; what we didn't foresee is logged and tells nothing. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(exception: unknown, host: ArgumentsHost): void {
    // Nest also asks for handlers of Telegram's updates: what they throw belongs to whoever routed the update.
    if (host.getType() !== 'http') throw exception;
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.raw.headersSent) {
      // An event stream that broke off: its status is out already, all that is left is to end it.
      this.logger.warn(`stream broke off: ${String(exception)}`);
      reply.raw.end();
      return;
    }
    sendProblem(request, reply, this.toProblem(exception, request));
  }

  private toProblem(exception: unknown, request: FastifyRequest): ProblemError {
    if (exception instanceof ProblemError) return exception;
    const status = statusOf(exception);
    if (status !== undefined && status < 500) {
      const [code, detail] = FRAMEWORK_CODES[status] ?? ['request_refused', 'The request was refused.'];
      // Nest wraps Fastify's error and drops its code; the text is all that is left.
      if (exception instanceof Error && exception.message.includes('not valid JSON')) {
        return new ProblemError(400, 'invalid_json', 'The body is not valid JSON.');
      }
      return new ProblemError(status, code, detail);
    }
    this.logger.error(
      exception,
      `${request.method} ${request.routeOptions.url ?? 'unknown route'} ${request.id}`,
    );
    if (status === 503 || isPassingFailure(exception)) {
      return new ProblemError(
        503,
        'unavailable',
        'A part of the service is away or overloaded; try again in a moment.',
        [],
        { 'retry-after': '5' },
      );
    }
    return new ProblemError(
      500,
      'internal_error',
      'Something went wrong on our side; report the request id.',
    );
  }
}

/** Answers with the RFC 9457 document of a problem. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: ProblemError): void {
  void reply
    .status(problem.status)
    .headers(problem.headers)
    .type('application/problem+json')
    .send(problemDocument(problem, request.id));
}

/** A problem as RFC 9457 has it. */
export function problemDocument(
  { status, code, detail, errors, extensions }: ProblemError,
  requestId: string,
) {
  return {
    ...extensions,
    type: `urn:arauto:problem:${code}`,
    title: code.replaceAll('_', ' '),
    status,
    code,
    detail,
    requestId,
    ...(errors.length > 0 && { errors }),
  };
}

function statusOf(exception: unknown): number | undefined {
  if (exception instanceof HttpException) return exception.getStatus();
  // Fastify's own errors: an unreadable body, one that is too large, an unknown media type.
  const status = (exception as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}
