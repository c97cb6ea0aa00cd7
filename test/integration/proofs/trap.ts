import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';

const ADDRESSES = ['127.0.0.1', '127.0.0.2', '127.255.255.254', '::1'];
/** Whether another program has the same port on another of our addresses is chance. */
const MOST_TRIES = 10;

/**
 * Listens on one port of several addresses of this machine, below every protocol: TLS, HTTP or silence, whoever opens a
 * connection was there. It knocks at itself with https first, so that a silent trap is no deaf one.
 */
export class Trap {
  private readonly knocks: string[] = [];

  private constructor(private readonly servers: readonly Server[]) {}

  static async open(): Promise<Trap> {
    for (let tries = 1; ; tries += 1) {
      const trap = new Trap(ADDRESSES.filter(isOurs).map(() => createServer()));
      try {
        await trap.listen();
        return trap;
      } catch (error) {
        await trap.close();
        if (tries === MOST_TRIES || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
  }

  get port(): number {
    return (this.servers[0]?.address() as AddressInfo).port;
  }

  /** Whoever came to where nobody may be sent, with a request or without. */
  get heard(): string[] {
    return this.knocks.map((address) => `somebody knocked at the trap on ${address}`);
  }

  async close(): Promise<void> {
    for (const server of this.servers) {
      if (!server.listening) continue;
      server.close();
      await once(server, 'close');
    }
  }

  private async listen(): Promise<void> {
    let port = 0;
    for (const [n, address] of ADDRESSES.filter(isOurs).entries()) {
      const server = this.servers[n] as Server;
      server.on('connection', (socket) => {
        this.knocks.push(address);
        socket.destroy();
      });
      server.listen(port, address);
      await once(server, 'listening');
      port = (server.address() as AddressInfo).port;
      await fetch(`https://${address.includes(':') ? `[${address}]` : address}:${port}/`).catch(
        () => undefined,
      );
      if (this.knocks.splice(0).length === 0) throw new Error(`The trap on ${address} is deaf.`);
    }
  }
}

/** Not every machine speaks IPv6. */
function isOurs(address: string): boolean {
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return address.startsWith('127.') || own.some((one) => one.address === address);
}
