// The messages of one bot, for contenders that drive each bot by itself.
import { chatIdOf, textFor } from '../workload.mjs';

export function* messagesOfBot(bot, count) {
  for (let chat = 0; chat < count; chat += 1) yield { chatId: chatIdOf(bot, chat), text: textFor(chat) };
}
