// A TCP relay between one process and one server: it sees what passes, and holds back what a trap waits for. So a process
// is caught at a named moment without a word of that in its own code.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * @typedef {object} Trap
 * @property {'before' | 'after'} side holds back the request with the mark, or the first piece of its answer
 * @property {string} mark what tells the request from others, in one piece as its client writes it
 * @property {boolean} isTaken by the first request that comes along, on whichever relay
 * @property {(relay: Relay, goOn: () => void) => void} spring `goOn` sends on what is held back
 */

export class Relay {
  #server = createServer((client) => this.#join(client));
  #targetPort;
  #sockets = new Set();
  /** @type {Trap | undefined} */
  trap;

  static async open(targetPort) {
    const relay = new Relay();
    relay.#targetPort = targetPort;
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  /** The address of the server by way of this relay. */
  lead(address) {
    const url = new URL(address);
    url.port = String(this.#server.address().port);
    // Of a plain origin URL makes one with a path, which it must not have.
    return url.pathname === '/' ? url.origin : url.href;
  }

  close() {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client) {
    const server = connect(this.#targetPort, '127.0.0.1');
    const pair = { client, server, awaited: undefined };
    client.on('data', (chunk) => this.#passRequest(pair, chunk));
    server.on('data', (chunk) => this.#passAnswer(pair, chunk));
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('end', () => other.end());
      // Whatever broke on one side breaks on the other.
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }

  #passRequest(pair, chunk) {
    const { trap } = this;
    const isCaught = trap !== undefined && !trap.isTaken && chunk.includes(trap.mark);
    if (isCaught) trap.isTaken = true;
    if (isCaught && trap.side === 'before') this.#hold(trap, pair.client, pair.server, chunk);
    else {
      if (isCaught) pair.awaited = trap;
      send(pair.client, pair.server, chunk);
    }
  }

  #passAnswer(pair, chunk) {
    const trap = pair.awaited;
    pair.awaited = undefined;
    if (trap) this.#hold(trap, pair.server, pair.client, chunk);
    else send(pair.server, pair.client, chunk);
  }

  #hold(trap, from, to, chunk) {
    from.pause();
    trap.spring(this, () => {
      to.write(chunk);
      from.resume();
    });
  }
}

function send(from, to, chunk) {
  if (to.write(chunk)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
