import { Injectable, Logger } from '@nestjs/common';
import { type ConnectedBot } from '../bots/index.js';
import {
  AssetFiles,
  AssetStore,
  type AssetUse,
  compileMessage,
  isPersonal,
  mediaOf,
  type MediaReference,
  type MessageContent,
  type RenderedMessage,
  type StoredAsset,
} from '../messages/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { type BotApiOutcome, type BotApiUpload, type PacedChat } from '../telegram/index.js';
import { BotFile, type FileIdKeeper, type FileLesson, type FileUse } from './bot-file.js';
import { type BroadcastKind, type ChangeKind, isChange } from './broadcast.rules.js';
import { callToEdit, callToPin, callToRecall } from './change-call.rules.js';
import { faultOf, judge, judgeChange, type Verdict } from './delivery.rules.js';
import { FaultRows } from './fault-rows.js';
import { deliveryKey } from './journal.repository.js';
import { type QueuedDelivery } from './lane.repository.js';
import { UploadGate } from './upload-gate.js';

/** A call of the Bot API, ready to leave. */
export interface PreparedCall {
  readonly method: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly upload?: BotApiUpload;
  /** Learns about its file from the answer, such as the `file_id` of an upload. */
  readonly learn?: (outcome: BotApiOutcome) => FileLesson;
}

interface BroadcastContent {
  /** Telegram refused it; no more of it is let go here, before everybody has heard. */
  isRefused: boolean;
  /** It differs from chat to chat: what Telegram refuses of it may be at fault for one chat alone. */
  readonly isPersonal: boolean;
  /** Chats in a row for which Telegram refused it. */
  refusals: number;
  readonly kind: BroadcastKind;
  /** By the database's clock, in milliseconds of Unix time. */
  readonly dueAtMs: number;
  readonly isPaid: boolean;
  readonly pinNotifies: boolean;
  readonly isResentWhenUnknown: boolean;
  readonly render: (delivery: QueuedDelivery) => RenderedMessage;
  readonly media: MediaReference | undefined;
  /** Undefined without a file, and where it was deleted. */
  readonly asset: StoredAsset | undefined;
}

/** Tries in a row of one delivery that a stale `file_id` may cost; then its refusal counts. */
const MOST_STALE_TRIES = 5;
/** Of chats in a row, with none between that got it, which prove that Telegram refuses a personal message of all. */
const TELLING_REFUSALS = 3;

/** A delivery with its content at hand. */
export class PreparedDelivery {
  readonly key: string;
  readonly pacedChat: PacedChat;
  private fileUse: FileUse | undefined;

  constructor(
    readonly row: QueuedDelivery,
    private readonly content: BroadcastContent | undefined,
    private readonly file: BotFile | undefined,
    private readonly faults: FaultRows,
  ) {
    this.key = deliveryKey(row);
    this.pacedChat = { key: row.chatNo, isGroup: row.chatType !== 'private' };
  }

  /** When its broadcast was due, by the database's clock; undefined for an answer to a person. */
  get dueAtMs(): number | undefined {
    return this.content?.dueAtMs;
  }

  get isPaid(): boolean {
    return this.content?.isPaid === true;
  }

  get isRefused(): boolean {
    return this.content?.isRefused === true;
  }

  /** Answers to people, and what somebody tries out, go ahead of broadcasts. */
  get isUrgent(): boolean {
    return this.row.reply !== null || this.content?.kind === 'test';
  }

  judge(outcome: BotApiOutcome, random: number): Verdict {
    const times = this.faults.note(this.key, faultOf(outcome));
    const isResentWhenUnknown = this.content?.isResentWhenUnknown === true && !this.row.mayHaveArrived;
    const verdict = this.isChange
      ? judgeChange(outcome, times, random)
      : judge(outcome, times, isResentWhenUnknown, random);
    if (verdict.settlement.state !== 'queued') this.faults.end(this.key);
    return this.isProof(outcome, verdict) ? verdict : { ...verdict, consequence: { kind: 'none' } };
  }

