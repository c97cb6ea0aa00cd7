import { type Fault, type FaultDesk } from '../faults/fault-desk.js';
import { faultKinds, isEffectDone, readFaultStatus } from '../faults/fault.rules.js';
import { type LedgerEntry } from '../ledger/ledger.js';
import { type Ledgers } from '../ledger/ledgers.js';
import { type MethodCall, type MethodHandler } from '../methods/index.js';
import { type Bot } from '../world/inhabitants.js';
import { type World } from '../world/world.js';
import { type BotMethod, findBotMethod } from './bot-method.rules.js';
import { CallRefusedError, tooManyRequests } from './call.errors.js';
import { type RawCall, readParameters, type UploadedFile } from './parameters.rules.js';

export interface Arrival {
  /** Microseconds on the monotonic clock. */
  atUs: number;
  atEpochMs: number;
}

/** What the client is to be told, and what is to go wrong with telling it. */
export interface CallOutcome {
  status: number;
  /** The answer's body. */
  body: string;
  fault: Fault | undefined;
}

interface Carried {
  status: number;
  body: string;
  hasEffect: boolean;
  isViolation: boolean;
  messageId: number;
}

const noFiles: ReadonlyMap<string, UploadedFile> = new Map();

/** Takes one understood request through faults, checks and its method, and writes it into the ledger. */
export class CallRunner {
  constructor(
    private readonly world: World,
    private readonly faults: FaultDesk,
    private readonly ledgers: Ledgers,
    private readonly handlers: ReadonlyMap<string, MethodHandler>,
  ) {}

  async run(
    bot: Bot,
    methodName: string,
    raw: RawCall,
    context: { arrival: Arrival; signal?: AbortSignal | undefined; isWebhookReply?: boolean },
  ): Promise<CallOutcome> {
    const method = findBotMethod(methodName);
    const chatId = this.readChatId(bot, raw);
    const fault = this.faults.strike(
      { workspace: bot.workspace.id, botId: bot.id, method: method?.name ?? methodName, chatId },
      'call',
    );
    const carried =
      fault && !isEffectDone(fault)
        ? describeFault(fault)
        : await this.carryOut(bot, method, raw, context.signal);
    const status = fault ? readFaultStatus(fault) : carried.status;
    this.record(bot, {
      botId: bot.id,
      method: method?.number ?? -1,
      chatId,
      status,
      hasEffect: carried.hasEffect,
      isViolation: carried.isViolation,
      isSending: method?.isSending ?? false,
      isWebhookReply: context.isWebhookReply ?? false,
      fault: fault ? faultKinds.indexOf(fault.kind) : -1,
      messageId: carried.messageId,
      content: readContent(raw),
      arrivedAtUs: context.arrival.atUs,
      arrivedAtEpochMs: context.arrival.atEpochMs,
    });
    return { status, body: carried.body, fault };
  }

  /** Writes down a request that never became a call: a body that can't be read, or a socket destroyed at its head. */
  recordTurnedAway(bot: Bot, methodName: string, status: number, arrival: Arrival, fault?: Fault): void {
    const method = findBotMethod(methodName);
    this.record(bot, {
      botId: bot.id,
      method: method?.number ?? -1,
      chatId: 0,
      status,
      hasEffect: false,
      isViolation: false,
      isSending: method?.isSending ?? false,
      isWebhookReply: false,
      fault: fault ? faultKinds.indexOf(fault.kind) : -1,
      messageId: 0,
      content: '',
      arrivedAtUs: arrival.atUs,
      arrivedAtEpochMs: arrival.atEpochMs,
    });
  }

  private record(bot: Bot, entry: LedgerEntry): void {
    // A call that waited while its workspace was deleted must not bring its ledger back.
    if (this.world.workspaces.get(bot.workspace.id) !== bot.workspace) return;
    this.ledgers.of(bot.workspace.id).record(entry);
  }

  private async carryOut(
    bot: Bot,
    method: BotMethod | undefined,
    raw: RawCall,
    signal: AbortSignal | undefined,
  ): Promise<Carried> {
    try {
      if (!method) throw new CallRefusedError(404, 'Not Found: method not found');
      const handler = this.handlers.get(method.name);
      const parameters = readParameters(method, raw, this.world.isStrict(bot));
      if (!handler) {
        throw new CallRefusedError(501, `Not Implemented: the sandbox does not act out ${method.name}`);
      }
      const call: MethodCall = { world: this.world, bot, parameters, files: raw.files ?? noFiles, signal };
      const result = await handler(call);
      return {
        status: 200,
        body: JSON.stringify({ ok: true, result }),
        hasEffect: true,
        isViolation: false,
        messageId: readMessageId(result),
      };
    } catch (error) {
      if (!(error instanceof CallRefusedError)) throw error;
      return {
        status: error.code,
        body: writeRefusal(error),
        hasEffect: false,
        isViolation: error.code === 429,
        messageId: 0,
      };
    }
  }

  private readChatId(bot: Bot, raw: RawCall): number {
    const chatId = raw.parameters['chat_id'];
    if (typeof chatId === 'number') return Number.isSafeInteger(chatId) ? chatId : 0;
    if (typeof chatId !== 'string') return 0;
    if (chatId.startsWith('@')) {
      return bot.workspace.findGroupByUsername(chatId.slice(1))?.id ?? 0;
    }
    return /^-?\d{1,16}$/.test(chatId) ? Number(chatId) : 0;
  }
}

export function writeRefusal(error: CallRefusedError): string {
  const { code, message, parameters } = error;
  return JSON.stringify({
    ok: false,
    error_code: code,
    description: message,
    ...(parameters ? { parameters } : {}),
  });
}

/** The answer of a fault that keeps the call from being carried out. */
function describeFault(fault: Fault): Carried {
  return { status: 0, body: writeFaultBody(fault), hasEffect: false, isViolation: false, messageId: 0 };
}

function writeFaultBody(fault: Fault): string {
  switch (fault.kind) {
    case 'unauthorized':
      return writeRefusal(new CallRefusedError(401, 'Unauthorized'));
    case 'forbidden':
      return writeRefusal(new CallRefusedError(403, 'Forbidden: bot was blocked by the user'));
    case 'bad_request':
      return writeRefusal(new CallRefusedError(400, "Bad Request: can't parse entities"));
    case 'balance_too_low':
      return writeRefusal(new CallRefusedError(400, 'Bad Request: BALANCE_TOO_LOW'));
    case 'file_unreachable':
      return writeRefusal(new CallRefusedError(400, 'Bad Request: failed to get HTTP URL content'));
    case 'too_many_requests':
      return writeRefusal(tooManyRequests(fault.retryAfterSeconds ?? 1));
    default:
      return '';
  }
}

function readMessageId(result: unknown): number {
  const first: unknown = Array.isArray(result) ? result[0] : result;
  if (typeof first !== 'object' || first === null) return 0;
  const { message_id: messageId } = first as { message_id?: unknown };
  return typeof messageId === 'number' ? messageId : 0;
}

/** What tells one message from another in a proof: its text, its caption, or what names its media. */
function readContent({ parameters, files }: RawCall): string {
  const { text, caption, media } = parameters;
  if (typeof text === 'string') return text;
  if (typeof caption === 'string') return caption;
  if (media !== undefined) return typeof media === 'string' ? media : JSON.stringify(media);
  const [upload] = files?.values() ?? [];
  return upload ? `${upload.name} (${upload.content.length} bytes)` : '';
}
