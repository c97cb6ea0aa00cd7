import { type FastifyInstance, type FastifyRequest } from 'fastify';

import {
  addBotToGroup,
  addPeopleToGroup,
  removeBotFromGroup,
  upgradeGroup,
  writeToGroup,
} from '../world/group-actions.js';
import { type ChatHistory } from '../world/chat-history.js';
import { type Group } from '../world/inhabitants.js';
import { checkUsername } from './bot-routes.js';
import { type ControlDesk, readAs } from './control-server.js';
import {
  addBotSchema,
  botOnlySchema,
  createGroupsSchema,
  groupMessageSchema,
  idParametersSchema,
  membersSchema,
  messagesQuerySchema,
} from './control.dto.js';
import { notFound } from './control.errors.js';

const mostGroups = 10_000;

function describeGroup({ chat, people, seats, migratedToId }: Group): Record<string, unknown> {
  return {
    id: chat.id,
    title: chat.title,
    type: chat.type,
    username: chat.username,
    people: people.size,
    bots: [...seats.values()].map(({ bot, status }) => ({ botId: bot.id, status })),
    migratedToId: migratedToId ?? null,
  };
}

export function addGroupRoutes(server: FastifyInstance, desk: ControlDesk): void {
  const { world } = desk;
  const groupOf = (request: FastifyRequest): Group =>
    desk.group(request, readAs(idParametersSchema, request.params).id);

  server.post('/groups', (request, reply) => {
    const { title, type, username, count } = readAs(createGroupsSchema, request.body);
    const workspace = desk.workspaceOf(request);
    desk.checkRoom(workspace.groups.size, count, mostGroups, 'groups');
    if (username !== undefined) checkUsername(workspace, username);
    const groups = Array.from({ length: count }, (_, index) =>
      world.addGroup(workspace, {
        type,
        title: count > 1 ? `${title} ${index + 1}` : title,
        ...(username === undefined ? {} : { username }),
      }),
    );
    return reply.code(201).send({ groups: groups.map(describeGroup) });
  });

  server.get('/groups', (request) => ({
    groups: [...desk.workspaceOf(request).groups.values()].map(describeGroup),
  }));

  server.post('/groups/:id/add-bot', (request) => {
    const group = groupOf(request);
    const { botId, asAdmin } = readAs(addBotSchema, request.body);
    addBotToGroup(world, group, desk.bot(request, botId), asAdmin);
    return describeGroup(group);
  });

  server.post('/groups/:id/remove-bot', (request) => {
    const group = groupOf(request);
    removeBotFromGroup(world, group, desk.bot(request, readAs(botOnlySchema, request.body).botId));
    return describeGroup(group);
  });

  server.post('/groups/:id/members', (request) => {
    const group = groupOf(request);
    addPeopleToGroup(world, group, desk.people(request, readAs(membersSchema, request.body).personIds));
    return describeGroup(group);
  });

  server.post('/groups/:id/message', (request) => {
    const group = groupOf(request);
    const { personId, ...message } = readAs(groupMessageSchema, request.body);
    return { messageId: writeToGroup(world, group, desk.person(request, personId), message).message_id };
  });

  server.post('/groups/:id/upgrade', (request) => describeGroup(upgradeGroup(world, groupOf(request))));

  server.get('/chats/:id/messages', (request) => {
    const { id } = readAs(idParametersSchema, request.params);
    const { botId, limit } = readAs(messagesQuerySchema, request.query);
    const history = id < 0 ? desk.group(request, id).history : privateHistory(desk, request, id, botId);
    return { messages: history?.newest(limit) ?? [], pinnedMessageIds: history?.pinnedIds ?? [] };
  });
}

function privateHistory(
  desk: ControlDesk,
  request: FastifyRequest,
  personId: number,
  botId: number | undefined,
): ChatHistory | undefined {
  desk.person(request, personId);
  if (botId === undefined) throw notFound();
  return desk.bot(request, botId).privateChats.get(personId)?.history;
}
