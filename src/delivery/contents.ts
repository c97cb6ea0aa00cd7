import { Injectable, Logger } from '@nestjs/common';
import { type ConnectedBot } from '../bots/index.js';
import {
  AssetFiles,
  AssetStore,
  compileMessage,
  type MessageContent,
  type RenderedMessage,
} from '../messages/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { type BotApiOutcome, type BotApiUpload, type PacedChat } from '../telegram/index.js';
import { type BroadcastKind, type ChangeKind, isChange } from './broadcast.rules.js';
import { callToEdit, callToRecall } from './change-call.rules.js';
import { judge, judgeChange, type Verdict } from './delivery.rules.js';
import { deliveryKey } from './journal.repository.js';
import { type QueuedDelivery } from './lane.repository.js';

/** A call of the Bot API, ready to leave. */
export interface PreparedCall {
  readonly method: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly upload?: BotApiUpload;
  /** Whether Telegram no longer knows the `file_id` that was named; it is forgotten then, and uploaded once more. */
  readonly isFileStale?: (outcome: BotApiOutcome) => boolean;
  /** Learns from the answer, such as the `file_id` of an upload. */
  readonly onOutcome?: (outcome: BotApiOutcome) => void;
}

type Media = { readonly field: 'photo' | 'document'; readonly assetId: string };

interface BroadcastContent {
  /** Telegram refused it; no more of it is let go here, before everybody has heard. */
  isRefused: boolean;
  readonly kind: BroadcastKind;
  readonly isPaid: boolean;
  readonly isResentWhenUnknown: boolean;
  readonly render: (delivery: QueuedDelivery) => RenderedMessage;
  readonly media: Media | undefined;
}

/** One file at one bot: Telegram's `file_id` of it belongs to that bot alone. */
class BotFile {
  isUploading = false;

  constructor(
    /** Undefined where the file is gone. */
    readonly upload: BotApiUpload | undefined,
    public fileId: string | undefined,
    private readonly keep: (fileId: string) => void,
  ) {}

  forgetStale(used: string, outcome: BotApiOutcome): boolean {
    if (outcome.kind !== 'rejected' || outcome.reason !== 'bad_file') return false;
    if (this.fileId === used) this.fileId = undefined;
    return true;
  }

  noteOutcome(outcome: BotApiOutcome): void {
    this.isUploading = false;
    const fileId = outcome.kind === 'ok' ? fileIdOf(outcome.result) : undefined;
    if (fileId === undefined) return;
    this.fileId = fileId;
    this.keep(fileId);
  }
}

/** A delivery with its content at hand. */
export class PreparedDelivery {
  readonly key: string;
  readonly pacedChat: PacedChat;

