// Photos and videos beside texts: how often a file goes up, what it costs, and whether the texts notice.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Arauto } from './arauto.mjs';
import { cpuMsOf, peakMemoryMbOf } from './process-figures.mjs';
import { now, printFailures, round, say, startPeer, withSurroundings } from './surroundings.mjs';
import { formatCount, printTable } from './table.mjs';

const PROMISED = { uploads: 1, rssMb: 250, textP99Ratio: 1.2, telegrafCpu: 2 };

const PHOTO_BYTES = 200 * 1024;
const VIDEO_BYTES = 20 * 1024 * 1024;
const PER_MINUTE = { photos: 300, videos: 40 };
/** Texts go to a tenth of their bots five times a second: each chat hears every other second, below one a second. */
const TEXT_GROUPS = 10;
const TEXT_EVERY_MS = 200;
/** 10,000 chats. */
const PHOTO_BOTS = { bots: 20, chats: 500 };
const SETTLE_WITHIN_MS = 120_000;
const POLL_MS = 100;

/** Once: it takes minutes. */
const FULL = {
  textsPerSecond: 1_000,
  textSeconds: 20,
  mixedSeconds: 60,
  photoChats: 500,
  peerUploads: 1_000,
  peerNames: 10_000,
};
const QUICK = {
  textsPerSecond: 300,
  textSeconds: 4,
  mixedSeconds: 6,
  photoChats: 100,
  peerUploads: 100,
  peerNames: 1_000,
};

const PEERS = {
  telegraf: { title: 'Telegraf', module: 'media/telegraf.mjs' },
  formData: { title: 'fetch with FormData', module: 'media/form-data.mjs' },
};

export function run({ isQuick }) {
  const form = isQuick ? QUICK : FULL;
  if (isQuick)
    console.log(
      `--quick: ${QUICK.textsPerSecond} texts a second instead of ${FULL.textsPerSecond}, one photo to ` +
        `${formatCount(PHOTO_BOTS.bots * QUICK.photoChats)} chats instead of ${formatCount(PHOTO_BOTS.bots * FULL.photoChats)}, ` +
        `${QUICK.mixedSeconds} s of the minute of photos and videos.`,
    );
  return withSurroundings(async ({ database, machine }) => {
    const directory = mkdtempSync(join(tmpdir(), 'arauto-media-'));
    const stub = await startPeer('media/stub.mjs');
    try {
      const files = writeFiles(directory);
      const arauto = await measureArauto(form, files, { database, stub });
      const peers = [];
      for (const peer of Object.keys(PEERS)) peers.push(await measurePeer(peer, form, files, stub));
      return judge({ form, isQuick, machine, arauto, peers });
    } finally {
      await stub.stop();
      rmSync(directory, { recursive: true });
    }
  });
}

/** Pictures and films in their first bytes alone: nobody here looks further. */
function writeFiles(directory) {
  const write = (name, head, bytes) => {
    const path = join(directory, name);
    const content = Buffer.concat([head, randomBytes(bytes - head.length)]);
    writeFileSync(path, content);
    return { path, content, name };
  };
  const png = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const mp4 = Buffer.from('\0\0\0\x20ftypisom', 'latin1');
  return {
    photo: write('photo.png', png, PHOTO_BYTES),
    video: write('video.mp4', mp4, VIDEO_BYTES),
  };
}

async function measureArauto(form, files, { database, stub }) {
  const mixed = {
    photos: Math.round((PER_MINUTE.photos * form.mixedSeconds) / 60),
    videos: Math.round((PER_MINUTE.videos * form.mixedSeconds) / 60),
  };
  const textBots = form.textsPerSecond * 2;
  const firstMixed = textBots + PHOTO_BOTS.bots;
  const botCount = firstMixed + mixed.photos + mixed.videos;
  say(`connecting ${formatCount(botCount)} bots`);
  const arauto = await Arauto.setUp({
    database,
    apiRoot: stub.first.url,
    botCount,
    chatsOf: (bot) => (bot >= textBots && bot < firstMixed ? form.photoChats : 1),
    tagOf: (bot) => (bot < textBots ? `texts ${bot % TEXT_GROUPS}` : 'media'),
  });
  await arauto.start({ roles: 'api,scheduler' });
  try {
    await arauto.startWorker();
    await arauto.warmUp();
    const botIds = await arauto.listBotIds();
    const photoBots = botIds.slice(textBots, firstMixed);
    const mixedBots = botIds.slice(firstMixed);
    const bench = new MediaBench(arauto, stub);
    const photo = (await arauto.storeFile(files.photo, 'photo')).id;
    const video = (await arauto.storeFile(files.video, 'video')).id;
    const secondPhoto = (await arauto.storeFile(files.photo, 'photo')).id;

    await bench.sendTexts(2);
    say('texts alone');
    const alone = await bench.measure(() => bench.sendTexts(form.textSeconds));
    const chats = PHOTO_BOTS.bots * form.photoChats;
    say(`a photo to ${formatCount(chats)} chats, beside the texts`);
    const photos = await bench.measure(async () => {
      const media = bench.sendTo(photoBots, { kind: 'photo', assetId: photo });
      await Promise.all([media, bench.sendTexts(form.textSeconds)]);
      await bench.awaitMedia(chats);
    });
    say('the same with another photo, without texts');
    const named = await bench.measure(async () => {
      await bench.sendTo(photoBots, { kind: 'photo', assetId: secondPhoto });
      await bench.awaitMedia(chats);
    });
    say(
      `${mixed.photos} photos and ${mixed.videos} videos of 20 MB in ${form.mixedSeconds} s, each uploaded, beside the texts`,
    );
    const uploaded = await bench.measure(async () => {
      const everyMs = (form.mixedSeconds * 1_000) / mixedBots.length;
      await Promise.all([
        bench.spread(mixedBots, everyMs, (botId, n) => {
          const isVideo =
            Math.floor(((n + 1) * mixed.videos) / mixedBots.length) >
            Math.floor((n * mixed.videos) / mixedBots.length);
          return bench.sendTo(
            [botId],
            isVideo ? { kind: 'video', assetId: video } : { kind: 'photo', assetId: photo },
          );
        }),
        bench.sendTexts(form.mixedSeconds),
      ]);
      await bench.awaitMedia(mixedBots.length);
    });
    return {
      alone,
      photos,
      named,
      uploaded,
      chats,
      mixed,
      rssMb: peakMemoryMbOf(arauto.workerPid),
      apiRssMb: peakMemoryMbOf(arauto.pid),
    };
  } finally {
    await arauto.stop();
  }
}