  /** False where a refusal says nothing yet of the other chats. */
  private isProof(outcome: BotApiOutcome, { consequence }: Verdict): boolean {
    if (this.content && outcome.kind === 'ok') this.content.refusals = 0;
    if (!this.content?.isPersonal || consequence.kind !== 'contentRefused') return true;
    this.content.refusals += 1;
    return this.content.refusals >= TELLING_REFUSALS;
  }

  private get isChange(): boolean {
    return this.content !== undefined && isChange(this.content.kind);
  }

  /** False while the message's file is on its way with another delivery of the bot, or no place is free for it. */
  get isReady(): boolean {
    return this.file?.isReady !== false;
  }

  /** For one that isn't ready: calls once a place for its file is free. */
  callWhenReady(call: () => void): void {
    this.file?.callWhenReady(call);
  }

  /** Why it is passed over without a try; null where it is not. */
  get skipReason(): string | null {
    if (this.row.chatState === 'gone') return 'chat_gone';
    // A person who pressed /stop after the planning gets no broadcast; answers to what they write they get.
    if (this.row.reply) return null;
    // What they have got already can be put right all the same.
    if (this.row.chatState === 'stopped' && this.isChange) return null;
    if (this.row.chatState !== 'active') return `chat_${this.row.chatState}`;
    return this.file?.isGone ? 'file_gone' : null;
  }

  /** It is about to leave: if its file must be uploaded, this is the delivery that does it. */
  begin(): void {
    this.fileUse = this.file?.begin(this);
  }

  /** It didn't leave after all. */
  abandon(): void {
    this.file?.abandon(this);
  }

  call(): PreparedCall {
    const { reply, telegramChatId } = this.row;
    // A group may have been upgraded since the handler named it; the row follows the chat.
    if (reply) return { method: reply.method, parameters: { ...reply.parameters, chat_id: telegramChatId } };
    if (!this.content) throw new Error(`The content of broadcast ${this.row.sourceNo} was not loaded.`);
    const { kind, render } = this.content;
    if (isChange(kind)) return this.callToChange(kind, render);
    const { method, parameters: said, media } = render(this.row);
    const parameters = this.isPaid ? { ...said, allow_paid_broadcast: true } : said;
    const { file, fileUse: use } = this;
    if (!media || !file) return { method, parameters };
    if (!use) throw new Error(`The file of broadcast ${this.row.sourceNo} is gone.`);
    const learn = (outcome: BotApiOutcome): FileLesson => {
      const lesson = file.learn(this, use, outcome);
      if (!lesson.isTriedAgain) return lesson;
      const times = this.faults.note(this.key, 'stale_file');
      return { ...lesson, isTriedAgain: times < MOST_STALE_TRIES };
    };
    return use.kind === 'named'
      ? { method, parameters: { ...parameters, [media.field]: use.fileId }, learn }
      : { method, parameters, upload: use.upload, learn };
  }

  private callToChange(kind: ChangeKind, render: BroadcastContent['render']): PreparedCall {
    const { telegramChatId, messageId, sourceNo } = this.row;
    if (messageId === null) throw new Error(`Broadcast ${sourceNo} changes a message that nobody knows.`);
    switch (kind) {
      case 'edit':
        return callToEdit(render(this.row), messageId);
      case 'recall':
        return callToRecall(telegramChatId, messageId);
      case 'pin':
        return callToPin(telegramChatId, messageId, this.content?.pinNotifies === true);
    }
  }
}

/** Broadcasts and files kept at hand; both are read again when they are needed again. */
const MOST_BROADCASTS = 5_000;
const MOST_FILES = 20_000;

