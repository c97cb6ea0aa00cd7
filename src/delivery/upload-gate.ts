import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * How many uploads of this process are under way at once. Each holds a few pieces of its file (one on its way from the
 * database, one in the socket), so all together stay below ten megabytes. Small files have places of their own: a photo
 * must not wait until a dozen videos have crept through a slow line.
 */
const PLACES = { small: 24, large: 24 };
const LARGE_FROM_BYTES = 2 * 1024 * 1024;
/**
 * Of all uploads of this process together. On a fast line one video takes the processor for as long as it goes up: 99 % of
 * the texts beside it then took three times as long (`npm run bench -- media`). A minute of this is a hundred videos.
 */
const BYTES_PER_SECOND = 40 * 1024 * 1024;

type Class = keyof typeof PLACES;

const classOf = (sizeBytes: number): Class => (sizeBytes >= LARGE_FROM_BYTES ? 'large' : 'small');

/** Bounds the uploads of this process: whoever finds no place is called when there is one. */
export class UploadGate {
  private readonly free: Record<Class, number>;
  /** In the order in which they began to wait. */
  private readonly waiting: Record<Class, Set<() => void>> = { small: new Set(), large: new Set() };

  /** On the monotonic clock: when all that was let through has had its time. */
  private throughAtMs = 0;

  constructor(
    places: Readonly<Record<Class, number>> = PLACES,
    private readonly bytesPerSecond = BYTES_PER_SECOND,
  ) {
    this.free = { ...places };
  }

  hasRoom(sizeBytes: number): boolean {
    return this.free[classOf(sizeBytes)] > 0;
  }

  enter(sizeBytes: number): void {
    this.free[classOf(sizeBytes)] -= 1;
  }

  /** Lets a piece of a file through at the pace of all; whoever asks first goes first. */
  async letThrough(pieceBytes: number): Promise<void> {
    const now = performance.now();
    const atMs = Math.max(now, this.throughAtMs);
    this.throughAtMs = atMs + (pieceBytes * 1_000) / this.bytesPerSecond;
    // A timer counts whole milliseconds; what is let go too soon is waited for with the next piece.
    if (atMs - now >= 1) await wait(atMs - now);
  }

  leave(sizeBytes: number): void {
    const uploadClass = classOf(sizeBytes);
    this.free[uploadClass] += 1;
    const waiting = this.waiting[uploadClass];
    // Whoever is called may have nothing to upload any more, or nothing that may leave yet: then the next has its turn.
    for (const call of [...waiting]) {
      if (this.free[uploadClass] <= 0) return;
      waiting.delete(call);
      call();
    }
  }

  /** Calls once when there is room again; the same function waits only once. */
  callWhenFree(sizeBytes: number, call: () => void): void {
    this.waiting[classOf(sizeBytes)].add(call);
  }
}
