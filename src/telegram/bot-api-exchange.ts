import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Clock } from '../platform/clock/index.js';
import type { BotApiUpload, MultipartFrame } from './multipart.rules.js';
import { classifyAnswer, classifyBrokenCall, type BotApiOutcome, type BrokenCall } from './outcome.rules.js';

export interface ExchangeBounds {
  /** How long the answer may take from the first byte on. */
  timeoutMs: number;
  /** How long the answer may take once all of an upload is written. */
  answerTimeoutMs: number;
  /** The instant, on the monotonic clock, from which on no byte may leave; asked again before each piece of an upload. */
  notAfterMonotonicMs: () => number;
  largestAnswerBytes: number;
}

/** How soon an upload that stands still notices that it may not go on. */
const LOOK_AT_UPLOAD_EVERY_MS = 1_000;

/** One for all: it carries nothing of a call, and a stack would only name this file. */
const withdrawn = new Error('The call was withdrawn before a byte left.');

/**
 * One request and its answer, told as undici's events. It knows at each moment whether the request may have reached
 * Telegram, and ends exactly once. Its own timer covers all: undici's know nothing of the wait for a connection, and
 * begin anew with each piece of an answer.
 */
export class BotApiExchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private uploadStream: Readable | undefined;
  private startedAtMs = Infinity;
  private isBodyComplete = true;
  private bodyCompleteAtMs = Infinity;
  private statusCode: number | undefined;
  private retryAfterHeader: string | undefined;
  private readonly chunks: Buffer[] = [];
  private answerBytes = 0;
  private isSettled = false;
  private timer: NodeJS.Timeout;
  private readonly createdAtMs: number;

  constructor(
    private readonly clock: Clock,
    private readonly bounds: ExchangeBounds,
    private readonly settle: (outcome: BotApiOutcome) => void,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.createdAtMs = clock.monotonicMs();
    this.timer = setTimeout(lookAtTime, Math.max(0, this.dueMs() - this.createdAtMs), this);
    signal?.addEventListener('abort', this.abort);
  }

  /**
   * The body of an upload: a piece is read from its source when the connection has taken the one before, and none ahead.
   * So the end of the form, without which there is no request, is written in the very moment in which it is asked for.
   */
  streamUpload(upload: BotApiUpload, frame: MultipartFrame): Readable {
    this.isBodyComplete = false;
    clearTimeout(this.timer);
    this.lookAtTime();
    this.uploadStream = Readable.from(this.writeUpload(upload, frame), {
      objectMode: false,
      highWaterMark: 0,
    });
    // What breaks it is told by whoever breaks it; unheard, when undici listens no more, the event would end the process.
    this.uploadStream.on('error', () => undefined);
    return this.uploadStream;
  }

  /**
   * undici calls this on the connection, in the same turn as the write: the last look. Throwing leaves the request
   * unwritten and the connection usable.
   */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.isSettled) throw withdrawn;
    if (this.isStarted) {
      // undici offers a request again in some endings of a connection; a message must not be written twice.
      this.break('failed');
      throw withdrawn;
    }
    this.lookBeforeTheWire();
    this.controller = controller;
    this.startedAtMs = this.clock.monotonicMs();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (statusCode < 200) return;
    this.statusCode = statusCode;
    const retryAfter = headers['retry-after'];
    if (typeof retryAfter === 'string') this.retryAfterHeader = retryAfter;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.answerBytes += chunk.length;
    if (this.answerBytes > this.bounds.largestAnswerBytes) this.break('answer_too_large');
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    const first = this.chunks[0];
    const body = this.chunks.length === 1 && first ? first : Buffer.concat(this.chunks);
    this.end(classifyAnswer(this.statusCode ?? 0, body.toString(), this.retryAfterHeader));
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.break('failed', (error as NodeJS.ErrnoException).code);
  }

  /** Ends the exchange when its time is over; looks again when the time began later than the timer, or was prolonged. */
  lookAtTime(): void {
    const nowMs = this.clock.monotonicMs();
    const leftMs = this.dueMs() - nowMs;
    if (leftMs > 0) {
      const delayMs = this.isBodyComplete ? leftMs : Math.min(leftMs, LOOK_AT_UPLOAD_EVERY_MS);
      this.timer = setTimeout(lookAtTime, Math.ceil(delayMs), this);
    } else if (this.isStarted && this.isBodyComplete) this.break('timed_out');
    else if (this.isStarted && nowMs < this.bounds.notAfterMonotonicMs()) this.break('upload_broken');
    else this.break('withdrawn');
  }

  /** When this ends for want of time, as far as is known now. */
  private dueMs(): number {
    const { timeoutMs, answerTimeoutMs, notAfterMonotonicMs } = this.bounds;
    const endMs = (this.isStarted ? this.startedAtMs : this.createdAtMs) + timeoutMs;
    if (this.isStarted && this.isBodyComplete)
      return Math.min(endMs, this.bodyCompleteAtMs + answerTimeoutMs);
    return Math.min(endMs, notAfterMonotonicMs());
  }

  private get isStarted(): boolean {
    return this.startedAtMs !== Infinity;
  }

  private readonly abort = (): void => {
    this.break(this.isStarted ? 'aborted' : 'withdrawn');
  };

  private lookBeforeTheWire(): void {
    if (this.clock.monotonicMs() < this.bounds.notAfterMonotonicMs()) return;
    this.break('withdrawn');
    throw withdrawn;
  }

  private async *writeUpload(upload: BotApiUpload, frame: MultipartFrame): AsyncGenerator<Uint8Array> {
    let sentBytes = 0;
    try {
      for await (const chunk of upload.open()) {
        // Whoever may send now may not be who may in a minute; what was begun is no request before its end is written.
        this.lookBeforeTheWire();
        if (sentBytes === 0) yield frame.head;
        sentBytes += chunk.length;
        if (sentBytes > upload.sizeBytes) break;
        yield chunk;
      }
    } catch (error) {
      if (error !== withdrawn) this.break('upload_broken');
      throw withdrawn;
    }
    if (sentBytes !== upload.sizeBytes || sentBytes === 0) {
      this.break('upload_broken');
      throw withdrawn;
    }
    this.lookBeforeTheWire();
    this.isBodyComplete = true;
    this.bodyCompleteAtMs = this.clock.monotonicMs();
    yield frame.tail;
  }

  private break(breakage: BrokenCall['breakage'], errorCode?: string): void {
    if (this.isSettled) return;
    const isWritten = this.isStarted && this.isBodyComplete;
    this.end(classifyBrokenCall({ isWritten, breakage, errorCode, statusCode: this.statusCode }));
    this.controller?.abort(withdrawn);
  }

  private end(outcome: BotApiOutcome): void {
    if (this.isSettled) return;
    this.isSettled = true;
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.abort);
    this.settle(outcome);
    this.uploadStream?.destroy();
  }
}

function lookAtTime(exchange: BotApiExchange): void {
  exchange.lookAtTime();
}
