import { admitSending } from '../limits/limits.rules.js';
import { type ChatSeat, type Group, GroupSeat, PrivateChat } from '../world/inhabitants.js';
import { badRequest, CallRefusedError, forbidden, tooManyRequests } from '../wire/call.errors.js';
import { type MethodCall } from './method-call.js';

const chatNames = {
  private: 'chat',
  group: 'group chat',
  supergroup: 'supergroup chat',
  channel: 'channel chat',
};

/**
 * The chat of a call as the bot meets it, whether or not the bot may act there.
 * @throws CallRefusedError when there is no such chat for this bot, or it became a supergroup
 */
export function findSeat(call: MethodCall, parameter = 'chat_id'): ChatSeat {
  const chatId = call.parameters[parameter];
  const { bot } = call;
  if (typeof chatId === 'number' && chatId > 0) {
    const person = bot.workspace.people.get(chatId);
    if (!person) throw badRequest('chat not found');
    return bot.privateChats.get(person.id) ?? new PrivateChat(bot, person);
  }
  const group = findGroup(call, chatId);
  if (group?.migratedToId !== undefined) {
    throw new CallRefusedError(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
      migrate_to_chat_id: group.migratedToId,
    });
  }
  const seat = group?.seats.get(bot.id);
  if (seat) return seat;
  if (!group || group.chat.username === undefined) throw badRequest('chat not found');
  return new GroupSeat(bot, group, 'left'); // Anybody finds a public group; to act there one must be in it.
}

function findGroup({ bot }: MethodCall, chatId: unknown): Group | undefined {
  if (typeof chatId === 'number') return bot.workspace.groups.get(chatId);
  return typeof chatId === 'string' ? bot.workspace.findGroupByUsername(chatId.slice(1)) : undefined;
}

/** @throws CallRefusedError 403 when the bot may not be in touch with this chat */
export function checkPresence(seat: ChatSeat): void {
  if (seat instanceof PrivateChat) {
    if (seat.person.isDeactivated) throw forbidden('user is deactivated');
    if (seat.state === 'blocked') throw forbidden('bot was blocked by the user');
    if (seat.state === 'unstarted') throw forbidden("bot can't initiate conversation with a user");
  } else if (seat instanceof GroupSeat && !seat.isPresent) {
    const chatName = chatNames[seat.chat.type];
    throw forbidden(
      seat.status === 'kicked'
        ? `bot was kicked from the ${chatName}`
        : `bot is not a member of the ${chatName}`,
    );
  }
}

/**
 * The chat that a message is to go to. Limits come first: also a message that nobody gets counts, as at Telegram.
 * @throws CallRefusedError
 */
export function openForSending(call: MethodCall): ChatSeat {
  const seat = findSeat(call);
  admit(call, seat);
  checkPresence(seat);
  if (seat.chat.type === 'channel' && seat instanceof GroupSeat && seat.status !== 'administrator') {
    throw forbidden('need administrator rights in the channel chat');
  }
  return seat;
}

function admit({ bot, world, parameters }: MethodCall, seat: ChatSeat): void {
  const verdict = admitSending(world.limitsOf(bot), bot.pace, seat.pace, {
    nowMs: world.clock.monotonicMs(),
    isGroup: seat.chat.type !== 'private',
    isPaid: parameters['allow_paid_broadcast'] === true,
  });
  if (!verdict.isAllowed) throw tooManyRequests(verdict.retryAfterSeconds);
}

/** A chat that the bot is in. */
export function openPresent(call: MethodCall): ChatSeat {
  const seat = findSeat(call);
  checkPresence(seat);
  return seat;
}