class MediaBench {
  #arauto;
  #stub;

  constructor(arauto, stub) {
    this.#arauto = arauto;
    this.#stub = stub;
  }

  /** Runs one part against a fresh count; with the processor time that Arauto took for it. */
  async measure(part) {
    await this.#stub.ask({ reset: true });
    const startedMs = now();
    const cpuMs = this.#cpuMs();
    await part();
    const seen = await this.#stub.ask({ count: true });
    return { ...seen, cpuMs: this.#cpuMs() - cpuMs, seconds: (now() - startedMs) / 1_000 };
  }

  /** Of the worker, and of the process that takes requests and looks after the queue. */
  #cpuMs() {
    return cpuMsOf(this.#arauto.workerPid) + cpuMsOf(this.#arauto.pid);
  }

  /** At an even rate, however long the answers of the API take. */
  async sendTexts(seconds) {
    const ticks = Array.from({ length: (seconds * 1_000) / TEXT_EVERY_MS }, (_, tick) => tick);
    await this.spread(ticks, TEXT_EVERY_MS, (tick) =>
      this.#arauto.begin(
        { to: 'tags', tags: [`texts ${tick % TEXT_GROUPS}`] },
        { message: { kind: 'text', text: `asked at ${now()}` } },
      ),
    );
    // The last ones are on their way: they belong to this part.
    await wait(1_000);
  }

  sendTo(botIds, message) {
    return this.#arauto.begin({ to: 'everybody', botIds }, { message });
  }

  async awaitMedia(expected) {
    for (let waitedMs = 0; waitedMs < SETTLE_WITHIN_MS; waitedMs += POLL_MS) {
      const { photos, videos } = await this.#stub.ask({ count: true });
      if (photos + videos >= expected) return;
      await wait(POLL_MS);
    }
    throw new Error(`Not all of ${expected} files arrived within ${SETTLE_WITHIN_MS} ms.`);
  }

  async spread(items, everyMs, begin) {
    const startedMs = now();
    const under = [];
    for (const [n, item] of items.entries()) {
      await wait(Math.max(0, startedMs + n * everyMs - now()));
      under.push(begin(item, n));
    }
    await Promise.all(under);
  }
}

async function measurePeer(peer, form, files, stub) {
  const paths = { apiRoot: stub.first.url, photo: files.photo.path, video: files.video.path };
  const part = async (title, workload) => {
    say(`${PEERS[peer].title}: ${title}`);
    const contender = await startPeer(PEERS[peer].module);
    try {
      await contender.ask({ ...paths, photos: 20 });
      await stub.ask({ reset: true });
      const { cpuMs } = await contender.ask({ ...paths, ...workload });
      const seen = await stub.ask({ count: true });
      return { ...seen, cpuMs, rssMb: peakMemoryMbOf(contender.pid) };
    } finally {
      await contender.stop();
    }
  };
  const uploaded = await part('a photo, uploaded each time', { photos: form.peerUploads });
  const named = await part('a photo, named after its first upload', {
    photos: form.peerNames,
    isNamed: true,
  });
  const mixed = await part('photos and videos', {
    photos: Math.round((PER_MINUTE.photos * form.mixedSeconds) / 60),
    videos: Math.round((PER_MINUTE.videos * form.mixedSeconds) / 60),
  });
  return { peer, uploaded, named, mixed };
}

const perPhoto = ({ cpuMs, photos }) => cpuMs / photos;

