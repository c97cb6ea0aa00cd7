import { type FastifyInstance } from 'fastify';

import { type Bot, type Workspace } from '../world/inhabitants.js';
import { type ControlDesk, readAs } from './control-server.js';
import {
  botQuerySchema,
  callbackParametersSchema,
  createBotSchema,
  idParametersSchema,
} from './control.dto.js';
import { ControlProblemError, notFound } from './control.errors.js';

const mostBots = 5000;

function describeBot({ id, token, user, canReadAllGroupMessages }: Bot): Record<string, unknown> {
  return { id, token, username: user.username, firstName: user.first_name, canReadAllGroupMessages };
}

export function addBotRoutes(server: FastifyInstance, desk: ControlDesk): void {
  const { world } = desk;

  server.post('/bots', (request, reply) => {
    const body = readAs(createBotSchema, request.body);
    const workspace = desk.workspaceOf(request);
    desk.checkRoom(workspace.bots.size, 1, mostBots, 'bots');
    if (body.username !== undefined) checkUsername(workspace, body.username);
    return reply.code(201).send(describeBot(world.addBot(workspace, body)));
  });

  server.get('/bots', (request) => ({
    bots: [...desk.workspaceOf(request).bots.values()].map(describeBot),
  }));

  server.post('/bots/:id/revoke-token', (request) => {
    const bot = desk.bot(request, readAs(idParametersSchema, request.params).id);
    world.revokeToken(bot);
    return describeBot(bot);
  });

  server.get('/callback-queries/:id', (request) => {
    const { id } = readAs(callbackParametersSchema, request.params);
    const query = desk.bot(request, readAs(botQuerySchema, request.query).botId).callbackQueries.find(id);
    if (!query) throw notFound();
    return {
      id,
      personId: query.personId,
      isAnswered: query.answer !== undefined,
      answer: query.answer ?? null,
    };
  });

  server.get('/files/:fileId', async (request, reply) => {
    const { fileId } = request.params as { fileId: string };
    const { botId } = readAs(botQuerySchema, request.query);
    const bot = desk.bot(request, botId);
    const file = bot.workspace.files.find(bot.id, fileId);
    if (!file?.content) throw notFound();
    // What somebody uploaded must never run as a page of ours.
    return reply
      .header('content-disposition', 'attachment')
      .header('x-content-type-options', 'nosniff')
      .type('application/octet-stream')
      .send(file.content);
  });
}

export function checkUsername(workspace: Workspace, username: string): void {
  if (!workspace.isUsernameTaken(username)) return;
  throw new ControlProblemError(409, 'username_taken', 'This username is taken; choose another one.');
}
