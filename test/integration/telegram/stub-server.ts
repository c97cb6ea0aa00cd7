import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createNetServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A server on a free port of this machine, and a way to end it with all its connections. */
export interface StubServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

export async function serveHttp(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<StubServer> {
  return open(createHttpServer(answer));
}

/** Speaks TCP only: what it answers need not be HTTP. */
export async function serveTcp(converse: (socket: Socket) => void): Promise<StubServer> {
  return open(
    createNetServer((socket) => {
      // A peer that goes away is what these tests are about.
      socket.on('error', () => socket.destroy());
      converse(socket);
    }),
  );
}

async function open(server: Server): Promise<StubServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
