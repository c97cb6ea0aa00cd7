import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import type { Clock } from '../platform/clock/index.js';
import { answerTimeoutMs, isLongPoll, largestAnswerBytes } from './answer-bounds.rules.js';
import { BotApiExchange } from './bot-api-exchange.js';
import { isBotToken } from './bot-token.rules.js';
import { frameMultipart, type BotApiUpload } from './multipart.rules.js';
import type { BotApiOutcome } from './outcome.rules.js';

export interface BotApiClientOptions {
  /** How many connections one API root may have at once; long polls have their own. Default 512. */
  connections?: number;
  /** How long a connection may take to open, TLS included. Default 10 s. */
  connectTimeoutMs?: number;
  /** How long an idle connection is kept. Default 20 s, well under the 75 s of a usual server in front. */
  keepAliveMs?: number;
  /** Told of how every call ended that was let near the wire, but for long polls, most of which bring nothing. */
  onOutcome?: (kind: BotApiOutcome['kind']) => void;
}

export interface BotApiRequest {
  /** Where the Bot API is, such as `https://api.telegram.org`; a path is kept. */
  apiRoot: string;
  token: string;
  method: string;
  parameters: Readonly<Record<string, unknown>>;
  upload?: BotApiUpload;
  /** From the first byte to the whole answer. Default: by method and size. */
  timeoutMs?: number;
  /**
   * An instant of `Clock.monotonicMs()`: from then on no byte leaves, and the outcome is `withdrawn`. Where it may change,
   * a function, which is asked again before each piece of an upload: one that is cut off was surely not sent.
   */
  notAfterMonotonicMs?: number | (() => number);
  signal?: AbortSignal;
}

interface ApiRoot {
  path: string;
  calls: Pool;
  /** A long poll holds its connection for a minute: a thousand polling bots must not keep sends waiting. */
  polls: Pool;
}

const jsonHeaders = ['content-type', 'application/json'];
const methodShape = /^[A-Za-z]{1,64}$/;

/** Speaks the Bot API. Whatever happens to a call is its outcome; only a wrong request of our own is thrown. */
export class BotApiClient {
  private readonly apiRoots = new Map<string, ApiRoot>();
  private closing: Promise<void> | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly options: BotApiClientOptions = {},
  ) {}

  /**
   * Makes one call, once. Nothing is tried again and no redirect is followed: whoever calls knows what a second
   * attempt would mean.
   * @throws TypeError for an API root that is no http(s) URL or a method name that can't be one
   */
  call<Result = unknown>(request: BotApiRequest): Promise<BotApiOutcome<Result>> {
    const { method, parameters, upload, token } = request;
    if (!methodShape.test(method)) throw new TypeError('A Bot API method is named with letters only.');
    // Telegram answers 401 or 404 to such a token; the text is not even let near a path.
    if (!isBotToken(token)) return Promise.resolve({ kind: 'tokenRejected' });
    if (this.closing) return Promise.resolve({ kind: 'notSent', cause: 'closed' });
    const apiRoot = this.apiRoots.get(request.apiRoot) ?? this.openApiRoot(request.apiRoot);
    const isPoll = isLongPoll(method, parameters);
    const pool = isPoll ? apiRoot.polls : apiRoot.calls;
    const { notAfterMonotonicMs = Infinity } = request;
    const bounds = {
      timeoutMs: request.timeoutMs ?? answerTimeoutMs(method, parameters, upload?.sizeBytes),
      answerTimeoutMs: answerTimeoutMs(method, parameters),
      notAfterMonotonicMs:
        typeof notAfterMonotonicMs === 'function' ? notAfterMonotonicMs : () => notAfterMonotonicMs,
      largestAnswerBytes: largestAnswerBytes(method),
    };
    if (request.signal?.aborted) return Promise.resolve({ kind: 'notSent', cause: 'withdrawn' });

    // Whatever can be wrong with the parameters is found here, before the exchange and its timer exist.
    const frame = upload && frameMultipart(`arauto-${randomBytes(16).toString('hex')}`, parameters, upload);
    const json = frame ? null : JSON.stringify(parameters);
    return new Promise<BotApiOutcome>((resolve) => {
      const { onOutcome } = this.options;
      const end =
        isPoll || !onOutcome
          ? resolve
          : (outcome: BotApiOutcome): void => {
              onOutcome(outcome.kind);
              resolve(outcome);
            };
      const exchange = new BotApiExchange(this.clock, bounds, end, request.signal);
      pool.dispatch(
        {
          path: `${apiRoot.path}/bot${token}/${method}`,
          method: 'POST',
          headers: frame ? frame.headers : jsonHeaders,
          body: upload && frame ? exchange.streamUpload(upload, frame) : json,
        },
        exchange,
      );
    }) as Promise<BotApiOutcome<Result>>;
  }

  /** Takes no more calls, lets those under way end (long polls are cut: they lose nothing), and closes. */
  close(): Promise<void> {
    this.closing ??= this.closeApiRoots();
    return this.closing;
  }

  private async closeApiRoots(): Promise<void> {
    const closings = [...this.apiRoots.values()].map(({ calls, polls }) =>
      Promise.all([calls.close(), polls.destroy()]),
    );
    await Promise.all(closings);
  }

  private openApiRoot(url: string): ApiRoot {
    const { origin, protocol, pathname } = new URL(url);
    if (protocol !== 'https:' && protocol !== 'http:') {
      throw new TypeError('The API root must be an http or https URL, such as https://api.telegram.org.');
    }
    const { connections = 512, connectTimeoutMs = 10_000, keepAliveMs = 20_000 } = this.options;
    const open = (limit: number | null): Pool =>
      new Pool(origin, {
        connections: limit,
        pipelining: 1,
        connect: { timeout: connectTimeoutMs },
        keepAliveTimeout: keepAliveMs,
        keepAliveMaxTimeout: keepAliveMs,
        // The exchange has a timer of its own that covers both.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
    const apiRoot = { path: pathname.replace(/\/+$/, ''), calls: open(connections), polls: open(null) };
    this.apiRoots.set(url, apiRoot);
    return apiRoot;
  }
}
