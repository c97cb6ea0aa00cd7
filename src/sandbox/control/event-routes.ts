import { type FastifyInstance } from 'fastify';

import { type WorldEvent } from '../world/inhabitants.js';
import { type ControlDesk } from './control-server.js';

const mostWatchers = 20;
const heartbeatMs = 15_000;
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
    const watch = ({ type, ...event }: WorldEvent): void => {
      if (response.writableLength > mostBufferedBytes) response.destroy();
      else response.write(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
    };
    const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs);
    workspace.watchers.add(watch);
    response.once('close', () => {
      clearInterval(heartbeat);
      workspace.watchers.delete(watch);
    });
  });
}
