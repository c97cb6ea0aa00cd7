import {
  createServer,
  request as requestOver,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo } from 'node:net';
import { Injectable, Module } from '@nestjs/common';
import { Ctx, Hears, Update } from 'nestjs-telegraf';
import { ROOMS } from '../../../src/app/index.js';
import { UpdateIntake } from '../../../src/bots/inbox/update-intake.js';
import { BotContext } from '../../../src/bots/index.js';
import { type BotNumber, type TenantId } from '../../../src/platform/identity/index.js';
import { type SignedUpTenant } from '../../harness/accounts.js';
import { type TestApplication } from '../../harness/application.js';
import { callMethod } from '../sandbox/control-client.js';
import { type BotBody, BotScene, type SceneBot, waitUntil } from './bot-scene.js';

let failuresToCome = 0;

/** Handlers that a test can make fail. */
@Update()
@Injectable()
class TroubleUpdate {
  @Hears(/^echo (.*)/)
  echo(@Ctx() context: BotContext): string {
    return context.text ?? '';
  }

  @Hears('trouble')
  trouble(@Ctx() context: BotContext): void {
    context.say('said before the failure');
    if (failuresToCome-- > 0) throw new Error('a handler fails');
  }

  @Hears('send')
  async send(@Ctx() context: BotContext): Promise<void> {
    await context.telegram.sendMessage(context.chat?.id ?? 0, 'at once');
  }
}

@Module({ providers: [TroubleUpdate] })
class TroubleModule {}

jest.setTimeout(60_000);

