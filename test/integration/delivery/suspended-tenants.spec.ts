import { UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(120_000);

const PEOPLE = 5;

describe('a suspended tenant', () => {
  let scene: DeliveryScene;
  beforeAll(async () => {
    scene = await DeliveryScene.open(UNPACED);
    await scene.start('api');
  });
  afterAll(() => scene.end());

  it('has nothing planned and no updates taken until it is active again; others go on', async () => {
    const first = await scene.start('scheduler,worker,poller');
    const [held, other] = await Promise.all([scene.signUp(), scene.signUp()]);
    const [heldBot, otherBot] = await Promise.all([held.connectBot(), other.connectBot()]);
    const [person] = await held.startPeople(heldBot, PEOPLE);
    await other.startPeople(otherBot, PEOPLE);
    await scene.close(first);

    const setState = (state: string) =>
      scene.look(
        'UPDATE tenants SET state = $1 FROM bots WHERE bots.id = $2 AND tenants.id = bots.tenant_id',
        [state, heldBot.id],
      );
    const { id } = await held.broadcast('Held');
    await setState('suspended');
    await held.control.must('POST', `/people/${person}/message`, {
      botId: heldBot.telegramId,
      text: '/help',
    });
    await scene.start('scheduler,worker,poller');
    const { id: otherId } = await other.broadcast('Not held');
    await other.untilEnded(otherId);
    // The other's answer to a person has gone the whole way too: who polls has looked for bots meanwhile.
    await other.startPeople(otherBot, 1);

    const [row] = await scene.look('SELECT state, planned FROM broadcasts WHERE id = $1', [id]);
    expect(row).toEqual({ state: 'planning', planned: '0' });
    const [polling] = await scene.look(
      'SELECT owner FROM polling JOIN bots ON bots.no = bot_no WHERE bots.id = $1',
      [heldBot.id],
    );
    expect(polling).toEqual({ owner: null });

    await setState('active');
    expect(await held.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: PEOPLE } });
    const answers = async () =>
      (await held.ledger()).filter(
        ({ chatId, text }) => chatId === person && text.includes('Herald sends you'),
      );
    await waitUntil(async () => (await answers()).length > 0, 30_000);
  });
});
