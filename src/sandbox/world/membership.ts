import { type Bot, type Group, type GroupSeat, type PrivateChat, type SeatStatus } from './inhabitants.js';
import { type WireChat, type WireUser } from './wire-objects.js';
import { type World } from './world.js';

/** A `ChatMember` of the Bot API. */
export function describeMember(user: WireUser, status: SeatStatus | 'creator'): Record<string, unknown> {
  if (status === 'creator') return { user, status, is_anonymous: false };
  if (status === 'kicked') return { user, status, until_date: 0 };
  if (status !== 'administrator') return { user, status };
  return {
    user,
    status,
    can_be_edited: false,
    is_anonymous: false,
    can_manage_chat: true,
    can_delete_messages: true,
    can_manage_video_chats: true,
    can_restrict_members: true,
    can_promote_members: false,
    can_change_info: true,
    can_invite_users: true,
    can_post_stories: false,
    can_edit_stories: false,
    can_delete_stories: false,
    can_post_messages: true,
    can_edit_messages: true,
    can_pin_messages: true,
  };
}

function pushMyChatMember(
  world: World,
  bot: Bot,
  change: { chat: WireChat; from: WireUser; before: SeatStatus; after: SeatStatus },
): void {
  const { chat, from, before, after } = change;
  const update = {
    chat,
    from,
    date: world.nowSeconds(),
    old_chat_member: describeMember(bot.user, before),
    new_chat_member: describeMember(bot.user, after),
  };
  world.pushUpdate(bot, 'my_chat_member', update, chat.id);
}

/** A person blocks the bot, or lets it in again; the bot is told when it knew the person. */
export function changePrivateState(world: World, chat: PrivateChat, state: 'started' | 'blocked'): void {
  const before = chat.state;
  if (before === state) return;
  chat.state = state;
  world.onChanged(chat.bot.workspace);
  const isTold = state === 'blocked' || before === 'blocked';
  if (!isTold) return;
  const [from, to]: [SeatStatus, SeatStatus] =
    state === 'blocked' ? ['member', 'kicked'] : ['kicked', 'member'];
  pushMyChatMember(world, chat.bot, { chat: chat.chat, from: chat.person.user, before: from, after: to });
}

/** Changes what a bot is in a group, and tells the bot. */
export function changeSeat(world: World, seat: GroupSeat, status: SeatStatus, from: WireUser): void {
  const before = seat.status;
  if (before === status) return;
  seat.status = status;
  world.onChanged(seat.bot.workspace);
  pushMyChatMember(world, seat.bot, { chat: seat.chat, from, before, after: status });
}

/** The person who counts as the group's creator: whoever has been in it longest. */
export function findCreator(group: Group): WireUser | undefined {
  const [creator] = group.people.values();
  return creator?.user;
}
