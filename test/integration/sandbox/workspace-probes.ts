import { type Answer, ControlClient } from './control-client.js';

interface Ids {
  readonly bot: number;
  readonly person: number;
  readonly group: number;
  readonly fault: number;
}

type Probe = readonly [method: string, path: string, body?: unknown];

/** How a route answers somebody of another workspace about things that are there, and about such as are nowhere. */
export interface ProbedRoute {
  readonly route: string;
  readonly foreign: Answer;
  readonly absent: Answer;
}

/** Asks every route that names a thing, in every place where it does, for another workspace's. */
export async function probeWorkspaces(
  url: string,
  owner: ControlClient,
): Promise<{
  routes: ProbedRoute[];
  stranger: ControlClient;
  strangersBotId: number;
  ownersBotToken: string;
}> {
  const { bot, personId } = await owner.createPair();
  const { groups } = await owner.must<{ groups: { id: number }[] }>('POST', '/groups', {
    title: 'Ours',
    type: 'group',
  });
  const fault = await owner.must<{ id: number }>('POST', '/faults', {
    kind: 'hang',
    botId: bot.id,
    method: 'getMe',
  });
  const stranger = new ControlClient(url);
  const own = await stranger.createPair();
  const foreign = probesOf(own, {
    bot: bot.id,
    person: personId,
    group: groups[0]?.id ?? 0,
    fault: fault.id,
  });
  const absent = probesOf(own, { bot: 1, person: 2, group: -3, fault: 999_999 });
  const routes: ProbedRoute[] = [];
  for (const [n, probe] of foreign.entries()) {
    routes.push({
      route: `${probe[0]} ${probe[1]}`,
      foreign: await stranger.request(...probe),
      absent: await stranger.request(...(absent[n] as Probe)),
    });
  }
  return { routes, stranger, strangersBotId: own.bot.id, ownersBotToken: bot.token };
}

function probesOf(own: { bot: { id: number }; personId: number }, ids: Ids): Probe[] {
  const press = { messageId: 1, callbackData: 'x' };
  return [
    ['POST', `/bots/${ids.bot}/revoke-token`],
    ['POST', `/people/${ids.person}/start`, { botId: own.bot.id }],
    ['POST', `/people/${own.personId}/start`, { botId: ids.bot }],
    ['POST', `/people/${ids.person}/block`, { botId: own.bot.id }],
    ['POST', `/people/${own.personId}/block`, { botId: ids.bot }],
    ['POST', `/people/${ids.person}/unblock`, { botId: own.bot.id }],
    ['POST', `/people/${ids.person}/deactivate`],
    ['POST', `/people/${ids.person}/message`, { botId: own.bot.id, text: 'x' }],
    ['POST', `/people/${own.personId}/message`, { botId: ids.bot, text: 'x' }],
    ['POST', `/people/${ids.person}/press`, { botId: own.bot.id, ...press }],
    ['POST', `/people/${own.personId}/press`, { botId: ids.bot, ...press }],
    ['POST', `/people/${own.personId}/press`, { botId: own.bot.id, chatId: ids.group, ...press }],
    ['POST', '/actions/start', { botId: own.bot.id, personIds: [own.personId, ids.person] }],
    ['POST', '/actions/start', { botId: ids.bot, personIds: [own.personId] }],
    ['POST', `/groups/${ids.group}/add-bot`, { botId: own.bot.id }],
    ['POST', `/groups/${ids.group}/remove-bot`, { botId: own.bot.id }],
    ['POST', `/groups/${ids.group}/members`, { personIds: [own.personId] }],
    ['POST', `/groups/${ids.group}/message`, { personId: own.personId, text: 'x' }],
    ['POST', `/groups/${ids.group}/upgrade`],
    ['GET', `/people/${ids.person}/chats`],
    ['GET', `/chats/${ids.person}/messages?botId=${own.bot.id}`],
    ['GET', `/chats/${own.personId}/messages?botId=${ids.bot}`],
    ['GET', `/chats/${ids.group}/messages`],
    ['PUT', '/limits', { botId: ids.bot, chatBurst: 5 }],
    ['PUT', '/latency', { botId: ids.bot, minimumMs: 5 }],
    ['POST', '/faults', { kind: 'hang', botId: ids.bot }],
    ['DELETE', `/faults/${ids.fault}`],
  ];
}
