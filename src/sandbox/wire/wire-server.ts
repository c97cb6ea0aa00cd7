import { type IncomingMessage, type ServerResponse } from 'node:http';

import { type FaultDesk, type Fault } from '../faults/fault-desk.js';
import { filePathOf, mostUploadBytes, readFilePath } from '../methods/index.js';
import { type Bot } from '../world/inhabitants.js';
import { type World } from '../world/world.js';
import { findBotMethod } from './bot-method.rules.js';
import { type Arrival, type CallOutcome, type CallRunner, writeRefusal } from './call-runner.js';
import { CallRefusedError } from './call.errors.js';
import { type BodyBounds, readCall } from './request-body.js';
import { UploadGate } from './upload-gate.js';
import { parseWireTarget, type WireTarget } from './wire-target.rules.js';

const bounds: BodyBounds = { textBytes: 1024 * 1024, uploadBytes: mostUploadBytes + 1024 * 1024 };
// Uploads are held in memory while they arrive: eight of the largest are 400 MB.
const mostUploadsAtOnce = 8;
// Of one workspace, so that none holds all of the places by uploading slowly.
const mostUploadsOfOne = 2;
// A hanging request must end some day, or a forgotten test would hold its socket for ever.
const longestHangMs = 10 * 60 * 1000;
const htmlPage = '<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body>nginx</body></html>';

/** The side of the sandbox that bots talk to: `/bot<token>/<method>` and `/file/bot<token>/<path>`. */
export class WireServer {
  private readonly uploads = new UploadGate<string>(mostUploadsAtOnce, mostUploadsOfOne);

  constructor(
    private readonly world: World,
    private readonly faults: FaultDesk,
    private readonly runner: CallRunner,
    private readonly log: (line: string) => void,
  ) {}

  /** Takes a request if it is the wire's; says whether it did. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const target = parseWireTarget(request.url ?? '/');
    if (!target) return false;
    const arrival: Arrival = {
      atUs: this.world.clock.monotonicMs() * 1000,
      atEpochMs: this.world.nowMs(),
    };
    if (target.kind === 'file') this.giveFile(target, response);
    else {
      this.answerCall(request, response, target, arrival).catch((error: unknown) => {
        this.breakOff(response, error);
      });
    }
    return true;
  }

  private async answerCall(
    request: IncomingMessage,
    response: ServerResponse,
    target: Extract<WireTarget, { kind: 'call' | 'nonsense' }>,
    arrival: Arrival,
  ): Promise<void> {
    if (target.kind === 'nonsense') {
      turnAway(request, response, 404, 'Not Found');
      return;
    }
    const { token, query } = target;
    const method = findBotMethod(target.method)?.name ?? target.method;
    const bot = this.world.botsByToken.get(token);
    if (!bot) {
      turnAway(request, response, 401, 'Unauthorized');
      return;
    }
    const refused = this.faults.strike(
      { workspace: bot.workspace.id, botId: bot.id, method, chatId: 0 },
      'head',
    );
    if (refused) {
      this.runner.recordTurnedAway(bot, method, 0, arrival, refused);
      request.socket.destroy();
      return;
    }
    const isUpload = request.headers['content-type']?.startsWith('multipart/') === true;
    const guest = bot.workspace.id;
    const gone = abortOnClose(response);
    if (isUpload && !(await this.uploads.enter(guest, gone))) return;
    let raw;
    try {
      // It may have gone in the moment in which its place became free, and then nothing of it is to come.
      if (gone.aborted) return;
      raw = await readCall(request, query, bounds);
    } catch (error) {
      if (!(error instanceof CallRefusedError)) throw error;
      this.runner.recordTurnedAway(bot, method, error.code, arrival);
      turnAway(request, response, error.code, error.message);
      return;
    } finally {
      if (isUpload) this.uploads.leave(guest);
    }
    const signal = method === 'getUpdates' ? gone : undefined;
    const outcome = await this.runner.run(bot, method, raw, { arrival, signal });
    this.answerAfterLatency(bot, response, outcome);
  }

  private answerAfterLatency(bot: Bot, response: ServerResponse, outcome: CallOutcome): void {
    const { minimumMs, maximumMs } = this.world.latencyOf(bot);
    const delayMs = minimumMs + (maximumMs > minimumMs ? Math.random() * (maximumMs - minimumMs) : 0);
    if (delayMs <= 0) {
      answer(response, outcome);
      return;
    }
    const timer = setTimeout(() => {
      answer(response, outcome);
    }, delayMs);
    response.once('close', () => {
      clearTimeout(timer);
    });
  }

  private giveFile(target: Extract<WireTarget, { kind: 'file' }>, response: ServerResponse): void {
    const bot = this.world.botsByToken.get(target.token);
    const fileId = readFilePath(target.path);
    const file = bot && fileId !== undefined ? bot.workspace.files.find(bot.id, fileId) : undefined;
    if (!bot || !file?.content || filePathOf(file) !== target.path) {
      const [status, description] = bot ? [404, 'Not Found'] : [401, 'Unauthorized'];
      write(response, status, writeRefusal(new CallRefusedError(status, description)));
      return;
    }
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': file.content.length,
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
    });
    response.end(file.content);
  }

  private breakOff(response: ServerResponse, error: unknown): void {
    if (!response.destroyed && !response.headersSent) {
      this.log(
        `A call ended in an error of the sandbox itself: ${error instanceof Error ? error.stack : 'unknown'}`,
      );
      write(response, 500, writeRefusal(new CallRefusedError(500, 'Internal Server Error')));
    } else response.destroy();
  }
}

function abortOnClose(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    controller.abort();
  });
  return controller.signal;
}

/** Refuses without reading what may still come: the connection closes instead of swallowing it. */
function turnAway(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  description: string,
): void {
  if (!request.complete) {
    response.setHeader('connection', 'close');
    request.resume();
  }
  write(response, status, writeRefusal(new CallRefusedError(status, description)));
}

function write(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

function answer(response: ServerResponse, { status, body, fault }: CallOutcome): void {
  if (fault) misbehave(response, fault, status, body);
  else write(response, status, body);
}

function misbehave(response: ServerResponse, fault: Fault, status: number, body: string): void {
  switch (fault.kind) {
    case 'refuse':
    case 'reset_before_effect':
    case 'reset_after_effect':
      response.socket?.resetAndDestroy();
      return;
    case 'hang': {
      const timer = setTimeout(() => response.destroy(), longestHangMs);
      response.once('close', () => {
        clearTimeout(timer);
      });
      return;
    }
    case 'truncated':
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      });
      response.write(body.slice(0, Math.floor(body.length / 2)), () => response.socket?.destroy());
      return;
    case 'html':
      write(response, status, htmlPage, { 'content-type': 'text/html' });
      return;
    case 'redirect':
      write(response, status, '', { location: 'https://sandbox.invalid/' });
      return;
    case 'server_error':
      write(response, status, writeFailure(status));
      return;
    case 'unauthorized':
    case 'forbidden':
    case 'bad_request':
    case 'balance_too_low':
    case 'file_unreachable':
    case 'too_many_requests':
      write(response, status, body);
      return;
  }
}

function writeFailure(status: number): string {
  return writeRefusal(new CallRefusedError(status, 'Internal Server Error'));
}
