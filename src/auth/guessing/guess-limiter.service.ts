import { Injectable } from '@nestjs/common';
import { sha256 } from '../../platform/crypto/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { tooMany } from '../../platform/errors/index.js';
import { type GuessCount, GuessCountsRepository } from './guess-counts.repository.js';
import {
  type Allowance,
  ALLOWANCES,
  countAttempt,
  forgiveAttempt,
  type GuessKind,
  NETWORK_ALLOWANCE,
  networkOf,
  retryAfterSeconds,
} from './guessing.rules.js';

/** What an attempt counts for. */
export interface Guess {
  readonly account: string;
  readonly network: string;
  readonly allowance: Allowance;
}

/** Growing waits against guessing, per account and per network, counted by all processes together. */
@Injectable()
export class GuessLimiter {
  constructor(
    private readonly counts: GuessCountsRepository,
    private readonly dispatcher: DispatcherDatabase,
  ) {}

  /**
   * Counts an attempt before its outcome is known, so that many at once don't slip through; {@link forgive} takes it back.
   *
   * @param subject whose it is: an e-mail address or a person's id
   * @throws ProblemError 429 with Retry-After
   */
  async admit(kind: GuessKind, subject: string, address: string): Promise<Guess> {
    const guess: Guess = {
      account: `account/${kind}/${sha256(subject).toString('base64url')}`,
      network: `network/${networkOf(address)}`,
      allowance: ALLOWANCES[kind],
    };
    await this.counts.sweep();
    await this.dispatcher.transaction(async (client) => {
      const counts = await this.counts.lock(client, [guess.account, guess.network]);
      const seconds = Math.max(...counts.map((one) => retryAfterSeconds(rememberedOf(one), one.nowMs)));
      // Nobody counts as waiting longer for having asked too early: the transaction leaves nothing behind.
      if (seconds > 0) {
        throw tooMany(
          'too_many_attempts',
          `Too many attempts were made; try again in ${seconds} s.`,
          seconds,
        );
      }
      for (const count of counts) {
        const { attempts, forgetAfterMs } = count.key === guess.network ? NETWORK_ALLOWANCE : guess.allowance;
        const next = countAttempt(rememberedOf(count), attempts, count.nowMs);
        await this.counts.save(client, count.key, next, forgetAfterMs);
      }
    });
    return guess;
  }

  /** It was no guess. */
  async forgive(guess: Guess): Promise<void> {
    await this.dispatcher.transaction(async (client) => {
      const counts = await this.counts.lock(client, [guess.account, guess.network]);
      const network = counts.find(({ key }) => key === guess.network);
      if (network) {
        const { attempts, forgetAfterMs } = NETWORK_ALLOWANCE;
        await this.counts.save(client, network.key, forgiveAttempt(network, attempts), forgetAfterMs);
      }
      await this.counts.delete(client, guess.account);
    });
  }
}

function rememberedOf(count: GuessCount): GuessCount | undefined {
  return count.isForgotten ? undefined : count;
}
