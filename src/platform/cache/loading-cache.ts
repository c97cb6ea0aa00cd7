import { ExpiringCache } from './expiring-cache.js';
import { type Clock } from '../clock/index.js';

/**
 * Remembers what was loaded for a few seconds, absence included. Callers that ask for the same key at the same time
 * share one load; a load that fails is not remembered.
 */
export class LoadingCache<Key, Value> {
  private loads: ExpiringCache<Key, Promise<Value>>;

  constructor(
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly bounds: { readonly capacity: number; readonly maxAgeMs: number },
    private readonly load: (key: Key) => Promise<Value>,
  ) {
    this.loads = new ExpiringCache(clock, bounds);
  }

  get(key: Key): Promise<Value> {
    const known = this.loads.get(key);
    if (known) return known;
    const { loads } = this;
    const value = this.load(key);
    loads.set(key, value);
    value.catch(() => {
      if (loads.get(key) === value) loads.delete(key);
    });
    return value;
  }

  forget(key: Key): void {
    this.loads.delete(key);
  }

  /** Forgets every value that the claim fits; one that is being loaded goes as soon as it is there. */
  forgetWhere(isGone: (value: Value) => boolean): void {
    const { loads } = this;
    loads.forEach((loading, key) => {
      const forget = (value: Value): void => {
        if (isGone(value) && loads.get(key) === loading) loads.delete(key);
      };
      // What failed isn't remembered anyway.
      loading.then(forget, () => undefined);
    });
  }

  clear(): void {
    this.loads = new ExpiringCache(this.clock, this.bounds);
  }
}
