// What Node has built in: fetch with FormData, the file as a Blob; by name, fetch with JSON.
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { serveMedia } from './serve-media.mjs';

serveMedia(({ apiRoot, token }) => {
  const call = async (method, init) => {
    const response = await fetch(`${apiRoot}/bot${token}/${method}`, { method: 'POST', ...init });
    const { ok, result, description } = await response.json();
    if (!ok) throw new Error(description);
    return result;
  };
  return {
    upload: async ({ kind, path, chatId }) => {
      const body = new FormData();
      body.set('chat_id', String(chatId));
      body.set(kind, await openAsBlob(path), basename(path));
      const message = await call(kind === 'photo' ? 'sendPhoto' : 'sendVideo', { body });
      return message.photo?.at(-1).file_id;
    },
    name: ({ fileId, chatId }) =>
      call('sendPhoto', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ chat_id: chatId, photo: fileId }),
      }),
    close: () => undefined,
  };
});
