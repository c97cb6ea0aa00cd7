import { type WireUpdate } from './wire-objects.js';

/** An update that waits for its bot. */
export interface PendingUpdate {
  id: number;
  kind: string;
  payload: unknown;
  /** Updates of one chat keep their order on their way to a webhook. */
  chatId: number;
  queuedAtMs: number;
}

// https://core.telegram.org/bots/api#getupdates: kept 24 hours; these kinds come only when asked for.
const keptMs = 24 * 60 * 60 * 1000;
const onlyWhenAsked: ReadonlySet<string> = new Set([
  'chat_member',
  'message_reaction',
  'message_reaction_count',
]);
const mostPending = 100_000;

/** The updates of one bot, oldest first. */
export class UpdateQueue {
  private pending: PendingUpdate[] = [];
  private allowedKinds: ReadonlySet<string> | undefined;
  /** Called after each new update: wakes a waiting getUpdates or the webhook. */
  onPushed: (() => void) | undefined;

  constructor(public nextId: number) {}

  get length(): number {
    return this.pending.length;
  }

  get oldestId(): number | undefined {
    return this.pending[0]?.id;
  }

  get allowed(): string[] | undefined {
    return this.allowedKinds && [...this.allowedKinds];
  }

  /** An empty list brings back the default: everything but what comes only when asked for. */
  allow(kinds: readonly string[]): void {
    this.allowedKinds = kinds.length > 0 ? new Set(kinds) : undefined;
  }

  push(kind: string, payload: unknown, chatId: number, nowMs: number): void {
    const isWanted = this.allowedKinds ? this.allowedKinds.has(kind) : !onlyWhenAsked.has(kind);
    if (!isWanted) return;
    if (this.pending.length >= mostPending) this.pending.shift();
    this.pending.push({ id: this.nextId++, kind, payload, chatId, queuedAtMs: nowMs });
    this.onPushed?.();
  }

  /** Forgets what came before `offset`; a negative one keeps only that many from the end. */
  confirm(offset: number): void {
    if (offset < 0) this.pending = this.pending.slice(offset);
    else if (offset > 0) {
      const first = this.pending.findIndex((update) => update.id >= offset);
      this.pending = first < 0 ? [] : this.pending.slice(first);
    }
  }

  remove(id: number): void {
    const index = this.pending.findIndex((update) => update.id === id);
    if (index >= 0) this.pending.splice(index, 1);
  }

  clear(): void {
    this.pending = [];
  }

  /** The oldest updates that are not over a day old. */
  peek(limit: number, nowMs: number): readonly PendingUpdate[] {
    while (this.pending[0] && this.pending[0].queuedAtMs < nowMs - keptMs) this.pending.shift();
    return this.pending.slice(0, limit);
  }
}

export function toWireUpdate(update: PendingUpdate): WireUpdate {
  return { update_id: update.id, [update.kind]: update.payload };
}