function judge({ form, isQuick, machine, arauto, peers }) {
  const { alone, photos, named, uploaded, chats, mixed, rssMb, apiRssMb } = arauto;
  const microseconds = (part) => `${formatCount(perPhoto(part) * 1_000)} µs`;
  const row = (title, stores, part, memory) => [
    title,
    stores,
    formatCount(part.photos + part.videos),
    formatCount(part.uploads),
    part.videos > 0 ? '' : microseconds(part),
    part.videos > 0 ? `${round(part.cpuMs / 1_000)} s` : '',
    memory === undefined ? '' : `${formatCount(memory)} MB`,
  ];
  printTable(
    ['', 'stores', 'files', 'uploads', 'processor a photo', 'processor in all', 'peak memory'],
    [
      row('Arauto, one photo', 'every state', named),
      ...peers.flatMap(({ peer, ...parts }) => [
        row(`${PEERS[peer].title}, uploaded each time`, 'nothing', parts.uploaded, parts.uploaded.rssMb),
        row(`${PEERS[peer].title}, named after one upload`, 'nothing', parts.named, parts.named.rssMb),
      ]),
      row('Arauto, photos and videos, beside texts', 'every state', uploaded, rssMb),
      ...peers.map(({ peer, mixed: part }) =>
        row(`${PEERS[peer].title}, photos and videos, no texts`, 'nothing', part, part.rssMb),
      ),
    ],
  );
  console.log('');
  const inMs = (value) => `${formatCount(value)} ms`;
  printTable(
    ['texts, from the request to the arrival', 'texts', 'half within', '99 % within', 'against alone'],
    [
      ['alone', alone],
      [`beside a photo to ${formatCount(chats)} chats`, photos],
      [`beside ${mixed.photos} photos and ${mixed.videos} videos in ${form.mixedSeconds} s`, uploaded],
    ].map(([title, part]) => [
      title,
      formatCount(part.texts),
      inMs(part.textP50Ms),
      inMs(part.textP99Ms),
      part === alone ? '' : `${round(part.textP99Ms / alone.textP99Ms)} ×`,
    ]),
  );
  const [telegraf, formData] = peers;
  const parts = [photos, named, uploaded];
  const figures = {
    uploads: Math.max(...parts.map(({ mostUploads }) => mostUploads)),
    rssMb: Math.round(rssMb),
    apiRssMb: Math.round(apiRssMb),
    textP99Ratio: round(Math.max(photos.textP99Ms, uploaded.textP99Ms) / alone.textP99Ms),
    ratios: {
      telegrafCpu: round(perPhoto(telegraf.uploaded) / perPhoto(named)),
      telegrafNamedCpu: round(perPhoto(telegraf.named) / perPhoto(named)),
      formDataCpu: round(perPhoto(formData.uploaded) / perPhoto(named)),
      formDataNamedCpu: round(perPhoto(formData.named) / perPhoto(named)),
    },
  };
  const expectedUploads = [PHOTO_BOTS.bots, PHOTO_BOTS.bots, mixed.photos + mixed.videos];
  const failures = [
    ...parts.map(
      ({ uploads }, n) =>
        uploads !== expectedUploads[n] && `${uploads} uploads instead of ${expectedUploads[n]}`,
    ),
    figures.uploads > PROMISED.uploads && `a bot uploaded a file ${figures.uploads} times`,
    figures.rssMb > PROMISED.rssMb && `${figures.rssMb} MB instead of ${PROMISED.rssMb}`,
    figures.textP99Ratio > PROMISED.textP99Ratio &&
      `99 % of the texts within ${figures.textP99Ratio} × of what they take alone, instead of ${PROMISED.textP99Ratio} ×`,
    figures.ratios.telegrafCpu < PROMISED.telegrafCpu &&
      `${figures.ratios.telegrafCpu} × less processor time than Telegraf, instead of ${PROMISED.telegrafCpu} ×`,
  ].filter(Boolean);
  return {
    bench: 'media',
    isMet: printFailures(failures),
    isQuick,
    runs: 1,
    textsPerSecond: form.textsPerSecond,
    chats,
    ...mixed,
    ...figures,
    textP99Ms: Math.round(alone.textP99Ms),
    promised: PROMISED,
    headline: [
      {
        figure: 'uploads per bot and file',
        measured: String(figures.uploads),
        reach: '1',
        isMet: figures.uploads === 1,
      },
      {
        figure: 'peak memory of a worker, with photos and videos',
        measured: `${figures.rssMb} MB`,
        reach: `≤ ${PROMISED.rssMb} MB`,
        isMet: figures.rssMb <= PROMISED.rssMb,
      },
      {
        figure: 'texts beside media, p99 against alone',
        measured: `${figures.textP99Ratio} ×`,
        reach: `≤ ${PROMISED.textP99Ratio} ×`,
        isMet: figures.textP99Ratio <= PROMISED.textP99Ratio,
      },
      {
        figure: 'processor time of a photo, Telegraf’s against ours',
        measured: `${figures.ratios.telegrafCpu} ×`,
        reach: `≥ ${PROMISED.telegrafCpu} ×`,
        isMet: figures.ratios.telegrafCpu >= PROMISED.telegrafCpu,
      },
    ],
    machine,
  };
}
