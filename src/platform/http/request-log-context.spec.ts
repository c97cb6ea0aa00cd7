import { fastify, type FastifyInstance } from 'fastify';
import { addToLogContext, type LogContext, readLogContext } from '../logging/index.js';
import { configureLogContext } from './request-log-context.js';

describe('what a request logs', () => {
  let server: FastifyInstance;
  let url: string;
  beforeAll(async () => {
    server = fastify({ genReqId: (request) => String(request.headers['x-request-id']) });
    configureLogContext(server);
    server.addHook('preHandler', async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      addToLogContext({ tenantId: `tenant of ${request.id}` });
    });
    server.post('/', () => readLogContext());
    url = await server.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => server.close());

  it('carries its id and its tenant, also after a body that came in pieces, on a connection that others use', async () => {
    const ask = async (id: string): Promise<LogContext> => {
      const pieces = new ReadableStream<Uint8Array>({
        async start(controller) {
          controller.enqueue(Buffer.from('{"a":'));
          await new Promise((resolve) => setTimeout(resolve, 5));
          controller.enqueue(Buffer.from('1}'));
          controller.close();
        },
      });
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': id },
        body: pieces,
        duplex: 'half',
      });
      return (await response.json()) as LogContext;
    };
    const ids = Array.from({ length: 10 }, (_, n) => `r${n}`);
    for (let round = 0; round < 2; round += 1) {
      expect(await Promise.all(ids.map(ask))).toEqual(
        ids.map((id) => ({ requestId: id, tenantId: `tenant of ${id}` })),
      );
    }
  });
});
