import { TenantDatabase } from '../../../src/platform/database/index.js';
import { asTenantId } from '../../../src/platform/identity/index.js';
import { AccountScene } from '../auth/account-scene.js';

/** Of which one tenant gets half. */
const POOL_SIZE = 4;

describe('a tenant that wants the whole pool', () => {
  let scene: AccountScene;
  let database: TenantDatabase;
  beforeAll(async () => {
    scene = await AccountScene.open({ DATABASE_POOL_SIZE: String(POOL_SIZE) });
    database = scene.application.app.get(TenantDatabase, { strict: false });
  });
  afterAll(() => scene.end());

  it('waits for itself, and the others are served', async () => {
    const [greedy, other] = [await scene.signUp(), await scene.signUp('Bia')];
    let isReleased = false;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = () => {
        isReleased = true;
        resolve();
      };
    });
    let begun = 0;
    const works = Array.from({ length: 3 * POOL_SIZE }, () =>
      database.run(asTenantId(greedy.tenantId), async () => {
        begun += 1;
        await released;
      }),
    );
    try {
      const answers = await Promise.all(Array.from({ length: 6 }, () => other.client.get('/tenant')));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200));
      expect({ begun, isReleased }).toEqual({ begun: POOL_SIZE / 2, isReleased: false });
    } finally {
      release();
      await Promise.all(works);
    }
    expect(begun).toBe(works.length);
  });

  it('has its statements ended after half a minute', async () => {
    const { tenantId } = await scene.signUp();
    const [row] = await database.run(asTenantId(tenantId), (manager) =>
      manager.query<{ timeout: string }[]>(`SELECT current_setting('statement_timeout') AS timeout`),
    );
    expect(row?.timeout).toBe('30s');
  });
});