/** What broadcasts say: read once per process, rendered per recipient, files uploaded once per bot. */
@Injectable()
export class Contents {
  private readonly logger = new Logger('Contents');
  private readonly broadcasts = new Map<string, BroadcastContent>();
  private readonly files = new Map<string, BotFile>();
  private readonly gate = new UploadGate();
  private readonly faults = new FaultRows();

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly assets: AssetStore,
    private readonly assetFiles: AssetFiles,
  ) {}

  /** Gives deliveries all that they need to leave, so that the rest is done without waiting. */
  async load(bot: ConnectedBot, deliveries: readonly QueuedDelivery[]): Promise<PreparedDelivery[]> {
    const numbers = new Set(
      deliveries.filter((delivery) => !delivery.reply).map((delivery) => delivery.sourceNo),
    );
    const contents = await this.loadBroadcasts([...numbers]);
    const files = new Map<string, BotFile>();
    await Promise.all(
      [...contents].map(async ([no, { media, asset }]) => {
        if (media) files.set(no, await this.loadFile(bot, media, asset));
      }),
    );
    return deliveries.map(
      (delivery) =>
        new PreparedDelivery(
          delivery,
          contents.get(delivery.sourceNo),
          files.get(delivery.sourceNo),
          this.faults,
        ),
    );
  }

  /** Telegram refused what a broadcast says: nothing more of it leaves from here. */
  refuse(broadcastNo: string): void {
    const content = this.broadcasts.get(broadcastNo);
    if (content) content.isRefused = true;
  }

  /** It is read again when it is needed again. */
  forget(broadcastNo: string): void {
    this.broadcasts.delete(broadcastNo);
  }

  private async loadBroadcasts(numbers: readonly string[]): Promise<Map<string, BroadcastContent>> {
    const contents = new Map<string, BroadcastContent>();
    const missing: string[] = [];
    for (const no of numbers) {
      const content = this.broadcasts.get(no);
      if (content) contents.set(no, content);
      else missing.push(no);
    }
    if (missing.length === 0) return contents;
    const rows = await this.database.query<{
      no: string;
      kind: BroadcastKind;
      due_at: Date;
      is_paid: boolean;
      pin_notifies: boolean;
      ambiguity_policy: string;
      content: MessageContent;
    }>(
      `SELECT b.no, b.kind, b.due_at, b.max_stars IS NOT NULL AS is_paid, b.pin_notifies, b.ambiguity_policy, m.content
       FROM broadcasts b JOIN messages m ON m.tenant_id = b.tenant_id AND m.id = b.message_id
       WHERE b.no = ANY($1::bigint[])`,
      [missing],
    );
    for (const row of rows) {
      const { no, kind, is_paid: isPaid, ambiguity_policy: policy, content } = row;
      const media = isChange(kind) ? undefined : mediaOf(content);
      const loaded: BroadcastContent = {
        isRefused: false,
        isPersonal: isPersonal(content),
        refusals: 0,
        kind,
        dueAtMs: row.due_at.getTime(),
        isPaid,
        pinNotifies: row.pin_notifies,
        isResentWhenUnknown: policy === 'resend_once',
        render: compileMessage(content),
        media,
        asset: media && (await this.assets.open(media.assetId)),
      };
      remember(this.broadcasts, MOST_BROADCASTS, no, loaded);
      contents.set(no, loaded);
    }
    return contents;
  }

  private async loadFile(
    bot: ConnectedBot,
    media: MediaReference,
    asset: StoredAsset | undefined,
  ): Promise<BotFile> {
    const key = `${bot.botNo}:${media.assetId}:${media.field}`;
    const use = { botId: bot.botId, assetId: media.assetId, kind: media.field };
    const file =
      this.files.get(key) ?? new BotFile(media.field, asset, undefined, this.keeperOf(use), this.gate);
    // Set anew, so that the ones in use stay: two of the same would upload it twice.
    this.files.delete(key);
    remember(this.files, MOST_FILES, key, file);
    await file.refresh();
    return file;
  }

  private keeperOf(use: AssetUse): FileIdKeeper {
    const warn = (error: unknown) => {
      // It costs one more upload some day, nothing else.
      this.logger.warn(`a file_id could not be kept: ${String(error)}`);
      return undefined;
    };
    return {
      find: () => this.assetFiles.find(use),
      remember: (fileId) => this.assetFiles.remember(use, fileId).catch(warn),
      replace: (staleFileId) => this.assetFiles.replace(use, staleFileId).catch(warn),
    };
  }
}

/** Keeps the newest entries: a map remembers the order in which it was filled. */
function remember<Value>(map: Map<string, Value>, most: number, key: string, value: Value): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) return;
    map.delete(oldest);
  }
}
