import { Injectable } from '@nestjs/common';
import { sha256 } from '../../platform/crypto/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { tooMany } from '../../platform/errors/index.js';
import { type GuessCount, GuessCountsRepository } from './guess-counts.repository.js';
import {
  type Allowance,
  countAttempt,
  forgiveAttempt,
  type GuessKind,
  type GuessLimits,
  KNOWN_FOR_MS,
  LIMITS,
  NETWORK_ALLOWANCE,
  networkOf,
  retryAfterSeconds,
  SIGN_UP_ALLOWANCE,
  TAKEN_ADDRESS_ALLOWANCE,
} from './guessing.rules.js';

/** One of the counts that an attempt is in, and what becomes of it when the attempt was right. */
interface Count {
  readonly key: string;
  readonly allowance: Allowance;
  readonly onSuccess: 'forget' | 'take_back' | 'keep';
}

/** An attempt whose outcome isn't known yet. */
export interface Guess {
  readonly counts: readonly Count[];
  /** Account and network, which know each other once it was right. */
  readonly acquaintance: string | undefined;
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
    const account = accountOf(kind, subject);
    const network = networkOf(address);
    const { fromOneNetwork, fromStrangers, altogether }: GuessLimits = LIMITS[kind];
    const counts: Count[] = [ofNetwork(network)];
    if (altogether) counts.push({ key: account, allowance: altogether, onSuccess: 'forget' });
    if (fromOneNetwork) {
      counts.push({ key: `${account}/${network}`, allowance: fromOneNetwork, onSuccess: 'forget' });
    }
    const acquaintance = fromStrangers && acquaintanceOf(subject, network);
    // What strangers do must not lock out who was let in from here before.
    if (fromStrangers && acquaintance !== undefined && !(await this.counts.isRemembered(acquaintance))) {
      counts.push({ key: account, allowance: fromStrangers, onSuccess: 'take_back' });
    }
    await this.count(counts);
    return { counts, acquaintance };
  }

  /** As {@link admit}, for a sign-up at once: which addresses have an account, and accounts by the dozen, are bounded. */
  async admitSignUp(email: string, address: string): Promise<Guess> {
    const network = networkOf(address);
    const counts: Count[] = [
      ...ofSignUps(network),
      { key: `taken_addresses/${network}`, allowance: TAKEN_ADDRESS_ALLOWANCE, onSuccess: 'take_back' },
    ];
    await this.count(counts);
    return { counts, acquaintance: acquaintanceOf(email, network) };
  }

  /** As {@link admitSignUp} where the answer tells nothing of the address, and nobody has shown that it is theirs. */
  async admitSignUpByMail(address: string): Promise<Guess> {
    const counts = ofSignUps(networkOf(address));
    await this.count(counts);
    return { counts, acquaintance: undefined };
  }

  /** It was no guess. */
  async forgive({ counts, acquaintance }: Guess): Promise<void> {
    const byKey = new Map(counts.map((count) => [count.key, count]));
    await this.dispatcher.transaction(async (client) => {
      // All of them first, as the attempt did: one at a time, two requests would wait for each other.
      for (const before of await this.counts.lock(client, [...byKey.keys()])) {
        const { key, allowance, onSuccess } = byKey.get(before.key)!;
        if (onSuccess === 'forget') await this.counts.delete(client, key);
        if (onSuccess === 'take_back') {
          await this.counts.save(client, key, forgiveAttempt(before, allowance), allowance.forgetAfterMs);
        }
      }
      if (acquaintance !== undefined) await this.counts.remember(client, acquaintance, KNOWN_FOR_MS);
    });
  }

  /** The person proved that the account is theirs: what others tried at its password doesn't hold them up. */
  async forgetGuessesAt(email: string, address: string): Promise<void> {
    await this.dispatcher.transaction(async (client) => {
      await this.counts.deleteAllOf(client, accountOf('password', email));
      await this.counts.deleteAllOf(client, accountOf('password_reset', email));
      await this.counts.remember(client, acquaintanceOf(email, networkOf(address)), KNOWN_FOR_MS);
    });
  }

  private async count(counts: readonly Count[]): Promise<void> {
    const allowances = new Map(counts.map(({ key, allowance }) => [key, allowance]));
    await this.counts.sweep();
    await this.dispatcher.transaction(async (client) => {
      const before = await this.counts.lock(client, [...allowances.keys()]);
      const seconds = Math.max(...before.map((one) => retryAfterSeconds(rememberedOf(one), one.nowMs)));
      // Nobody counts as waiting longer for having asked too early: the transaction leaves nothing behind.
      if (seconds > 0) {
        throw tooMany(
          'too_many_attempts',
          `Too many attempts were made; try again in ${seconds} s.`,
          seconds,
        );
      }
      for (const one of before) {
        const allowance = allowances.get(one.key)!;
        const next = countAttempt(rememberedOf(one), allowance, one.nowMs);
        await this.counts.save(client, one.key, next, allowance.forgetAfterMs);
      }
    });
  }
}

const ofNetwork = (network: string): Count => ({
  key: `network/${network}`,
  allowance: NETWORK_ALLOWANCE,
  onSuccess: 'take_back',
});

const ofSignUps = (network: string): Count[] => [
  ofNetwork(network),
  { key: `sign_ups/${network}`, allowance: SIGN_UP_ALLOWANCE, onSuccess: 'keep' },
];

const accountOf = (kind: GuessKind, subject: string) =>
  `account/${kind}/${sha256(subject).toString('base64url')}`;

/** Names neither of them: it is kept for weeks. */
const acquaintanceOf = (subject: string, network: string) =>
  `known/${sha256(`${subject}\n${network}`).toString('base64url')}`;

function rememberedOf(count: GuessCount): GuessCount | undefined {
  return count.isForgotten ? undefined : count;
}
