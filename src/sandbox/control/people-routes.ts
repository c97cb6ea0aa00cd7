import { type FastifyInstance, type FastifyRequest } from 'fastify';

import { type Bot, type ChatSeat, type Person } from '../world/inhabitants.js';
import {
  blockBot,
  deactivate,
  pressButton,
  pressStart,
  unblockBot,
  writeToBot,
} from '../world/person-actions.js';
import { checkUsername } from './bot-routes.js';
import { type ControlDesk, readAs } from './control-server.js';
import {
  botOnlySchema,
  createPeopleSchema,
  idParametersSchema,
  pageQuerySchema,
  personMessageSchema,
  pressSchema,
  startManySchema,
  startSchema,
} from './control.dto.js';
import { notFound } from './control.errors.js';

const mostPeople = 200_000;

function describePerson({ id, user, isDeactivated }: Person): Record<string, unknown> {
  const { first_name: firstName, last_name: lastName, username, language_code: languageCode } = user;
  return { id, firstName, lastName, username, languageCode, isDeactivated };
}

export function addPeopleRoutes(server: FastifyInstance, desk: ControlDesk): void {
  const { world } = desk;
  const personOf = (request: FastifyRequest): Person =>
    desk.person(request, readAs(idParametersSchema, request.params).id);

  server.post('/people', (request, reply) => {
    const { count, firstName, ...names } = readAs(createPeopleSchema, request.body);
    const workspace = desk.workspaceOf(request);
    desk.checkRoom(workspace.people.size, count, mostPeople, 'people');
    if (names.username !== undefined) checkUsername(workspace, names.username);
    const people = Array.from({ length: count }, (_, index) =>
      world.addPerson(workspace, {
        ...names,
        firstName: (firstName ?? 'Person') + (count > 1 ? ` ${index + 1}` : ''),
      }),
    );
    return reply.code(201).send({ people: people.map(describePerson) });
  });

  server.get('/people', (request) => {
    const { afterId = 0, limit } = readAs(pageQuerySchema, request.query);
    const later = [...desk.workspaceOf(request).people.values()].filter(({ id }) => id > afterId);
    return { people: later.slice(0, limit).map(describePerson), hasMore: later.length > limit };
  });

  server.post('/people/:id/start', (request) => {
    const person = personOf(request);
    const { botId, payload } = readAs(startSchema, request.body);
    return { messageId: pressStart(world, desk.bot(request, botId), person, payload).message_id };
  });

  server.post('/actions/start', (request) => {
    const { botId, personIds, payload } = readAs(startManySchema, request.body);
    const bot = desk.bot(request, botId);
    const people = desk.people(request, personIds);
    for (const person of people) pressStart(world, bot, person, payload);
    return { started: people.length };
  });

  server.post('/people/:id/message', (request) => {
    const person = personOf(request);
    const { botId, text } = readAs(personMessageSchema, request.body);
    return { messageId: writeToBot(world, desk.bot(request, botId), person, text).message_id };
  });

  const changes: [string, (bot: Bot, person: Person) => void][] = [
    ['block', (bot, person) => blockBot(world, bot, person)],
    ['unblock', (bot, person) => unblockBot(world, bot, person)],
  ];
  for (const [action, change] of changes) {
    server.post(`/people/:id/${action}`, (request, reply) => {
      const person = personOf(request);
      change(desk.bot(request, readAs(botOnlySchema, request.body).botId), person);
      return reply.code(204).send();
    });
  }

  server.post('/people/:id/deactivate', (request, reply) => {
    deactivate(world, personOf(request));
    return reply.code(204).send();
  });

  server.post('/people/:id/press', (request) => {
    const person = personOf(request);
    const { botId, chatId, ...press } = readAs(pressSchema, request.body);
    const seat = findSeat(desk.bot(request, botId), person, chatId);
    return { callbackQueryId: pressButton(world, seat, person, press) };
  });

  server.get('/people/:id/chats', (request) => {
    const person = personOf(request);
    const { bots, groups } = desk.workspaceOf(request);
    return {
      bots: [...bots.values()].map(({ id, user, privateChats }) => ({
        botId: id,
        firstName: user.first_name,
        username: user.username,
        state: privateChats.get(person.id)?.state ?? 'unstarted',
      })),
      groups: [...groups.values()]
        .filter((group) => group.people.has(person.id) && group.migratedToId === undefined)
        .map(({ chat }) => ({ chatId: chat.id, title: chat.title, type: chat.type })),
    };
  });
}

/** Where a person meets a bot: their private chat, or a group that both are in. */
function findSeat(bot: Bot, person: Person, chatId: number | undefined): ChatSeat & { bot: Bot } {
  const seat =
    chatId === undefined || chatId === person.id ? bot.privateChats.get(person.id) : bot.seats.get(chatId);
  const isInside = seat && (!('group' in seat) || seat.group.people.has(person.id));
  if (!isInside) throw notFound();
  return seat;
}
