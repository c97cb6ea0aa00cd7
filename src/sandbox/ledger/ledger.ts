import { type Sharer, type SharedRoom } from '../world/shared-room.js';
import { detachText } from '../wire/detached-text.rules.js';
import { hashContent } from './content-hash.rules.js';

/** What is written down about one request. */
export interface LedgerEntry {
  botId: number;
  /** Place in the table of methods; -1 when there is no such method. */
  method: number;
  chatId: number;
  /** HTTP status as answered; 0 when nothing was answered. */
  status: number;
  hasEffect: boolean;
  /** Refused because of a limit, or of the rest that followed a breach. */
  isViolation: boolean;
  isSending: boolean;
  /** Came as the answer to a webhook. */
  isWebhookReply: boolean;
  /** Place in the list of fault kinds; -1 without a fault. */
  fault: number;
  messageId: number;
  /** Text or caption or, without either, what names the media. */
  content: string;
  /** Microseconds on the monotonic clock. */
  arrivedAtUs: number;
  arrivedAtEpochMs: number;
}

/** A row as read back. The first row ever has sequence 1. */
export interface LedgerRow extends LedgerEntry {
  sequence: number;
  /** Its place among the rows of all workspaces. */
  ordinal: number;
  contentHash: string;
}

// Small, since every workspace that calls anything has at least one.
const segmentRows = 1024;
const flags = { effect: 1, violation: 2, sending: 4, webhookReply: 8 };

/** A fixed stretch of rows in columns: numbers in typed arrays, so a million rows burden neither heap nor collector. */
class LedgerSegment {
  readonly ordinals = new Float64Array(segmentRows);
  readonly botIds = new Float64Array(segmentRows);
  readonly methods = new Int16Array(segmentRows);
  readonly chatIds = new Float64Array(segmentRows);
  readonly statuses = new Uint16Array(segmentRows);
  readonly flags = new Uint8Array(segmentRows);
  readonly faults = new Int8Array(segmentRows);
  readonly messageIds = new Float64Array(segmentRows);
  readonly hashesHigh = new Uint32Array(segmentRows);
  readonly hashesLow = new Uint32Array(segmentRows);
  readonly arrivalsUs = new Float64Array(segmentRows);
  readonly arrivalsEpochMs = new Float64Array(segmentRows);
  readonly contents = new Array<string>(segmentRows).fill('');
}

export interface LedgerOptions {
  /** Where its rows are kept, in stretches of 1,024 of which the oldest go first. */
  room: SharedRoom;
  nextOrdinal: () => number;
  /** How much of each content is kept; the hash is over all of it. */
  contentCharacters: number;
}

/** Every request that reached one workspace, in the order in which it was decided. */
export class Ledger implements Sharer {
  private readonly segments: LedgerSegment[] = [];
  private droppedSegments = 0;
  private rows = 0;

  constructor(private readonly options: LedgerOptions) {}

  /** Sequence of the newest row; 0 when there is none. */
  get lastSequence(): number {
    return this.rows;
  }

  /** Sequence of the oldest row that is still here. */
  get firstSequence(): number {
    return this.droppedSegments * segmentRows + 1;
  }

  record(entry: LedgerEntry): void {
    const place = this.rows % segmentRows;
    if (place === 0) this.openSegment();
    const segment = this.segments[this.segments.length - 1] as LedgerSegment;
    this.rows++;
    segment.ordinals[place] = this.options.nextOrdinal();
    segment.botIds[place] = entry.botId;
    segment.methods[place] = entry.method;
    segment.chatIds[place] = entry.chatId;
    segment.statuses[place] = entry.status;
    segment.flags[place] =
      (entry.hasEffect ? flags.effect : 0) |
      (entry.isViolation ? flags.violation : 0) |
      (entry.isSending ? flags.sending : 0) |
      (entry.isWebhookReply ? flags.webhookReply : 0);
    segment.faults[place] = entry.fault;
    segment.messageIds[place] = entry.messageId;
    segment.arrivalsUs[place] = entry.arrivedAtUs;
    segment.arrivalsEpochMs[place] = entry.arrivedAtEpochMs;
    const { content } = entry;
    if (content !== '') {
      const { high, low } = hashContent(content);
      segment.hashesHigh[place] = high;
      segment.hashesLow[place] = low;
      const limit = this.options.contentCharacters;
      segment.contents[place] = content.length > limit ? detachText(content.slice(0, limit)) : content;
    }
  }

  /** Rows after `sinceSequence`, oldest first. */
  *read(sinceSequence: number): Generator<LedgerRow> {
    const last = this.rows;
    for (let sequence = Math.max(sinceSequence + 1, this.firstSequence); sequence <= last; sequence++) {
      const row = this.rowAt(sequence);
      if (row) yield row;
    }
  }

  get held(): number {
    return this.segments.length * segmentRows;
  }

  /** The newest stretch stays: it is being written. */
  giveWay(): void {
    if (this.segments.length < 2) return;
    this.segments.shift();
    this.droppedSegments++;
    this.options.room.release(segmentRows);
  }

  private openSegment(): void {
    this.segments.push(new LedgerSegment());
    this.options.room.take(this, segmentRows);
  }

  private rowAt(sequence: number): LedgerRow | undefined {
    const index = sequence - 1;
    const segment = this.segments[Math.floor(index / segmentRows) - this.droppedSegments];
    const place = index % segmentRows;
    if (!segment) return undefined;
    const bits = segment.flags[place] ?? 0;
    const content = segment.contents[place] ?? '';
    const hash = (column: Uint32Array): string => (column[place] ?? 0).toString(16).padStart(8, '0');
    return {
      sequence,
      ordinal: segment.ordinals[place] ?? 0,
      botId: segment.botIds[place] ?? 0,
      method: segment.methods[place] ?? -1,
      chatId: segment.chatIds[place] ?? 0,
      status: segment.statuses[place] ?? 0,
      hasEffect: (bits & flags.effect) !== 0,
      isViolation: (bits & flags.violation) !== 0,
      isSending: (bits & flags.sending) !== 0,
      isWebhookReply: (bits & flags.webhookReply) !== 0,
      fault: segment.faults[place] ?? -1,
      messageId: segment.messageIds[place] ?? 0,
      content,
      contentHash: content === '' ? '' : hash(segment.hashesHigh) + hash(segment.hashesLow),
      arrivedAtUs: segment.arrivalsUs[place] ?? 0,
      arrivedAtEpochMs: segment.arrivalsEpochMs[place] ?? 0,
    };
  }
}
