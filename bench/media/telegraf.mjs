// Telegraf: a file as its documentation sends it, and a photo by the file_id that a first upload gave.
import { Agent } from 'node:http';
import { Telegram } from 'telegraf';
import { serveMedia } from './serve-media.mjs';

serveMedia(({ apiRoot, token, concurrency }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const client = new Telegram(token, { apiRoot, agent, attachmentAgent: agent });
  return {
    upload: async ({ kind, path, chatId }) => {
      const source = { source: path };
      const message =
        kind === 'photo' ? await client.sendPhoto(chatId, source) : await client.sendVideo(chatId, source);
      return message.photo?.at(-1).file_id;
    },
    name: ({ fileId, chatId }) => client.sendPhoto(chatId, fileId),
    close: () => agent.destroy(),
  };
});
