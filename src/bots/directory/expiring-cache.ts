import { type Clock } from '../../platform/clock/index.js';

interface Entry<Value> {
  readonly value: Promise<Value>;
  readonly expiresAtMs: number;
}

/**
 * Remembers what was loaded for a few seconds, absence included. Bounded: the oldest entry leaves first. Callers that
 * ask for the same key at the same time share one load; a load that fails is not remembered.
 */
export class ExpiringCache<Key, Value> {
  private readonly entries = new Map<Key, Entry<Value>>();

  constructor(
    private readonly clock: Clock,
    private readonly load: (key: Key) => Promise<Value>,
    private readonly options: { readonly ttlMs: number; readonly maximumEntries: number },
  ) {}

  get(key: Key): Promise<Value> {
    const nowMs = this.clock.monotonicMs();
    const known = this.entries.get(key);
    if (known && known.expiresAtMs > nowMs) return known.value;
    const value = this.load(key);
    const entry = { value, expiresAtMs: nowMs + this.options.ttlMs };
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size > this.options.maximumEntries) {
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest);
        break;
      }
    }
    value.catch(() => {
      if (this.entries.get(key) === entry) this.entries.delete(key);
    });
    return value;
  }

  forget(key: Key): void {
    this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }

  get size(): number {
    return this.entries.size;
  }
}
