import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type z } from 'zod';

import { verifySandboxAccess } from '../sandbox-access.rules.js';
import { ActionRefusedError } from '../world/action.errors.js';
import { type Bot, type Group, type Person, type Workspace } from '../world/inhabitants.js';
import { type World } from '../world/world.js';
import { ControlProblemError, notFound } from './control.errors.js';

/** What every route of the control API works with. */
export class ControlDesk {
  private readonly callers = new WeakMap<FastifyRequest, Workspace>();

  constructor(
    readonly world: World,
    private readonly secret: string,
  ) {}

  /** Checks the access token; runs before any route. */
  admit(request: FastifyRequest): void {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    const access =
      scheme?.toLowerCase() === 'bearer' && token
        ? verifySandboxAccess(this.secret, token, this.world.nowSeconds())
        : undefined;
    if (!access) {
      throw new ControlProblemError(
        401,
        'access_token_required',
        'Send "Authorization: Bearer <access token>" with a token that is not over; ask the API for a new one.',
      );
    }
    this.callers.set(request, this.world.openWorkspace(access.workspace));
  }

  workspaceOf(request: FastifyRequest): Workspace {
    const workspace = this.callers.get(request);
    if (!workspace) throw new Error('A route of the control API ran without a caller');
    return workspace;
  }

  bot(request: FastifyRequest, id: number): Bot {
    return this.workspaceOf(request).bots.get(id) ?? missing();
  }

  person(request: FastifyRequest, id: number): Person {
    return this.workspaceOf(request).people.get(id) ?? missing();
  }

  people(request: FastifyRequest, ids: readonly number[]): Person[] {
    return ids.map((id) => this.person(request, id));
  }

  group(request: FastifyRequest, id: number): Group {
    return this.workspaceOf(request).groups.get(id) ?? missing();
  }

  /** @throws ControlProblemError when the workspace would hold more than `limit` */
  checkRoom(present: number, more: number, limit: number, things: string): void {
    if (present + more <= limit) return;
    throw new ControlProblemError(409, 'workspace_full', `A workspace holds at most ${limit} ${things}.`);
  }
}

function missing(): never {
  throw notFound();
}

/** @throws ControlProblemError 400 naming each field */
export function readAs<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const read = schema.safeParse(value ?? {});
  if (read.success) return read.data;
  const errors = read.error.issues.map((issue) => ({
    field: issue.path.join('.'),
    code: issue.code,
    message: issue.message,
  }));
  throw new ControlProblemError(400, 'invalid_request', 'Correct the fields named in "errors".', errors);
}

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
};

/** Makes every error a problem document (RFC 9457). */
export function answerWithProblems(server: FastifyInstance, log: (line: string) => void): void {
  server.setNotFoundHandler((_request, reply) => sendProblem(reply, notFound()));
  server.setErrorHandler((error: FastifyError | Error, _request, reply) => {
    const problem = toProblem(error);
    if (problem.status >= 500) log(`The control API failed: ${error.stack ?? error.message}`);
    return sendProblem(reply, problem);
  });
}

/** What went wrong, as a problem document. */
export function answerWithProblem(reply: FastifyReply, error: FastifyError | Error): FastifyReply {
  return sendProblem(reply, toProblem(error));
}

function toProblem(error: FastifyError | Error): ControlProblemError {
  if (error instanceof ControlProblemError) return error;
  if (error instanceof ActionRefusedError) {
    return new ControlProblemError(409, 'action_not_possible', error.message);
  }
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status !== undefined && status >= 400 && status < 500) {
    return new ControlProblemError(status, 'invalid_request', error.message);
  }
  return new ControlProblemError(500, 'internal_error', 'The sandbox failed at this; its log says more.');
}

function sendProblem(reply: FastifyReply, problem: ControlProblemError): FastifyReply {
  const { status, code, detail, errors } = problem;
  return reply
    .code(status)
    .type('application/problem+json')
    .send({
      type: 'about:blank',
      title: titles[status] ?? 'Error',
      status,
      code,
      detail,
      ...(errors ? { errors } : {}),
    });
}
