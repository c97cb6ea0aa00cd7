import { badRequest } from '../wire/call.errors.js';
import { type ChatSeat, GroupSeat, PrivateChat } from '../world/inhabitants.js';
import { changeSeat, describeMember, findCreator } from '../world/membership.js';
import { checkPresence, findSeat, openPresent } from './chat-access.js';
import { type MethodCall, type MethodHandler, numberOf } from './method-call.js';

function getChat(call: MethodCall): Record<string, unknown> {
  const seat = findSeat(call);
  if (!(seat.chat.username && seat instanceof GroupSeat)) checkPresence(seat);
  const pinned = seat.history.find(seat.history.pinnedIds.at(-1) ?? 0);
  return {
    ...seat.chat,
    accent_color_id: 0,
    max_reaction_count: 11,
    accepted_gift_types: {
      unlimited_gifts: false,
      limited_gifts: false,
      unique_gifts: false,
      premium_subscription: false,
      gifts_from_channels: false,
    },
    ...(pinned ? { pinned_message: pinned } : {}),
  };
}

function openGroup(call: MethodCall): GroupSeat {
  const seat = openPresent(call);
  if (seat instanceof GroupSeat) return seat;
  throw badRequest('there are no administrators in the private chat');
}

function describeUserIn(seat: ChatSeat, userId: number): Record<string, unknown> {
  if (seat instanceof PrivateChat) {
    const user = [seat.person.user, seat.bot.user].find(({ id }) => id === userId);
    if (user) return describeMember(user, 'member');
  } else if (seat instanceof GroupSeat) {
    const { group } = seat;
    const person = group.people.get(userId);
    if (person) return describeMember(person.user, findCreator(group) === person.user ? 'creator' : 'member');
    const other = group.seats.get(userId);
    if (other) return describeMember(other.bot.user, other.status);
    const stranger = group.workspace.people.get(userId);
    if (stranger) return describeMember(stranger.user, 'left');
  }
  throw badRequest('user not found');
}

function getChatMember(call: MethodCall): Record<string, unknown> {
  return describeUserIn(openPresent(call), numberOf(call, 'user_id') ?? 0);
}

function getChatMemberCount(call: MethodCall): number {
  const seat = openPresent(call);
  if (!(seat instanceof GroupSeat)) return 2;
  const bots = [...seat.group.seats.values()].filter(({ isPresent }) => isPresent).length;
  return seat.group.people.size + bots;
}

function getChatAdministrators(call: MethodCall): Record<string, unknown>[] {
  const { group } = openGroup(call);
  const creator = findCreator(group);
  const bots = [...group.seats.values()].filter(({ status }) => status === 'administrator');
  return [
    ...(creator ? [describeMember(creator, 'creator')] : []),
    ...bots.map(({ bot, status }) => describeMember(bot.user, status)),
  ];
}

function leaveChat(call: MethodCall): true {
  const seat = openPresent(call);
  if (!(seat instanceof GroupSeat)) throw badRequest("chat member status can't be changed in private chats");
  changeSeat(call.world, seat, 'left', call.bot.user);
  return true;
}

const getUserProfilePhotos = (): unknown => ({ total_count: 0, photos: [] });

export const chatMethods: Record<string, MethodHandler> = {
  getChat,
  getChatMember,
  getChatMemberCount,
  getChatAdministrators,
  leaveChat,
  getUserProfilePhotos,
};
