import { type Answer, callMethod, ControlClient } from './control-client.js';

interface Ids {
  readonly bot: number;
  readonly person: number;
  readonly group: number;
  readonly fault: number;
  readonly file: string;
  readonly callbackQuery: string;
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
  const { file, callbackQuery } = await leaveTraces(url, owner, bot, personId);
  const stranger = new ControlClient(url);
  const own = await stranger.createPair();
  const foreign = probesOf(own, {
    bot: bot.id,
    person: personId,
    group: groups[0]?.id ?? 0,
    fault: fault.id,
    file,
    callbackQuery,
  });
  const absent = probesOf(own, NOWHERE);
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

/** What nobody has. */
const NOWHERE: Ids = { bot: 1, person: 2, group: -3, fault: 999_999, file: 'SBnowhere', callbackQuery: '1' };

/** Asks every route that names a thing, for things that are nowhere. */
export async function askEverything(control: ControlClient): Promise<{ route: string; answer: Answer }[]> {
  const lists = ['/bots', '/people', '/groups', '/faults', '/ledger', '/ledger/summary', '/events'];
  const probes: Probe[] = [
    ...lists.map((path): Probe => ['GET', path]),
    ...probesOf({ bot: { id: 1 }, personId: 2 }, NOWHERE),
    ['POST', '/bots', { firstName: 'x' }],
    ['POST', '/people', {}],
    ['POST', '/groups', { title: 'x', type: 'group' }],
    ['PUT', '/strictness', { isStrict: true }],
    ['POST', '/access/renewal'],
    ['DELETE', '/faults'],
    ['DELETE', '/ledger'],
    ['DELETE', '/contents'],
    ['DELETE', '/workspace'],
  ];
  const answers = [];
  for (const probe of probes) {
    answers.push({ route: `${probe[0]} ${probe[1]}`, answer: await control.request(...probe) });
  }
  return answers;
}

/** A file in a chat, and a button that was pressed. */
async function leaveTraces(
  url: string,
  owner: ControlClient,
  bot: { id: number; token: string },
  personId: number,
): Promise<{ file: string; callbackQuery: string }> {
  const sent = await callMethod<{ message_id: number; document: { file_id: string } }>(
    url,
    bot.token,
    'sendDocument',
    {
      chat_id: personId,
      document: 'https://example.org/ours.pdf',
      reply_markup: { inline_keyboard: [[{ text: 'x', callback_data: 'x' }]] },
    },
  );
  const { message_id: messageId, document } = sent.result;
  const { callbackQueryId } = await owner.must<{ callbackQueryId: string }>(
    'POST',
    `/people/${personId}/press`,
    {
      botId: bot.id,
      messageId,
      callbackData: 'x',
    },
  );
  const found = [
    await owner.request('GET', `/callback-queries/${callbackQueryId}?botId=${bot.id}`),
    await owner.request('GET', `/chats/${personId}/messages?botId=${bot.id}`),
  ];
  if (found.some(({ status }) => status !== 200))
    throw new Error('The owner has nothing that could be hidden.');
  return { file: document.file_id, callbackQuery: callbackQueryId };
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
    ['GET', `/files/${ids.file}?botId=${ids.bot}`],
    ['GET', `/files/${ids.file}?botId=${own.bot.id}`],
    ['GET', `/callback-queries/${ids.callbackQuery}?botId=${ids.bot}`],
    ['GET', `/callback-queries/${ids.callbackQuery}?botId=${own.bot.id}`],
  ];
}
