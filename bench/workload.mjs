// Who sends what to whom: the same for every contender.

const FIRST_BOT = 700_000_001;
const FIRST_CHAT = 1_000_000_001;
/** A broadcast asks for as many distinct chats as there are messages; bots share none. */
const CHATS_PER_BOT = 100_000;

/** Telegram's number of a bot. */
export const botIdOf = (bot) => FIRST_BOT + bot;
/** A token in Telegram's shape: an id and 35 characters. */
export const tokenOf = (bot) => `${botIdOf(bot)}:${String(bot).padStart(35, 'A')}`;
export const chatIdOf = (bot, chat) => FIRST_CHAT + bot * CHATS_PER_BOT + chat;
export const firstNameOf = (chat) => `Person ${chat}`;
export const textFor = (chat) => `Good morning, ${firstNameOf(chat)}!`;

/** Every message once: the first of each bot, the second of each bot, and so on. */
export function* messagesOf({ botCount, messagesPerBot }) {
  for (let chat = 0; chat < messagesPerBot; chat += 1) {
    for (let bot = 0; bot < botCount; bot += 1) {
      yield { bot, chatId: chatIdOf(bot, chat), text: textFor(chat) };
    }
  }
}

export function* batchesOf(items, size) {
  let batch = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Sends messages with a bounded number under way; `send` throws where one was not taken. */
export async function sendAll(messages, concurrency, send) {
  const loop = async () => {
    for (const message of messages) await send(message);
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
}

/** A contender's process: tells that it is ready, then does what it is asked, one thing at a time. */
export function serveRuns(run) {
  process.on('message', (message) => {
    run(message).then(
      (result) => process.send(result ?? {}),
      (error) => process.send({ error: String(error?.stack ?? error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send({ isReady: true });
}
