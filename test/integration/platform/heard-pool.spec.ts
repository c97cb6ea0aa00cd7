import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { HeardPool } from '../../../src/platform/database/index.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';

const MARK = 'SELECT 1 AS last';

/** What PostgreSQL says to a connection that it ends (protocol: ErrorResponse, then fields, then a zero). */
function farewell(): Buffer {
  const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command'];
  const body = Buffer.from(`${fields.map((field) => `${field}\0`).join('')}\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Stands before PostgreSQL, and puts its farewell in one packet with the answer to the marked statement. */
async function openRelay(port: number): Promise<Server> {
  const relay = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    let isLast = false;
    client.on('data', (chunk) => {
      isLast ||= chunk.includes(MARK);
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (isLast) client.end(Buffer.concat([chunk, farewell()]));
      else client.write(chunk);
    });
    client.on('close', () => server.destroy());
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  return relay;
}

describe('a connection that ends with the packet of its last answer', () => {
  let database: TestDatabase;
  let relay: Server;
  let pool: HeardPool;

  beforeAll(async () => {
    database = await createTestDatabase();
    const url = new URL(database.urls.app);
    relay = await openRelay(Number(url.port));
    url.port = String((relay.address() as AddressInfo).port);
    pool = new HeardPool({ connectionString: url.href, max: 1 });
  });
  afterAll(async () => {
    await pool.end();
    relay.close();
    await database.drop();
  });

  it('is replaced, though nobody who borrowed it listens', async () => {
    const borrowed = await pool.connect();
    expect((await borrowed.query<{ last: number }>(MARK)).rows).toEqual([{ last: 1 }]);
    await expect(borrowed.query('SELECT 2')).rejects.toThrow();
    borrowed.release(true);
    expect((await pool.query<{ next: number }>('SELECT 3 AS next')).rows).toEqual([{ next: 3 }]);
  });
});
