// The first bot has many messages waiting; each of the others a few, which come later.
import { chatIdOf, textFor } from '../workload.mjs';

export function* bigMessages(count) {
  for (let chat = 0; chat < count; chat += 1)
    yield { bot: 0, chatId: chatIdOf(0, chat), text: textFor(chat) };
}

export function* smallMessages(bots, perBot) {
  for (let chat = 0; chat < perBot; chat += 1) {
    for (let bot = 1; bot <= bots; bot += 1) yield { bot, chatId: chatIdOf(bot, chat), text: textFor(chat) };
  }
}
