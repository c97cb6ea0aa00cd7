import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { type Agent, type Dispatcher, request } from 'undici';
import { Configuration } from '../config/index.js';
import { Clock } from '../platform/clock/index.js';
import { createEgressAgent, isPublicAddress } from '../platform/egress/index.js';
import { isTaken } from './webhook.rules.js';

/** For each step; the whole of an attempt is bounded too. */
const STEP_TIMEOUT_MS = 10_000;
const ATTEMPT_TIMEOUT_MS = 20_000;
/** Of the answer, what is kept for people who look for the fault. */
const KEPT_ANSWER_BYTES = 1024;

/** One attempt and what came of it. */
export interface Attempt {
  readonly at: Date;
  readonly durationMs: number;
  readonly status: number | null;
  readonly failure: string | null;
  readonly answer: string | null;
  readonly isTaken: boolean;
}

/** Posts signed events to addresses that tenants chose. */
@Injectable()
export class WebhookWire implements OnApplicationShutdown {
  private readonly agent: Agent;

  constructor(
    { settings }: Configuration,
    private readonly clock: Clock,
  ) {
    const isAllowed = settings.WEBHOOK_PRIVATE_TARGETS ? () => true : isPublicAddress;
    this.agent = createEgressAgent(isAllowed, STEP_TIMEOUT_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  /** @param secrets each signs, the present one first; never throws */
  async post(url: string, id: string, body: string, secrets: readonly string[]): Promise<Attempt> {
    const at = this.clock.now();
    const startedMs = this.clock.monotonicMs();
    const end = (came: Pick<Attempt, 'status' | 'failure' | 'answer'>): Attempt => ({
      at,
      durationMs: Math.round(this.clock.monotonicMs() - startedMs),
      ...came,
      isTaken: came.status !== null && isTaken(came.status),
    });
    try {
      const { statusCode, body: answer } = await request(url, {
        method: 'POST',
        dispatcher: this.agent,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Arauto-Webhooks/1',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
        },
        body,
        signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
      });
      return end({ status: statusCode, failure: null, answer: await readHead(answer) });
    } catch (error) {
      return end({ status: null, failure: describeFailure(error), answer: null });
    }
  }
}

/** The first kilobyte; the rest is not taken. */
async function readHead(body: Dispatcher.ResponseData['body']): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= KEPT_ANSWER_BYTES) break;
  }
  const text = Buffer.concat(pieces).subarray(0, KEPT_ANSWER_BYTES).toString('utf8');
  // PostgreSQL keeps no NUL.
  return text.replaceAll('\u0000', '');
}

/** Words that tell the tenant what to mend and nobody what is in our network. */
function describeFailure(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (code === 'EACCES') return 'forbidden_address';
  if (name === 'TimeoutError' || String(code).includes('TIMEOUT') || code === 'ETIMEDOUT') return 'timed_out';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'name_not_found';
  if (code === 'ECONNREFUSED') return 'connection_refused';
  if (/^(?:ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_SSL|EPROTO)/.test(String(code)))
    return 'tls_failed';
  return 'connection_failed';
}
