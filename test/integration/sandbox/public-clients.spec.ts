import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

import { Bot as GrammyBot, InlineKeyboard, InputFile } from 'grammy';
import { Markup, Telegraf } from 'telegraf';

import { type RunningSandbox } from '../../../src/sandbox/index.js';
import { ControlClient, openSandbox, waitFor } from './control-client.js';

// Real: Telegraf 4.16 and grammY over HTTP against the sandbox in this process.
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

let sandbox: RunningSandbox;
let control: ControlClient;

beforeAll(async () => {
  sandbox = await openSandbox();
  control = new ControlClient(sandbox.url);
});
afterAll(() => sandbox.close());

describe('Telegraf', () => {
  it('polls, answers /start with a button, edits on a press and sends files', async () => {
    const { id, token } = await control.createBot();
    const bot = new Telegraf(token, { telegram: { apiRoot: sandbox.url } });
    bot.start((context) =>
      context.reply(
        `Hello ${context.payload}`,
        Markup.inlineKeyboard([Markup.button.callback('More', 'more')]),
      ),
    );
    bot.action('more', async (context) => {
      await context.editMessageText('<b>More</b> it is', { parse_mode: 'HTML' });
      await context.answerCbQuery('Done');
    });
    bot.command('files', async (context) => {
      await context.replyWithPhoto({ source: pixel }, { caption: 'a pixel' });
      await context.replyWithDocument({ source: Buffer.from('words'), filename: 'words.txt' });
      await context.replyWithMediaGroup([
        { type: 'photo', media: { source: pixel }, caption: 'first' },
        { type: 'photo', media: { source: pixel } },
      ]);
    });
    const running = bot.launch();
    const personId = await control.createPerson();
    await control.must('POST', `/people/${personId}/start`, { botId: id, payload: 'friend' });

    const greeting = await waitFor(async () =>
      (await control.messages(personId, id)).find(({ text }) => text === 'Hello friend'),
    );
    const { callbackQueryId } = await control.must<{ callbackQueryId: string }>(
      'POST',
      `/people/${personId}/press`,
      { botId: id, messageId: greeting.message_id, callbackData: 'more' },
    );
    await waitFor(async () =>
      (await control.messages(personId, id)).find(
        ({ message_id, text }) => message_id === greeting.message_id && text === 'More it is',
      ),
    );
    const query = await waitFor(async () => {
      const body = await control.must<{ isAnswered: boolean; answer: { text: string } | null }>(
        'GET',
        `/callback-queries/${callbackQueryId}?botId=${id}`,
      );
      return body.isAnswered ? body : undefined;
    });
    expect(query.answer?.text).toBe('Done');

    await control.must('PUT', '/limits', { botId: id, messagesPerSecondPerChat: null });
    await control.must('POST', `/people/${personId}/message`, { botId: id, text: '/files' });
    const document = await waitFor(async () => {
      const messages = await control.messages(personId, id);
      return messages.filter(({ photo }) => photo).length === 3
        ? messages.find((message) => message.document)?.document
        : undefined;
    });
    expect(document.file_name).toBe('words.txt');
    const link = await bot.telegram.getFileLink(document.file_id);
    expect(await (await fetch(link)).text()).toBe('words');
    bot.stop();
    await running;
  });

  it('gets its updates by webhook, guarded by the secret token, and answers in the response', async () => {
    const { id, token } = await control.createBot();
    const bot = new Telegraf(token, { telegram: { apiRoot: sandbox.url, webhookReply: true } });
    bot.on('message', (context) => context.reply('by webhook'));
    const server = createServer(
      bot.webhookCallback('/hook', { secretToken: 'secret_1' }) as Parameters<typeof createServer>[1] &
        object,
    );
    const port = await listen(server);
    await bot.telegram.setWebhook(`http://127.0.0.1:${port}/hook`, { secret_token: 'secret_1' });

    const personId = await control.createPerson();
    await control.must('POST', `/people/${personId}/start`, { botId: id });
    await waitFor(async () =>
      (await control.messages(personId, id)).find(({ text }) => text === 'by webhook'),
    );
    await bot.telegram.deleteWebhook();
    server.close();
    server.closeAllConnections();
  });
});

describe('grammY', () => {
  it('polls, answers with a button, edits and sends a photo', async () => {
    const { id, token } = await control.createBot();
    const bot = new GrammyBot(token, { client: { apiRoot: sandbox.url } });
    bot.command('start', (context) =>
      context.reply('Hi', {
        reply_markup: new InlineKeyboard().text('Photo', 'photo').url('Site', 'https://example.com'),
      }),
    );
    bot.callbackQuery('photo', async (context) => {
      await context.answerCallbackQuery();
      await context.replyWithPhoto(new InputFile(pixel, 'pixel.png'), {
        caption: '<i>here</i>',
        parse_mode: 'HTML',
      });
    });
    const running = bot.start();
    const personId = await control.createPerson();
    await control.must('POST', `/people/${personId}/start`, { botId: id });
    const greeting = await waitFor(async () =>
      (await control.messages(personId, id)).find(({ text }) => text === 'Hi'),
    );
    expect(greeting.reply_markup?.inline_keyboard[0]).toHaveLength(2);
    await control.must('POST', `/people/${personId}/press`, {
      botId: id,
      messageId: greeting.message_id,
      callbackData: 'photo',
    });
    const photo = await waitFor(async () =>
      (await control.messages(personId, id)).find(({ caption }) => caption === 'here'),
    );
    expect(photo.photo?.[0]).toMatchObject({ width: 1, height: 1, file_size: pixel.length });
    await bot.stop();
    await running;
  });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
