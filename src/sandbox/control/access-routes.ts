import { type FastifyInstance } from 'fastify';

import { type ControlDesk } from './control-server.js';
import { ControlProblemError } from './control.errors.js';

/** Tokens last minutes; whoever still may have one gets the next. */
export function addAccessRoutes(server: FastifyInstance, desk: ControlDesk): void {
  server.post('/access/renewal', (request, reply) => {
    const renewed = desk.renew(request);
    if (renewed) return reply.code(201).send(renewed);
    throw new ControlProblemError(
      409,
      'not_renewable',
      'No token follows this one; ask the API for a new one.',
    );
  });
}
