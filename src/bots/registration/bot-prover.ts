import { Injectable } from '@nestjs/common';
import { Configuration } from '../../config/index.js';
import { conflict, invalidField, ProblemError } from '../../platform/errors/index.js';
import { BotApiClient, isBotToken } from '../../telegram/index.js';
import { apiRootOf, homeOf } from './bot-identity.rules.js';
import { type BotEnvironment } from './bot-state.rules.js';
import { BotConnections } from '../directory/bot-connections.repository.js';
import { BotVerdicts } from '../calls/bot-verdicts.js';
import { TokenVault } from './token-vault.js';

/** A bot whose token was just accepted by Telegram. */
export interface ProvenBot {
  readonly home: string;
  readonly telegramId: string;
  readonly username: string | null;
  readonly firstName: string;
  readonly tokenFingerprint: Buffer;
}

interface Identity {
  readonly id: number;
  readonly is_bot: boolean;
  readonly first_name: string;
  readonly username?: string;
}

/** Telegram names no time; a person is waiting, and `getMe` is answered within a second. */
const ANSWER_TIMEOUT_MS = 10_000;
const UNREACHABLE_RETRY_SECONDS = 10;

/** Finds out whose token it is, by asking Telegram. Never inside a transaction. */
@Injectable()
export class BotProver {
  constructor(
    private readonly client: BotApiClient,
    private readonly connections: BotConnections,
    private readonly verdicts: BotVerdicts,
    private readonly vault: TokenVault,
    private readonly configuration: Configuration,
  ) {}

  /**
   * @throws ProblemError 400 for what is no token, 422 for one that Telegram rejects, 503 where Telegram gives no
   * answer; none of them repeats the token
   */
  async prove(environment: BotEnvironment, token: string): Promise<ProvenBot> {
    if (!isBotToken(token)) {
      throw invalidField(
        'token',
        'malformed_token',
        'This is no bot token. Copy the whole line from @BotFather: digits, a colon and 35 characters.',
      );
    }
    const { settings } = this.configuration;
    const home = homeOf(environment, settings);
    const outcome = await this.client.call<Identity>({
      apiRoot: apiRootOf(environment, home, settings),
      token,
      method: 'getMe',
      parameters: {},
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    switch (outcome.kind) {
      case 'ok':
        return {
          home,
          telegramId: String(outcome.result.id),
          username: outcome.result.username ?? null,
          firstName: outcome.result.first_name,
          tokenFingerprint: this.vault.fingerprint(token),
        };
      case 'tokenRejected':
      case 'rejected':
        throw new ProblemError(
          422,
          'token_rejected',
          environment === 'live'
            ? 'Telegram rejects this token. Ask @BotFather for the current one (/token) and try again.'
            : 'The sandbox rejects this token. Create a bot in the sandbox and take its token.',
          [{ field: 'token', code: 'token_rejected', message: 'Telegram rejects this token.' }],
        );
      case 'rateLimited':
        throw unreachable(outcome.retryAfterSeconds);
      case 'migrated':
      case 'conflict':
      case 'notSent':
      case 'unknown':
        throw unreachable(UNREACHABLE_RETRY_SECONDS);
    }
  }

  /**
   * Another tenant may hold this bot by an older token. Whoever proves the newest valid one has it: the other
   * connection is told that its token is dead, after Telegram has said so.
   * @throws ProblemError 409 where the other connection's token is good
   */
  async takeOver(bot: ProvenBot): Promise<void> {
    const holder = await this.connections.findHolder(bot.home, bot.telegramId);
    if (!holder) return;
    const elsewhere = conflict(
      'bot_connected_elsewhere',
      'This bot is connected in another workspace. Disconnect it there, or revoke its token at @BotFather (/revoke) and connect it with the new one.',
    );
    if (holder.tokenFingerprint.equals(bot.tokenFingerprint)) throw elsewhere;
    const { apiRoot, token } = holder;
    const outcome = await this.client.call({
      apiRoot,
      token,
      method: 'getMe',
      parameters: {},
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    if (outcome.kind === 'ok') throw elsewhere;
    if (outcome.kind !== 'tokenRejected') throw unreachable(UNREACHABLE_RETRY_SECONDS);
    await this.verdicts.rejectToken(
      holder,
      'The token was revoked, and another workspace has connected the bot with a newer one.',
    );
  }
}

function unreachable(retryAfterSeconds: number): ProblemError {
  return new ProblemError(
    503,
    'telegram_unreachable',
    `Telegram gives no answer at the moment; nothing was changed. Try again in ${retryAfterSeconds} s.`,
    [],
    { 'retry-after': String(retryAfterSeconds) },
  );
}
