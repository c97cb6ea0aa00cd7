import { type FastifyReply, type FastifyRequest } from 'fastify';
import { ProblemError } from '../../platform/errors/index.js';
import { sendProblem } from '../../platform/http/index.js';
import { type Door, PAGE_POLICY, signInPage } from './sign-in-page.js';

const WAYS: Readonly<Record<Door, string>> = {
  documentation: 'Sign in as an owner or admin; POST /api/v1/documentation-access gives the cookie.',
  operator: 'Sign in as an operator; POST /api/v1/operator/browser-access gives the cookie.',
};

/** Answers somebody who may not see a page: a browser with a page to sign in, a program with a problem. */
export function turnAway(request: FastifyRequest, reply: FastifyReply, door: Door): void {
  void reply.header('cache-control', 'no-store');
  if (request.method === 'GET' && (request.headers.accept ?? '').includes('text/html')) {
    void reply
      .status(401)
      .header('content-security-policy', PAGE_POLICY)
      .type('text/html; charset=utf-8')
      .send(signInPage(door));
  } else {
    sendProblem(request, reply, new ProblemError(401, 'not_signed_in', WAYS[door]));
  }
}
