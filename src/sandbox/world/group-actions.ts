import { ActionRefusedError } from './action.errors.js';
import { type Bot, Group, GroupSeat, type Person } from './inhabitants.js';
import { changeSeat, findCreator } from './membership.js';
import { composeTyped } from './person-actions.js';
import { type WireMessage, type WireUser } from './wire-objects.js';
import { type World } from './world.js';

// Who acts in a group that has no people yet: Telegram's own stand-in for administrators who hide their name.
const anonymousAdministrator: WireUser = {
  id: 1_087_968_824,
  is_bot: true,
  first_name: 'Group',
  username: 'GroupAnonymousBot',
};

/** Posts what no one typed (somebody joined, the group became another) and tells the bots. */
function postService(
  world: World,
  group: Group,
  from: WireUser,
  fields: Record<string, unknown>,
): WireMessage {
  const message: WireMessage = {
    message_id: group.history.nextMessageId(),
    from,
    chat: group.chat,
    date: world.nowSeconds(),
    ...fields,
  };
  group.workspace.messages.put(group.history, message);
  for (const seat of presentSeats(group)) world.pushUpdate(seat.bot, 'message', message, group.id);
  return message;
}

function presentSeats(group: Group): GroupSeat[] {
  return [...group.seats.values()].filter(({ isPresent }) => isPresent);
}

function checkAlive(group: Group): void {
  if (group.migratedToId === undefined) return;
  throw new ActionRefusedError(`This group was upgraded; use the supergroup ${group.migratedToId}.`);
}

export function addBotToGroup(world: World, group: Group, bot: Bot, asAdministrator: boolean): void {
  checkAlive(group);
  const from = findCreator(group) ?? anonymousAdministrator;
  let seat = group.seats.get(bot.id);
  if (!seat) {
    seat = new GroupSeat(bot, group, 'left');
    group.seats.set(bot.id, seat);
    bot.seats.set(group.id, seat);
  }
  const wasPresent = seat.isPresent;
  changeSeat(
    world,
    seat,
    asAdministrator || group.chat.type === 'channel' ? 'administrator' : 'member',
    from,
  );
  if (!wasPresent && group.chat.type !== 'channel') {
    postService(world, group, from, { new_chat_members: [bot.user] });
  }
}

export function removeBotFromGroup(world: World, group: Group, bot: Bot): void {
  checkAlive(group);
  const seat = group.seats.get(bot.id);
  if (!seat?.isPresent) throw new ActionRefusedError('This bot is not in the group.');
  changeSeat(world, seat, 'kicked', findCreator(group) ?? anonymousAdministrator);
}

export function addPeopleToGroup(world: World, group: Group, people: readonly Person[]): void {
  checkAlive(group);
  const newcomers = people.filter((person) => !group.people.has(person.id));
  for (const person of newcomers) group.people.set(person.id, person);
  world.onChanged(group.workspace);
  const [first] = newcomers;
  if (first && group.chat.type !== 'channel') {
    postService(world, group, first.user, { new_chat_members: newcomers.map(({ user }) => user) });
  }
}

export function writeToGroup(
  world: World,
  group: Group,
  person: Person,
  message: { text: string; replyToMessageId?: number | undefined },
): WireMessage {
  checkAlive(group);
  if (!group.people.has(person.id)) throw new ActionRefusedError('This person is not in the group.');
  const replied =
    message.replyToMessageId === undefined ? undefined : group.history.find(message.replyToMessageId);
  const typed = composeTyped(world, group, person, message.text);
  if (replied) typed.reply_to_message = replied;
  const kind = group.chat.type === 'channel' ? 'channel_post' : 'message';
  for (const seat of presentSeats(group)) {
    if (mayRead(seat, typed)) world.pushUpdate(seat.bot, kind, typed, group.id);
  }
  group.workspace.announce({ type: 'message', botId: 0, chatId: group.id, payload: typed });
  return typed;
}

/** Privacy mode (https://core.telegram.org/bots/features#privacy-mode): commands, replies and mentions only. */
function mayRead({ bot, status }: GroupSeat, message: WireMessage): boolean {
  if (status === 'administrator' || bot.canReadAllGroupMessages) return true;
  if (message.reply_to_message?.from?.id === bot.id) return true;
  const text = message.text ?? '';
  const ownName = `@${bot.user.username ?? ''}`.toLowerCase();
  return (message.entities ?? []).some(({ type, offset, length }) => {
    const span = text.slice(offset, offset + length).toLowerCase();
    if (type === 'mention') return span === ownName;
    return type === 'bot_command' && (!span.includes('@') || span.endsWith(ownName));
  });
}

/** Makes a supergroup of a basic group: everybody moves, the old chat answers with the new one's id. */
export function upgradeGroup(world: World, group: Group): Group {
  checkAlive(group);
  if (group.chat.type !== 'group') throw new ActionRefusedError('Only a basic group can be upgraded.');
  const { id: _old, ...chat } = group.chat;
  const successor = world.addGroup(group.workspace, { ...chat, type: 'supergroup' });
  for (const [id, person] of group.people) successor.people.set(id, person);
  const from = findCreator(group) ?? anonymousAdministrator;
  postService(world, group, from, { migrate_to_chat_id: successor.id });
  for (const seat of group.seats.values()) {
    const next = new GroupSeat(seat.bot, successor, seat.status);
    successor.seats.set(seat.bot.id, next);
    seat.bot.seats.set(successor.id, next);
  }
  group.migratedToId = successor.id;
  postService(world, successor, from, { migrate_from_chat_id: group.id });
  world.onChanged(group.workspace);
  return successor;
}