  constructor(
    readonly row: QueuedDelivery,
    private readonly content: BroadcastContent | undefined,
    private readonly file: BotFile | undefined,
  ) {
    this.key = deliveryKey(row);
    this.pacedChat = { key: row.chatNo, isGroup: row.chatType !== 'private' };
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

  judge(outcome: BotApiOutcome, attempt: number, random: number): Verdict {
    if (this.isChange) return judgeChange(outcome, attempt, random);
    return judge(outcome, attempt, this.content?.isResentWhenUnknown === true, random);
  }

  private get isChange(): boolean {
    return this.content !== undefined && isChange(this.content.kind);
  }

  /** False while the message's file is on its way to Telegram with another delivery of the bot. */
  get isReady(): boolean {
    return this.file?.isUploading !== true;
  }

  /** Why it is passed over without a try; null where it is not. */
  get skipReason(): string | null {
    if (this.row.chatState === 'gone') return 'chat_gone';
    // A person who pressed /stop after the planning gets no broadcast; answers to what they write they get.
    if (this.row.reply) return null;
    // What they have got already can be put right all the same.
    if (this.row.chatState === 'stopped' && this.isChange) return null;
    if (this.row.chatState !== 'active') return `chat_${this.row.chatState}`;
    return this.file && !this.file.upload && this.file.fileId === undefined ? 'file_gone' : null;
  }

  /** It is about to leave: if its file must be uploaded, this is the delivery that does it. */
  begin(): void {
    if (this.file && this.file.fileId === undefined) this.file.isUploading = true;
  }

  /** It didn't leave after all. */
  abandon(): void {
    if (this.file) this.file.isUploading = false;
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
    const file = this.file;
    if (!media || !file) return { method, parameters };
    const { fileId } = file;
    if (fileId !== undefined) {
      return {
        method,
        parameters: { ...parameters, [media.field]: fileId },
        isFileStale: (outcome) => file.forgetStale(fileId, outcome),
      };
    }
    return {
      method,
      parameters,
      ...(file.upload && { upload: file.upload }),
      onOutcome: (outcome) => file.noteOutcome(outcome),
    };
  }

  private callToChange(kind: ChangeKind, render: BroadcastContent['render']): PreparedCall {
    const { telegramChatId, messageId, sourceNo } = this.row;
    if (messageId === null) throw new Error(`Broadcast ${sourceNo} changes a message that nobody knows.`);
    return kind === 'edit'
      ? callToEdit(render(this.row), messageId)
      : callToRecall(telegramChatId, messageId);
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
    for (const [no, { media }] of contents) {
      if (media) files.set(no, await this.loadFile(bot, media));
    }
    return deliveries.map(
      (delivery) =>
        new PreparedDelivery(delivery, contents.get(delivery.sourceNo), files.get(delivery.sourceNo)),
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
      is_paid: boolean;
      ambiguity_policy: string;
      content: MessageContent;
    }>(
      `SELECT b.no, b.kind, b.max_stars IS NOT NULL AS is_paid, b.ambiguity_policy, m.content
       FROM broadcasts b JOIN messages m ON m.tenant_id = b.tenant_id AND m.id = b.message_id
       WHERE b.no = ANY($1::bigint[])`,
      [missing],
    );
    for (const { no, kind, is_paid: isPaid, ambiguity_policy: policy, content } of rows) {
      const media =
        isChange(kind) || content.kind === 'text' || content.assetId === undefined
          ? undefined
          : { field: content.kind, assetId: content.assetId };
      const loaded: BroadcastContent = {
        isRefused: false,
        kind,
        isPaid,
        isResentWhenUnknown: policy === 'resend_once',
        render: compileMessage(content),
        media,
      };
      remember(this.broadcasts, MOST_BROADCASTS, no, loaded);
      contents.set(no, loaded);
    }
    return contents;
  }

  private async loadFile(bot: ConnectedBot, media: Media): Promise<BotFile> {
    const key = `${bot.botNo}:${media.assetId}:${media.field}`;
    const known = this.files.get(key);
    if (known) return known;
    const fileId = await this.assetFiles.find(bot.botId, media.assetId, media.field);
    const asset = await this.assets.open(media.assetId);
    const file = new BotFile(
      asset && {
        field: media.field,
        fileName: asset.fileName,
        contentType: asset.contentType,
        sizeBytes: asset.sizeBytes,
        open: () => asset.read(),
      },
      fileId,
      (newFileId) => {
        this.assetFiles.remember(bot.botId, media.assetId, media.field, newFileId).catch((error: unknown) => {
          // It costs one more upload after a restart, nothing else.
          this.logger.warn(`a file_id could not be kept: ${String(error)}`);
        });
      },
    );
    remember(this.files, MOST_FILES, key, file);
    return file;
  }
}

/** The largest size of a photo, or the document itself. */
function fileIdOf(result: unknown): string | undefined {
  const { photo, document } = (result ?? {}) as {
    photo?: { file_id?: string }[];
    document?: { file_id?: string };
  };
  return document?.file_id ?? photo?.at(-1)?.file_id;
}

/** Keeps the newest entries: a map remembers the order in which it was filled. */
function remember<Value>(map: Map<string, Value>, most: number, key: string, value: Value): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) return;
    map.delete(oldest);
  }
}