describe('updates in', () => {
  let scene: BotScene;
  let tenant: SignedUpTenant;

  beforeAll(async () => {
    scene = await BotScene.open();
    await scene.start('api');
    tenant = await scene.signUp();
  });
  afterAll(() => scene.end());

  const personWith = async (bot: SceneBot): Promise<number> => {
    const personId = await scene.control.createPerson();
    await scene.control.must('POST', `/people/${personId}/start`, { botId: bot.sandboxId });
    return personId;
  };
  const write = (personId: number, bot: SceneBot, text: string) =>
    scene.control.must('POST', `/people/${personId}/message`, { botId: bot.sandboxId, text });
  const updatesOf = (bot: SceneBot) =>
    scene.look<{ text: string | null; settled: boolean; attempts: number; failure: string | null }>(
      `SELECT payload -> 'message' ->> 'text' AS text, settled_at IS NOT NULL AS settled, attempts, failure
         FROM updates JOIN bots ON bots.no = bot_no WHERE bots.id = $1 ORDER BY update_id`,
      [bot.id],
    );
  const ownerOf = async (bot: SceneBot): Promise<string | null> => {
    const rows = await scene.look<{ owner: string | null }>(
      'SELECT owner FROM polling JOIN bots ON bots.no = bot_no WHERE bots.id = $1',
      [bot.id],
    );
    return rows[0]?.owner ?? null;
  };
  const stateOf = async (bot: SceneBot): Promise<BotBody> =>
    (await tenant.client.get<BotBody>(`/bots/${bot.id}`)).body;
  const waitForState = (bot: SceneBot, state: string): Promise<BotBody> =>
    waitUntil(async () => {
      const body = await stateOf(bot);
      return body.state === state && body;
    });

  describe('by long polling', () => {
    it('has one owner a bot, and another process goes on where it stopped', async () => {
      const bot = await scene.connect(tenant);
      const first = await scene.start('poller');
      const owner = await waitUntil(() => ownerOf(bot).then((id) => id ?? false));
      const second = await scene.start('poller');
      const personId = await personWith(bot);
      await waitUntil(async () => (await updatesOf(bot)).length === 1);
      expect(await ownerOf(bot)).toBe(owner);

      await scene.close(first);
      await waitUntil(async () => {
        const next = await ownerOf(bot);
        return next !== null && next !== owner;
      });
      await write(personId, bot, 'after the change');
      await waitUntil(async () => (await updatesOf(bot)).length === 2);
      await scene.close(second);
      await waitUntil(async () => (await ownerOf(bot)) === null);
    });

    it('takes over from a process that died, once its lease has run out', async () => {
      const bot = await scene.connect(tenant);
      await scene.look(
        `UPDATE polling SET owner = gen_random_uuid(), until = clock_timestamp() + interval '2 seconds'
          FROM bots WHERE bots.no = bot_no AND bots.id = $1`,
        [bot.id],
      );
      const dead = await ownerOf(bot);
      const application = await scene.start('poller');
      await personWith(bot);
      await waitUntil(async () => (await updatesOf(bot)).length === 1);
      expect(await ownerOf(bot)).not.toBe(dead);
      await scene.close(application);
    });

    it('polls a bot once, also where its own lease ran out meanwhile', async () => {
      const bot = await scene.connect(tenant);
      const application = await scene.start('poller');
      const owner = await waitUntil(() => ownerOf(bot).then((id) => id ?? false));
      const leaseEnd = async () => {
        const rows = await scene.look<{ until: string; isOver: boolean }>(
          `SELECT until::text, until < clock_timestamp() AS "isOver" FROM polling JOIN bots ON bots.no = bot_no
            WHERE bots.id = $1`,
          [bot.id],
        );
        return rows[0];
      };
      // Just renewed, so that the next look claims what is free before it renews again.
      const before = await leaseEnd();
      await waitUntil(async () => (await leaseEnd())?.until !== before?.until);
      await scene.look(
        `UPDATE polling SET until = clock_timestamp() - interval '1 second' FROM bots WHERE bots.no = bot_no AND bots.id = $1`,
        [bot.id],
      );
      await waitUntil(async () => (await leaseEnd())?.isOver === false && (await ownerOf(bot)) === owner);
      await personWith(bot);
      await waitUntil(async () => (await updatesOf(bot)).length === 1);
      expect((await stateOf(bot)).state).toBe('running');
      // A poll that nobody holds would be waited for in vain.
      await scene.close(application);
      expect(await ownerOf(bot)).toBeNull();
    });

    it('names a conflict with another program, and heals', async () => {
      const bot = await scene.connect(tenant);
      const application = await scene.start('poller');
      await waitUntil(() => ownerOf(bot).then((id) => id ?? false));
      // Somebody sets a webhook with the same token.
      await waitUntil(async () => {
        const rows = await scene.look<{ url: string | null }>(
          'SELECT webhook_url AS url FROM bots WHERE id = $1',
          [bot.id],
        );
        return rows[0]?.url === '';
      });
      const { status } = await callMethod(scene.sandbox.url, bot.token, 'setWebhook', {
        url: 'http://127.0.0.1:9/elsewhere',
      });
      expect(status).toBe(200);
      const conflicted = await waitForState(bot, 'conflict');
      expect(conflicted.stateReason).toMatch(/webhook/);
      // Resuming takes the updates over.
      await tenant.client.post(`/bots/${bot.id}/resume`);
      await personWith(bot);
      await waitUntil(async () => (await updatesOf(bot)).length === 1);
      expect((await stateOf(bot)).state).toBe('running');
      await scene.close(application);
    });

    it('polls no paused bot, and a resumed one again', async () => {
      const bot = await scene.connect(tenant);
      const application = await scene.start('poller');
      await waitUntil(() => ownerOf(bot).then((id) => id ?? false));
      await tenant.client.post(`/bots/${bot.id}/pause`);
      await waitUntil(async () => (await ownerOf(bot)) === null);
      await personWith(bot);
      await tenant.client.post(`/bots/${bot.id}/resume`);
      await waitUntil(async () => (await updatesOf(bot)).length === 1);
      await scene.close(application);
    });
  });

  describe('by webhook', () => {
    const arrived: { path: string; secret: string; body: string }[] = [];
    let proxy: Server;
    let publicUrl: string;
    let application: TestApplication;
    let webhooked: BotScene;

    beforeAll(async () => {
      // Stands where a reverse proxy stands: its address is known before the application has one.
      proxy = createServer((incoming, outgoing) => void forward(incoming, outgoing));
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      const { port } = proxy.address() as AddressInfo;
      webhooked = await BotScene.open();
      publicUrl = `http://127.0.0.1:${port}`;
      application = await webhooked.start('api,poller', { PUBLIC_URL: publicUrl });
    });
    afterAll(async () => {
      await webhooked.end();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    });

    async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const secret = String(incoming.headers['x-telegram-bot-api-secret-token']);
      arrived.push({ path: incoming.url ?? '', secret, body });
      const answer = await post(incoming.url ?? '', secret, body);
      outgoing.writeHead(answer).end();
    }

    function post(path: string, secret: string, body: string): Promise<number> {
      return new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret };
        const sent = requestOver(
          `${application.url}${path}`,
          { method: 'POST', headers, agent: false },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          },
        );
        sent.on('error', reject);
        sent.end(body);
      });
    }

    it('registers itself, stores each update once, and answers strangers alike', async () => {
      const owner = await webhooked.signUp();
      const bot = await webhooked.connect(owner);
      const personId = await webhooked.control.createPerson();
      await webhooked.control.must('POST', `/people/${personId}/start`, { botId: bot.sandboxId });
      const delivered = await waitUntil(() => Promise.resolve(arrived[0]));
      expect(delivered.path).toMatch(/^\/telegram\/webhook\/[A-Za-z0-9_-]{43}$/);
      expect((await owner.client.get<BotBody>(`/bots/${bot.id}`)).body.updatesMode).toBe('webhook');
      const stored = () => webhooked.look('SELECT update_id, payload FROM updates');
      await waitUntil(async () => (await stored()).length === 1);

      expect(await post(delivered.path, delivered.secret, delivered.body)).toBe(200);
      expect(await stored()).toHaveLength(1);
      const unknown = `/telegram/webhook/${'x'.repeat(43)}`;
      expect(await post(delivered.path, 'wrong', delivered.body)).toBe(404);
      expect(await post(delivered.path, '', delivered.body)).toBe(404);
      expect(await post(unknown, delivered.secret, delivered.body)).toBe(404);
      expect(await post(delivered.path, delivered.secret, '{"update_id":"one"}')).toBe(400);
      expect(await post(delivered.path, delivered.secret, '{')).toBe(400);
      expect(await post(delivered.path, delivered.secret, `"${'x'.repeat(2_000_000)}"`)).toBe(413);

      const odd = {
        update_id: 7,
        message: { message_id: 1, date: 1, chat: { id: 5, type: 'private', first_name: 'a\u0000\ud800b' } },
      };
      const many = Array.from({ length: 40 }, (_, n) => ({ ...odd, update_id: 100 + n }));
      const answers = await Promise.all(
        many.map((update) => post(delivered.path, delivered.secret, JSON.stringify(update))),
      );
      expect(new Set(answers)).toEqual(new Set([200]));
      expect(await stored()).toHaveLength(41);

      // Whatever the reading lets through: what PostgreSQL refuses fails alone, and its neighbours are stored.
      const [known] = await webhooked.look<{ no: BotNumber; tenant_id: TenantId }>(
        'SELECT no, tenant_id FROM bots WHERE id = $1',
        [bot.id],
      );
      const intake = application.app.get(UpdateIntake, { strict: false });
      await Promise.all(
        Array.from({ length: 21 }, (_, n) =>
          intake.store({
            updateId: 200 + n,
            chatKey: 5,
            json: n % 10 === 3 ? '{"text":"\\u0000"}' : '{}',
            botNo: known?.no as BotNumber,
            tenantId: known?.tenant_id as TenantId,
          }),
        ),
      );
      expect(await stored()).toHaveLength(60);

      await owner.client.delete(`/bots/${bot.id}`);
      await waitUntil(async () => (await post(delivered.path, delivered.secret, delivered.body)) === 404);
    });

    it('takes a webhook back that somebody else removed, and says so until it stays', async () => {
      const owner = await webhooked.signUp();
      const bot = await webhooked.connect(owner);
      const urlOf = async () =>
        (await callMethod<{ url: string }>(webhooked.sandbox.url, bot.token, 'getWebhookInfo')).result.url;
      const letCheck = () =>
        webhooked.look(
          `UPDATE polling SET checked_at = '-infinity' FROM bots WHERE bots.no = bot_no AND bots.id = $1`,
          [bot.id],
        );
      const waitFor = (state: string) =>
        waitUntil(async () => {
          const { body } = await owner.client.get<BotBody>(`/bots/${bot.id}`);
          return body.state === state && body;
        });
      const isTold = async () => {
        const rows = await webhooked.look<{ told: boolean }>(
          'SELECT webhook_url IS NOT NULL AS told FROM bots WHERE id = $1',
          [bot.id],
        );
        return rows[0]?.told;
      };
      await waitUntil(isTold);
      const url = await urlOf();
      expect(url).toContain('/telegram/webhook/');

      await callMethod(webhooked.sandbox.url, bot.token, 'deleteWebhook');
      await letCheck();
      expect((await waitFor('conflict')).stateReason).toMatch(/removed the webhook/);
      await waitUntil(async () => (await urlOf()) === url && isTold());
      expect((await owner.client.get<BotBody>(`/bots/${bot.id}`)).body.state).toBe('conflict');
      await letCheck();
      expect((await waitFor('running')).stateReason).toBeNull();
    });

    it('tells Telegram the new secret when the key changes', async () => {
      const bot = await webhooked.connect(await webhooked.signUp());
      const personId = await webhooked.control.createPerson();
      const known = new Set(arrived.map(({ path }) => path));
      await webhooked.control.must('POST', `/people/${personId}/start`, { botId: bot.sandboxId });
      const before = await waitUntil(() => Promise.resolve(arrived.find(({ path }) => !known.has(path))));

      await webhooked.close(application);
      application = await webhooked.start('api,poller', {
        PUBLIC_URL: publicUrl,
        SESSION_KEY: Buffer.alloc(32, 9).toString('base64'),
      });
      await webhooked.control.must('POST', `/people/${personId}/message`, {
        botId: bot.sandboxId,
        text: 'hi',
      });
      const after = await waitUntil(() =>
        Promise.resolve(arrived.find(({ path, secret }) => path === before.path && secret !== before.secret)),
      );
      await waitUntil(async () => {
        const rows = await webhooked.look(`SELECT FROM updates WHERE payload -> 'message' ->> 'text' = 'hi'`);
        return rows.length === 1;
      });
      expect(await post(before.path, before.secret, before.body)).toBe(404);
      expect(await post(after.path, after.secret, after.body)).toBe(200);
    });
  });

  describe('in the inbox', () => {
    let application: TestApplication;
    let bot: SceneBot;

    beforeAll(async () => {
      bot = await scene.connect(tenant);
      const rooms = [...ROOMS, { worker: [TroubleModule] }];
      application = await scene.start('poller,worker,scheduler', {}, rooms);
    });
    afterAll(() => scene.close(application));

    it('keeps the order of a chat, and answers with what a handler returns', async () => {
      const personId = await personWith(bot);
      for (let n = 0; n < 20; n += 1) await write(personId, bot, `echo ${n}`);
      const said = await waitUntil(async () => {
        const rows = await scene.look<{ text: string }>(
          `SELECT parameters ->> 'text' AS text FROM replies WHERE parameters ->> 'chat_id' = $1 ORDER BY no OFFSET 1`,
          [String(personId)],
        );
        return rows.length === 20 && rows;
      });
      expect(said.map((row) => row.text)).toEqual(Array.from({ length: 20 }, (_, n) => `echo ${n}`));
    });

    it('repeats an update whose handler failed, holds up only its chat, and says nothing twice', async () => {
      const troubled = await personWith(bot);
      const calm = await personWith(bot);
      failuresToCome = 1;
      await write(troubled, bot, 'trouble');
      await write(troubled, bot, 'echo behind');
      await write(calm, bot, 'echo beside');
      const textsTo = async (personId: number) =>
        (
          await scene.look<{ text: string }>(
            `SELECT parameters ->> 'text' AS text FROM replies WHERE parameters ->> 'chat_id' = $1 ORDER BY no OFFSET 1`,
            [String(personId)],
          )
        ).map((row) => row.text);
      await waitUntil(async () => (await textsTo(calm)).length === 1);
      await waitUntil(async () => (await textsTo(troubled)).length === 2);
      expect(await textsTo(troubled)).toEqual(['said before the failure', 'echo behind']);
      const [failed] = (await updatesOf(bot)).filter((update) => update.text === 'trouble');
      expect(failed).toMatchObject({ settled: true, attempts: 1, failure: 'Error: a handler fails' });
    });

    it('passes over an update that fails for good, and refuses to send past the lane', async () => {
      const personId = await personWith(bot);
      await write(personId, bot, 'send');
      await waitUntil(async () => {
        const [row] = (await updatesOf(bot)).filter((update) => update.text === 'send');
        return row && row.attempts > 0;
      });
      await scene.look(
        `UPDATE updates SET attempts = 4, retry_at = now() WHERE payload -> 'message' ->> 'text' = 'send'`,
      );
      await write(personId, bot, 'echo on');
      const [row] = await waitUntil(async () => {
        const rows = (await updatesOf(bot)).filter((update) => update.text === 'send' && update.settled);
        return rows.length > 0 && rows;
      });
      expect(row?.failure).toContain('ctx.say');
      await waitUntil(async () => (await updatesOf(bot)).every((update) => update.settled));
    });
  });
});
