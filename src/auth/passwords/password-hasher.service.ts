import { Injectable, type OnModuleInit } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { randomSecret } from '../../platform/crypto/index.js';
import { ProblemError } from '../../platform/errors/index.js';

/** OWASP's least for argon2id (the package's default algorithm): 19 MiB, two passes, one lane. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Hashes at once: each takes a thread of the pool that file and DNS work shares, and 19 MiB. */
const CONCURRENCY = 2;
/** About 25 ms each: who would wait longer than a second or so is better told to come back. */
const QUEUE_CAPACITY = 64;

/** argon2id with a bounded number at work and in the queue, so that a flood of sign-ins can't take the machine. */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private hashOfNobody: string;

  async onModuleInit(): Promise<void> {
    this.hashOfNobody = await hash(randomSecret(), ARGON2);
  }

  /** @throws ProblemError 503 when too many wait already */
  hash(password: string): Promise<string> {
    return this.runBounded(() => hash(password, ARGON2));
  }

  /**
   * @param passwordHash undefined for a person who doesn't exist; that takes the same work and is never a match
   * @throws ProblemError 503 when too many wait already
   */
  async isMatch(password: string, passwordHash: string | undefined): Promise<boolean> {
    const isMatch = await this.runBounded(() => verify(passwordHash ?? this.hashOfNobody, password));
    return isMatch && passwordHash !== undefined;
  }

  private async runBounded<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.running >= CONCURRENCY) {
      if (this.waiting.length >= QUEUE_CAPACITY) {
        throw new ProblemError(503, 'busy', 'Too many people are signing in; try again in a moment.', [], {
          'retry-after': '2',
        });
      }
      // Whoever finishes hands its place over, so the count stays as it is.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running++;
    }
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
