import { Injectable } from '@nestjs/common';
import { ExpiringCache } from '../platform/cache/index.js';
import { Clock } from '../platform/clock/index.js';
import { sha256 } from '../platform/crypto/index.js';
import { ProblemError } from '../platform/errors/index.js';
import {
  type Attempts,
  countAttempt,
  FORGET_AFTER_MS,
  forgiveAttempt,
  networkOf,
  retryAfterSeconds,
} from './guessing.rules.js';

const ALLOWED_PER_ACCOUNT = 10;
/** An office or a mobile carrier shares one address. */
const ALLOWED_PER_NETWORK = 50;
const CAPACITY = 50_000;

/** What an attempt counts for. */
export interface Guess {
  readonly account: string;
  readonly network: string;
}

/** Growing waits against guessing passwords, per account and per network. Kept in this process, bounded. */
@Injectable()
export class GuessLimiter {
  private readonly attempts: ExpiringCache<string, Attempts>;

  constructor(private readonly clock: Clock) {
    this.attempts = new ExpiringCache(clock, { capacity: CAPACITY, maxAgeMs: FORGET_AFTER_MS });
  }

  /**
   * Counts an attempt before its outcome is known, so that many at once don't slip through; {@link forgive} takes it back.
   *
   * @throws ProblemError 429 with Retry-After
   */
  admit(email: string, address: string): Guess {
    const guess = {
      account: `account/${sha256(email).toString('base64url')}`,
      network: `network/${networkOf(address)}`,
    };
    const nowMs = this.clock.monotonicMs();
    const seconds = Math.max(
      ...[guess.account, guess.network].map((key) => retryAfterSeconds(this.attempts.get(key), nowMs)),
    );
    if (seconds > 0) {
      throw new ProblemError(
        429,
        'too_many_attempts',
        `Too many attempts failed; try again in ${seconds} s.`,
        [],
        { 'retry-after': String(seconds) },
      );
    }
    this.attempts.set(
      guess.account,
      countAttempt(this.attempts.get(guess.account), ALLOWED_PER_ACCOUNT, nowMs),
    );
    this.attempts.set(
      guess.network,
      countAttempt(this.attempts.get(guess.network), ALLOWED_PER_NETWORK, nowMs),
    );
    return guess;
  }

  /** It was no guess. */
  forgive(guess: Guess): void {
    this.attempts.delete(guess.account);
    const network = this.attempts.get(guess.network);
    if (network) this.attempts.set(guess.network, forgiveAttempt(network, ALLOWED_PER_NETWORK));
  }
}
