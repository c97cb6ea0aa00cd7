import { type FastifyInstance } from 'fastify';

import { type WorldEvent } from '../world/inhabitants.js';
import { type ControlDesk } from './control-server.js';

const mostWatchers = 20;
// Also how often it is asked whether the reader still may read.
const heartbeatMs = 3000;
// A reader that falls this far behind is gone; it may come back and read the messages anew.
const mostBufferedBytes = 1024 * 1024;

/** What happens in the workspace's chats, as server-sent events. */
export function addEventRoutes(server: FastifyInstance, desk: ControlDesk): void {
  server.get('/events', (request, reply) => {
    const workspace = desk.workspaceOf(request);
    desk.checkRoom(workspace.watchers.size, 1, mostWatchers, 'open event streams');
    reply.hijack();
    const response = reply.raw;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': welcome\n\n');
    const write = (text: string): void => {
      if (!response.writable) return;
      if (response.writableLength > mostBufferedBytes) response.destroy();
      else response.write(text);
    };
    const watch = ({ type, ...event }: WorldEvent): void => {
      write(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
    };
    const stop = (): void => {
      clearInterval(heartbeat);
      workspace.watchers.delete(watch);
    };
    const goOn = async (): Promise<void> => {
      // Who can't be asked about may not read either.
      if (await desk.isStillAdmitted(request).catch(() => false)) {
        write(': still here\n\n');
        return;
      }
      stop();
      response.end();
      // A reader that doesn't read would hold the connection for as long as it likes.
      if (response.writableLength > 0) response.destroy();
    };
    const heartbeat = setInterval(() => void goOn(), heartbeatMs);
    workspace.watchers.add(watch);
    response.once('close', stop);
    // The reader went away in the middle of a write: 'close' follows.
    response.on('error', () => undefined);
  });
}
