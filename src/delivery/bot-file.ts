import { AssetGoneError, type StoredAsset } from '../messages/index.js';
import { type BotApiOutcome, type BotApiUpload, type MediaKind, readFileId } from '../telegram/index.js';
import { type UploadGate } from './upload-gate.js';

/** Where the `file_id` of one asset at one bot is kept, for all processes. */
export interface FileIdKeeper {
  find(): Promise<string | undefined>;
  remember(fileId: string): Promise<void>;
  /** Forgets one that Telegram refuses; gives the one that somebody else has put in its place, if any. */
  replace(staleFileId: string): Promise<string | undefined>;
}

/** How one call shows its file: by name, or by bringing it. */
export type FileUse =
  | { readonly kind: 'named'; readonly fileId: string }
  | { readonly kind: 'uploaded'; readonly upload: BotApiUpload };

/** What an answer taught about the file; the delivery is settled once that is kept. */
export interface FileLesson {
  /** The `file_id` was stale: the same delivery goes once more, with another or with the file itself. */
  readonly isTriedAgain: boolean;
  readonly kept: Promise<void> | undefined;
}

const NOTHING: FileLesson = { isTriedAgain: false, kept: undefined };
const TRY_AGAIN: FileLesson = { isTriedAgain: true, kept: undefined };

/**
 * One asset at one bot, uploaded once: by the first delivery that needs it, while the others of the bot wait for the
 * `file_id` that its answer brings. Where that upload fails, the next of them has its turn.
 *
 * The lane's lease lets one process at a time send for a bot, and a delivery is settled after its `file_id` is kept, so a
 * successor finds it; only a process that dies between the answer and that moment costs a second upload.
 */
export class BotFile {
  /** Who is bringing the file, or what is being looked up in its place: until then nobody else begins. */
  private busyWith: object | undefined;
  /** The place that is held while it goes up. */
  private heldBytes: number | undefined;
  /** Telegram gave us the name for our upload and hasn't taken it since: if it refuses it, the file itself is at fault. */
  private isFresh = false;

  constructor(
    private readonly kind: MediaKind,
    /** Undefined where the file was deleted. */
    private asset: StoredAsset | undefined,
    private fileId: string | undefined,
    private readonly keeper: FileIdKeeper,
    private readonly gate: UploadGate,
  ) {}

  get isGone(): boolean {
    return this.asset === undefined && this.fileId === undefined;
  }

  /** Whether a delivery may begin: it has a name for the file, or is the one to bring it and has a place for that. */
  get isReady(): boolean {
    if (this.busyWith) return false;
    return this.fileId !== undefined || !this.asset || this.gate.hasRoom(this.asset.sizeBytes);
  }

  /** Nobody may begin, and it is not because somebody has: the place is what is missing. */
  callWhenReady(call: () => void): void {
    if (this.asset && !this.busyWith) this.gate.callWhenFree(this.asset.sizeBytes, call);
  }

  /** Before deliveries are read: another process may have brought the file while this one had nothing to do with the bot. */
  async refresh(): Promise<void> {
    if (this.fileId !== undefined || this.busyWith) return;
    const found = await this.keeper.find();
    this.fileId ??= found;
  }

  /** A delivery is about to leave; undefined where the file is gone. */
  begin(user: object): FileUse | undefined {
    if (this.fileId !== undefined) return { kind: 'named', fileId: this.fileId };
    const { asset } = this;
    if (!asset) return undefined;
    this.busyWith = user;
    this.heldBytes = asset.sizeBytes;
    this.gate.enter(asset.sizeBytes);
    return {
      kind: 'uploaded',
      upload: {
        field: this.kind,
        fileName: asset.fileName,
        contentType: asset.contentType,
        sizeBytes: asset.sizeBytes,
        open: () => this.read(asset),
      },
    };
  }

  /** The delivery that began didn't leave after all. */
  abandon(user: object): void {
    this.endUpload(user);
  }

  learn(user: object, use: FileUse, outcome: BotApiOutcome): FileLesson {
    return use.kind === 'named'
      ? this.learnFromName(use.fileId, outcome)
      : this.learnFromUpload(user, outcome);
  }

  private learnFromUpload(user: object, outcome: BotApiOutcome): FileLesson {
    const fileId = outcome.kind === 'ok' ? readFileId(outcome.result, this.kind) : undefined;
    // Known here first: who is called when the place becomes free finds a name already.
    if (fileId !== undefined) {
      this.fileId = fileId;
      this.isFresh = true;
    }
    this.endUpload(user);
    if (fileId !== undefined) return { isTriedAgain: false, kept: this.keeper.remember(fileId) };
    // Passed over at its next turn, like the others that need the file.
    return this.isGone && outcome.kind === 'notSent' ? TRY_AGAIN : NOTHING;
  }

  /** Deleted while it goes up: the upload breaks off, and nobody begins another. */
  private async *read(asset: StoredAsset): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of asset.read()) {
        await this.gate.letThrough(piece.length);
        yield piece;
      }
    } catch (error) {
      if (error instanceof AssetGoneError) this.asset = undefined;
      throw error;
    }
  }

  private learnFromName(used: string, outcome: BotApiOutcome): FileLesson {
    if (outcome.kind === 'ok') this.isFresh = false;
    if (outcome.kind !== 'rejected' || outcome.reason !== 'bad_file' || !this.asset) return NOTHING;
    // Another delivery has found that out before.
    if (this.fileId !== used) return TRY_AGAIN;
    if (this.isFresh) return NOTHING;
    this.fileId = undefined;
    const renewal = this.renew(used);
    this.busyWith = renewal;
    return { isTriedAgain: true, kept: renewal };
  }

  private async renew(stale: string): Promise<void> {
    this.fileId = await this.keeper.replace(stale);
    this.busyWith = undefined;
  }

  private endUpload(user: object): void {
    if (this.busyWith !== user) return;
    this.busyWith = undefined;
    const { heldBytes } = this;
    this.heldBytes = undefined;
    if (heldBytes !== undefined) this.gate.leave(heldBytes);
  }
}
