import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

/** A request as it arrived. */
export interface Received {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly text: string;
}

/** A real HTTP server of somebody whom Arauto calls; notes what comes and answers as told. */
export class Receiver {
  readonly received: Received[] = [];
  connections = 0;
  /** Takes requests and never answers them. */
  isHanging = false;
  /** What the next requests are answered with. */
  answer: { status: number; text?: string; headers?: Record<string, string> } = { status: 204 };

  private constructor(private readonly server: Server) {}

  static async open(): Promise<Receiver> {
    const server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      request.on('end', () => {
        receiver.received.push({
          path: request.url ?? '',
          headers: request.headers as Record<string, string>,
          text,
        });
        if (receiver.isHanging) return;
        response.writeHead(receiver.answer.status, receiver.answer.headers).end(receiver.answer.text);
      });
    });
    const receiver = new Receiver(server);
    server.on('connection', () => receiver.connections++);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Events of one kind, parsed, oldest first. */
  events(type: string): { type: string; timestamp: string; data: Record<string, unknown> }[] {
    return this.received
      .map(
        ({ text }) => JSON.parse(text) as { type: string; timestamp: string; data: Record<string, unknown> },
      )
      .filter((event) => event.type === type);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
