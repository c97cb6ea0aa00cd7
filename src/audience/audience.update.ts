import { Ctx, Next, On, Update } from 'nestjs-telegraf';
import { BotContext } from '../bots/index.js';
import { type Chat, type Message, type User } from '../telegram/index.js';
import { ChatsRepository } from './chats.repository.js';
import { ContactsRepository } from './contacts.repository.js';
import { type Reachability, reachabilityOf } from './membership.rules.js';

type NextHandler = () => Promise<void>;

/** Keeps the audience true: whoever writes, joins, leaves, blocks or moves is noted before anybody answers. */
@Update()
export class AudienceUpdate {
  constructor(
    private readonly chats: ChatsRepository,
    private readonly contacts: ContactsRepository,
  ) {}

  @On('message')
  async handleMessage(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    await this.noteMessage(context, context.message as Message);
    await next();
  }

  @On('edited_message')
  async handleEditedMessage(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    await this.noteMessage(context, context.editedMessage as Message);
    await next();
  }

  @On('channel_post')
  async handleChannelPost(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    if (context.chat) await this.note(context, context.chat);
    await next();
  }

  @On('callback_query')
  async handleCallbackQuery(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    if (context.chat) await this.note(context, context.chat, context.from);
    await next();
  }

  /** The bot's own membership: added, removed, promoted, blocked, unblocked. */
  @On('my_chat_member')
  async handleMyChatMember(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    const event = context.myChatMember;
    if (event) {
      const reachability = reachabilityOf(event.chat.type, event.new_chat_member);
      await this.note(context, event.chat, event.from, reachability);
    }
    await next();
  }

  /** Somebody else's membership. */
  @On('chat_member')
  async handleChatMember(@Ctx() context: BotContext, @Next() next: NextHandler): Promise<void> {
    const event = context.chatMember;
    if (event) {
      await this.note(context, event.chat, event.from);
      await this.meetPerson(context, event.new_chat_member.user);
    }
    await next();
  }

  private async noteMessage(context: BotContext, message: Message): Promise<void> {
    const { bot, manager } = context;
    if ('migrate_to_chat_id' in message) {
      await this.chats.migrate(manager, bot.botNo, message.chat.id, message.migrate_to_chat_id);
      // The old id is nobody's from here on: it must not be met again.
      return;
    }
    if ('migrate_from_chat_id' in message) {
      await this.chats.migrate(manager, bot.botNo, message.migrate_from_chat_id, message.chat.id);
    }
    if ('left_chat_member' in message) {
      await this.meetPerson(context, message.left_chat_member);
      // "The bot was removed" is my_chat_member's to say; this message must not revive the chat.
      if (message.left_chat_member.id === bot.telegramId) return;
    }
    await this.note(context, message.chat, message.from);
    if ('new_chat_members' in message) {
      for (const user of message.new_chat_members) await this.meetPerson(context, user);
    }
  }

  private async note(
    context: BotContext,
    chat: Chat,
    from?: User,
    reachability?: Reachability,
  ): Promise<void> {
    const contactId = await this.meetPerson(context, from);
    const { manager, bot } = context;
    await this.chats.meet(manager, bot, chat, chat.type === 'private' ? contactId : null, reachability);
  }

  /** Bots, and Telegram's stand-ins for anonymous administrators, are no people. */
  private async meetPerson(context: BotContext, user: User | undefined): Promise<string | null> {
    if (!user || user.is_bot) return null;
    return this.contacts.meet(context.manager, context.bot, user);
  }
}
