import { type Clock } from '../clock/index.js';

interface Entry<Value> {
  readonly value: Value;
  readonly goneAtMs: number;
}

/** Values that a process may remember for a while, bounded in number and in age. Keys of tenants' things name the tenant. */
export class ExpiringCache<Key, Value> {
  private readonly entries = new Map<Key, Entry<Value>>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly bounds: { readonly capacity: number; readonly maxAgeMs: number },
  ) {}

  get(key: Key): Value | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (entry.goneAtMs > this.clock.monotonicMs()) return entry.value;
    this.entries.delete(key);
    return undefined;
  }

  /** Remembers the value from now on; where there is no room, what was set longest ago goes. */
  set(key: Key, value: Value): void {
    this.entries.delete(key);
    this.entries.set(key, { value, goneAtMs: this.clock.monotonicMs() + this.bounds.maxAgeMs });
    if (this.entries.size <= this.bounds.capacity) return;
    const [oldest] = this.entries.keys();
    this.entries.delete(oldest as Key);
  }

  delete(key: Key): void {
    this.entries.delete(key);
  }

  /** Every entry, old ones too: for what is rare. */
  forEach(look: (value: Value, key: Key) => void): void {
    for (const [key, { value }] of [...this.entries]) look(value, key);
  }
}
