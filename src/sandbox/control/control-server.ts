import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type z } from 'zod';

import { LoadingCache } from '../../platform/cache/index.js';
import {
  renewSandboxAccess,
  type SandboxAccess,
  signSandboxAccess,
  verifySandboxAccess,
} from '../sandbox-access.rules.js';
import { ActionRefusedError } from '../world/action.errors.js';
import { type Bot, type Group, type Person, type Workspace } from '../world/inhabitants.js';
import { type World } from '../world/world.js';
import { type AccessOracle } from './access-oracle.js';
import { ControlProblemError, notFound } from './control.errors.js';

// Whoever loses their right is out after this; a page asks several times a second.
const STANDINGS = { capacity: 10_000, maxAgeMs: 2000 };

/** What every route of the control API works with. */
export class ControlDesk {
  private readonly callers = new WeakMap<FastifyRequest, { access: SandboxAccess; workspace: Workspace }>();
  private readonly standings: LoadingCache<string, boolean>;

  /** @param oracle asked about every token that has a holder; without it, none of these opens anything */
  constructor(
    readonly world: World,
    private readonly secret: string,
    oracle: AccessOracle | undefined,
  ) {
    this.standings = new LoadingCache(world.clock, STANDINGS, (token) => {
      if (!oracle) throw new Error('The sandbox was told of nobody to ask.');
      return oracle.isStanding(token);
    });
  }

  /** Checks the access token; runs before any route. */
  async admit(request: FastifyRequest): Promise<void> {
    const access = await this.findAccess(request);
    if (!access) throw accessRequired();
    this.callers.set(request, { access, workspace: this.world.openWorkspace(access.workspace) });
  }

  /** For an answer that goes on for long: whether the request would be let in now. */
  async isStillAdmitted(request: FastifyRequest): Promise<boolean> {
    const { workspace } = this.callerOf(request);
    // One that was deleted is not what a new one of the same name is.
    if (this.world.workspaces.get(workspace.id) !== workspace) return false;
    return (await this.findAccess(request)) !== undefined;
  }

  /** @returns the token that follows the request's own; undefined where none does */
  renew(request: FastifyRequest): { accessToken: string; expiresAt: string } | undefined {
    const access = renewSandboxAccess(this.callerOf(request).access, this.world.nowSeconds());
    if (!access) return undefined;
    return {
      accessToken: signSandboxAccess(this.secret, access),
      expiresAt: new Date(access.expiresAt * 1000).toISOString(),
    };
  }

  workspaceOf(request: FastifyRequest): Workspace {
    return this.callerOf(request).workspace;
  }

  /** Claims that the token was issued to somebody who hasn't the secret itself. */
  isHeld(request: FastifyRequest): boolean {
    return this.callerOf(request).access.holder !== undefined;
  }

  private callerOf(request: FastifyRequest): { access: SandboxAccess; workspace: Workspace } {
    const caller = this.callers.get(request);
    if (!caller) throw new Error('A route of the control API ran without a caller');
    return caller;
  }

  private async findAccess(request: FastifyRequest): Promise<SandboxAccess | undefined> {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !token) return undefined;
    const access = verifySandboxAccess(this.secret, token, this.world.nowSeconds());
    if (access?.holder === undefined) return access;
    return (await this.isStanding(token)) ? access : undefined;
  }

  private async isStanding(token: string): Promise<boolean> {
    try {
      return await this.standings.get(token);
    } catch {
      throw new ControlProblemError(
        503,
        'access_unknown',
        'The API, which knows who may use this token, does not answer; try again. A sandbox in a process of its own needs API_URL.',
      );
    }
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

function accessRequired(): ControlProblemError {
  return new ControlProblemError(
    401,
    'access_token_required',
    'Send "Authorization: Bearer <access token>" with a token that is not over; ask the API for a new one.',
  );
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
  429: 'Too Many Requests',
  503: 'Service Unavailable',
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
