// TypeORM's way: one `insert` of an array of entities after the other, a thousand at a time, into a plain table.
import { DataSource, EntitySchema } from 'typeorm';
import { serveRuns } from '../workload.mjs';

const ROWS_AT_ONCE = 1_000;

const Delivery = new EntitySchema({
  name: 'TypeormDelivery',
  tableName: 'typeorm_deliveries',
  columns: {
    id: { type: 'bigint', primary: true, generated: 'increment' },
    broadcastId: { type: 'bigint' },
    botId: { type: 'bigint' },
    chatId: { type: 'bigint' },
    state: { type: 'smallint', default: 0 },
  },
});

const [url] = process.argv.slice(2);
const dataSource = new DataSource({ type: 'postgres', url, entities: [Delivery], synchronize: true });
await dataSource.initialize();

serveRuns(async ({ count }) => {
  const repository = dataSource.getRepository(Delivery);
  await repository.clear();
  for (let first = 0; first < count; first += ROWS_AT_ONCE) {
    const rows = Array.from({ length: Math.min(ROWS_AT_ONCE, count - first) }, (_, position) => ({
      broadcastId: 1,
      botId: (first + position) % 1_000,
      chatId: first + position,
    }));
    await repository.insert(rows);
  }
});
