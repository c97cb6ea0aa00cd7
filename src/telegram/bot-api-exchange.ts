import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Clock } from '../platform/clock/index.js';
import type { BotApiUpload, MultipartFrame } from './multipart.rules.js';
import { classifyAnswer, classifyBrokenCall, type BotApiOutcome, type BrokenCall } from './outcome.rules.js';

export interface ExchangeBounds {
  /** How long the answer may take from the first byte on. */
  timeoutMs: number;
  /** The instant, on the monotonic clock, from which on no byte may leave. */
  notAfterMonotonicMs: number;
  largestAnswerBytes: number;
}

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
  private statusCode: number | undefined;
  private retryAfterHeader: string | undefined;
  private readonly chunks: Buffer[] = [];
  private answerBytes = 0;
  private isSettled = false;
  private timer: NodeJS.Timeout;
  private readonly startBeforeMs: number;

  constructor(
    private readonly clock: Clock,
    private readonly bounds: ExchangeBounds,
    private readonly settle: (outcome: BotApiOutcome) => void,
    private readonly signal: AbortSignal | undefined,
  ) {
    const nowMs = clock.monotonicMs();
    this.startBeforeMs = Math.min(bounds.notAfterMonotonicMs, nowMs + bounds.timeoutMs);
    this.timer = setTimeout(lookAtTime, Math.max(0, this.startBeforeMs - nowMs), this);
    signal?.addEventListener('abort', this.abort);
  }

  /** The body of an upload: read from its source as fast as the connection takes it, never as a whole. */
  streamUpload(upload: BotApiUpload, frame: MultipartFrame): Readable {
    this.isBodyComplete = false;
    this.uploadStream = Readable.from(this.writeUpload(upload, frame), {
      objectMode: false,
      highWaterMark: 64 * 1024,
    });
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

  /** Ends the exchange when its time is over; asks again when the time began later than the timer. */
  lookAtTime(): void {
    const dueMs = this.isStarted ? this.startedAtMs + this.bounds.timeoutMs : this.startBeforeMs;
    const leftMs = dueMs - this.clock.monotonicMs();
    if (leftMs > 0) this.timer = setTimeout(lookAtTime, Math.ceil(leftMs), this);
    else this.break(this.isStarted ? 'timed_out' : 'withdrawn');
  }

  private get isStarted(): boolean {
    return this.startedAtMs !== Infinity;
  }

  private readonly abort = (): void => {
    this.break(this.isStarted ? 'aborted' : 'withdrawn');
  };

  private lookBeforeTheWire(): void {
    if (this.clock.monotonicMs() < this.bounds.notAfterMonotonicMs) return;
    this.break('withdrawn');
    throw withdrawn;
  }

  private async *writeUpload(upload: BotApiUpload, frame: MultipartFrame): AsyncGenerator<Uint8Array> {
    let sentBytes = 0;
    try {
      for await (const chunk of upload.open()) {
        if (sentBytes === 0) {
          // undici looked before the source was open; nothing has left yet, so there is a later last moment.
          this.lookBeforeTheWire();
          yield frame.head;
        }
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
    this.isBodyComplete = true;
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
