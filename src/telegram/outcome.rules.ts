import { redactTokens } from '../platform/logging/index.js';
import { readFailureReason, type FailureReason } from './failure-reason.rules.js';

/** Why a call surely had no effect although Telegram never said so. All of these may be tried again. */
export type NotSentCause =
  /** Called back before the request was whole: its deadline passed, or no connection was free in time. */
  | 'withdrawn'
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'connect_timed_out'
  | 'tls'
  /** The connection ended before the request was complete on it. */
  | 'connection_lost'
  /** The file's own stream failed, had not the size that was announced, or was not taken within the time-out. */
  | 'upload_broken'
  /** A 4xx without Telegram's JSON (a proxy, a wrong address): nobody acted on the request. */
  | 'refusal_unreadable'
  | 'closed';

/** Why nobody can know whether a call had its effect. */
export type UnknownCause =
  | 'timed_out'
  | 'connection_lost'
  | 'aborted'
  | 'answer_too_large'
  | 'answer_unreadable'
  | 'server_error'
  | 'redirect';

/** What became of one call. Every way that a call can end is one of these; a client never throws one. */
export type BotApiOutcome<Result = unknown> =
  | { kind: 'ok'; result: Result }
  /** Surely not done, and trying the same again is no use. */
  | { kind: 'rejected'; code: number; description: string; reason: FailureReason }
  | { kind: 'rateLimited'; retryAfterSeconds: number }
  | { kind: 'migrated'; migrateToChatId: number }
  | { kind: 'tokenRejected' }
  | { kind: 'conflict'; conflictWith: 'webhook' | 'poller' }
  | { kind: 'notSent'; cause: NotSentCause }
  | { kind: 'unknown'; cause: UnknownCause };

/** How a call ended that got no whole answer. */
export interface BrokenCall {
  /** Whether the whole request may have reached the socket. */
  isWritten: boolean;
  breakage: 'failed' | 'timed_out' | 'aborted' | 'withdrawn' | 'answer_too_large' | 'upload_broken';
  /** The error's `code`, where the network failed. */
  errorCode?: string | undefined;
  /** The status, where the head of an answer was read. */
  statusCode?: number | undefined;
}

/** Telegram names the seconds in nearly every 429; this is for one that doesn't. */
const retryAfterSecondsUnsaid = 1;
const mostRetryAfterSeconds = 366 * 86_400;
const descriptionLength = 300;

/**
 * Classifies a whole answer: by code and parameters first, by text last.
 * @param text the body as it came
 * @param retryAfterHeader the header `retry-after`, for a 429 whose body is not Telegram's
 */
export function classifyAnswer(statusCode: number, text: string, retryAfterHeader?: string): BotApiOutcome {
  if (statusCode >= 300 && statusCode < 400) return { kind: 'unknown', cause: 'redirect' };
  if (statusCode >= 500) return { kind: 'unknown', cause: 'server_error' };
  const answer = parseAnswer(text);
  if (answer?.['ok'] === true && statusCode < 300 && 'result' in answer) {
    return { kind: 'ok', result: answer['result'] };
  }
  if (answer?.['ok'] === false) return classifyRefusal(statusCode, answer, retryAfterHeader);
  return classifyUnreadable(statusCode, 'answer_unreadable', retryAfterHeader);
}

/** Classifies a call that ended without a whole answer. */
export function classifyBrokenCall(call: BrokenCall): BotApiOutcome {
  if (!call.isWritten) return { kind: 'notSent', cause: readNotSentCause(call) };
  switch (call.breakage) {
    case 'timed_out':
    case 'aborted':
      return classifyUnreadable(call.statusCode, call.breakage);
    case 'answer_too_large':
      return classifyUnreadable(call.statusCode, 'answer_too_large');
    case 'failed':
    case 'withdrawn':
    case 'upload_broken':
      return classifyUnreadable(
        call.statusCode,
        call.statusCode === undefined ? 'connection_lost' : 'answer_unreadable',
      );
  }
}

function classifyRefusal(
  statusCode: number,
  answer: Record<string, unknown>,
  retryAfterHeader: string | undefined,
): BotApiOutcome {
  const code = typeof answer['error_code'] === 'number' ? answer['error_code'] : statusCode;
  const description =
    typeof answer['description'] === 'string'
      ? redactTokens(answer['description']).slice(0, descriptionLength)
      : '';
  const parameters = isRecord(answer['parameters']) ? answer['parameters'] : {};
  const { retry_after: retryAfter, migrate_to_chat_id: migrateToChatId } = parameters;

  if (code === 429) {
    return { kind: 'rateLimited', retryAfterSeconds: readRetryAfterSeconds(retryAfter, retryAfterHeader) };
  }
  if (typeof migrateToChatId === 'number') return { kind: 'migrated', migrateToChatId };
  if (code === 401) return { kind: 'tokenRejected' };
  // Telegram's front answers a bare "Not Found" to a token that it can't place; an unknown method says more.
  if (code === 404 && /^not found$/i.test(description)) return { kind: 'tokenRejected' };
  if (code === 409) {
    return { kind: 'conflict', conflictWith: /webhook/i.test(description) ? 'webhook' : 'poller' };
  }
  // Without a 4xx nobody said that nothing happened: 5xx inside a 200 is as ambiguous as a plain 5xx.
  if (code < 400 || code >= 500) return { kind: 'unknown', cause: 'server_error' };
  return { kind: 'rejected', code, description, reason: readFailureReason(code, description) };
}

/** Whoever answers 4xx, Telegram or somebody on the way, did not do it; after any other status nobody knows. */
function classifyUnreadable(
  statusCode: number | undefined,
  cause: UnknownCause,
  retryAfterHeader?: string,
): BotApiOutcome {
  if (statusCode === undefined || statusCode < 400) return { kind: 'unknown', cause };
  if (statusCode >= 500) return { kind: 'unknown', cause: 'server_error' };
  if (statusCode === 429) {
    return { kind: 'rateLimited', retryAfterSeconds: readRetryAfterSeconds(undefined, retryAfterHeader) };
  }
  if (statusCode === 413) {
    return { kind: 'rejected', code: 413, description: 'Request Entity Too Large', reason: 'too_large' };
  }
  return { kind: 'notSent', cause: 'refusal_unreadable' };
}

/** One call earlier than said is what Telegram punishes; beyond a year it is nonsense that no timestamp need hold. */
function readRetryAfterSeconds(parameter: unknown, header: string | undefined): number {
  for (const seconds of [parameter, Number(header)]) {
    if (typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0)
      return Math.min(Math.ceil(seconds), mostRetryAfterSeconds);
  }
  return retryAfterSecondsUnsaid;
}

function readNotSentCause({ breakage, errorCode = '' }: BrokenCall): NotSentCause {
  if (breakage === 'upload_broken') return 'upload_broken';
  if (breakage !== 'failed') return 'withdrawn';
  switch (errorCode) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return 'dns';
    case 'ECONNREFUSED':
      return 'refused';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return 'unreachable';
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return 'connect_timed_out';
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_DESTROYED':
      return 'closed';
  }
  return /TLS|SSL|CERT|EPROTO|UNABLE_TO_VERIFY/.test(errorCode) ? 'tls' : 'connection_lost';
}

function parseAnswer(text: string): Record<string, unknown> | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    return isRecord(answer) ? answer : undefined;
  } catch {
    // Not Telegram's JSON: the status alone decides.
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
