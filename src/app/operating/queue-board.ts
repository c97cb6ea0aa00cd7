import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter as BoardAdapter } from '@bull-board/fastify';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type FastifyAdapter } from '@nestjs/platform-fastify';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { BrowserAccess } from '../../auth/index.js';
import { ProblemError } from '../../platform/errors/index.js';
import { sendProblem } from '../../platform/http/index.js';
import { PAGE_POLICY, SIGN_IN_SCRIPT, SIGN_IN_SCRIPT_PATH } from './sign-in-page.js';
import { Queues } from './queues.js';
import { turnAway } from './turn-away.js';

const PATH = '/operator/queues';

/** bull-board for operators, to look and not to touch: the queues hold hints, and sweeps mend what is lost of them. */
@Injectable()
export class QueueBoard implements OnModuleInit {
  constructor(
    private readonly adapterHost: HttpAdapterHost<FastifyAdapter>,
    private readonly access: BrowserAccess,
    private readonly queues: Queues,
  ) {}

  onModuleInit(): void {
    const board = new BoardAdapter();
    board.setBasePath(PATH);
    createBullBoard({
      queues: this.queues.all.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
      serverAdapter: board,
      options: { uiConfig: { boardTitle: 'Arauto' } },
    });
    const fastify: FastifyInstance = this.adapterHost.httpAdapter.getInstance();
    fastify.get(SIGN_IN_SCRIPT_PATH, (_request, reply) =>
      reply.type('text/javascript; charset=utf-8').send(SIGN_IN_SCRIPT),
    );
    // Not awaited: that would start Fastify before Nest has told it what to do with errors.
    void fastify.register(
      async (scope) => {
        scope.addHook('onRequest', (request, reply) => this.admit(request, reply));
        await scope.register(board.registerPlugin());
      },
      { prefix: PATH },
    );
  }

  /** @returns the reply where it is given already, so that nothing else answers */
  private async admit(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    if (!(await this.access.findOperator(request.headers.cookie))) {
      turnAway(request, reply, 'operator');
      return reply;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendProblem(request, reply, new ProblemError(403, 'read_only', 'The board of the queues only shows.'));
      return reply;
    }
    void reply.header('content-security-policy', PAGE_POLICY).header('cache-control', 'no-store');
    return undefined;
  }
}
