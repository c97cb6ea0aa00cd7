// A peer's process: sends one photo to many chats, uploading each or naming the first, or photos and videos mixed.
import { chatIdOf, sendAll, serveRuns, tokenOf } from '../workload.mjs';

const CONCURRENCY = 16;

/**
 * @param open gives { upload({ kind, path, chatId }), name({ fileId, chatId }), close() } of a client
 * The process answers with the processor time that it took, in milliseconds.
 */
export function serveMedia(open) {
  serveRuns(async ({ apiRoot, photo, video, photos, videos = 0, isNamed = false }) => {
    const client = open({ apiRoot, token: tokenOf(0), concurrency: CONCURRENCY });
    const began = process.cpuUsage();
    const chats = Array.from({ length: photos + videos }, (_, chat) => chatIdOf(0, chat));
    const fileId = isNamed && (await client.upload({ kind: 'photo', path: photo, chatId: chats.shift() }));
    const everyNth = videos > 0 ? Math.floor(chats.length / videos) : Infinity;
    await sendAll(chats.entries(), CONCURRENCY, ([n, chatId]) => {
      if (fileId) return client.name({ fileId, chatId });
      const isVideo = videos > 0 && n % everyNth === 0;
      return client.upload({ kind: isVideo ? 'video' : 'photo', path: isVideo ? video : photo, chatId });
    });
    client.close();
    const { user, system } = process.cpuUsage(began);
    return { cpuMs: (user + system) / 1_000 };
  });
}
