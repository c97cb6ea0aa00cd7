import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type LogContext, resumeLogContext } from '../logging/index.js';

/** Whatever a request has logged carries its id, and its tenant as soon as the caller is known. */
export function configureLogContext(fastify: FastifyInstance): void {
  const contexts = new WeakMap<FastifyRequest, LogContext>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    const context: LogContext = { requestId: request.id };
    contexts.set(request, context);
    resumeLogContext(context, done);
  });
  // What goes on after a body was read goes on from an event of the connection, in nobody's context.
  fastify.addHook('preValidation', (request, _reply, done) => {
    resumeLogContext(contexts.get(request) ?? { requestId: request.id }, done);
  });
}
