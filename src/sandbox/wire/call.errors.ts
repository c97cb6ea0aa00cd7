/** Parameters that Telegram adds to some errors. */
export interface ErrorParameters {
  retry_after?: number;
  migrate_to_chat_id?: number;
}

/** An answer `{ok: false}` as Telegram words it. Thrown by methods, written by the wire. */
export class CallRefusedError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly parameters?: ErrorParameters,
  ) {
    super(message);
  }
}

export function badRequest(problem: string): CallRefusedError {
  return new CallRefusedError(400, `Bad Request: ${problem}`);
}

export function forbidden(problem: string): CallRefusedError {
  return new CallRefusedError(403, `Forbidden: ${problem}`);
}

export function conflict(problem: string): CallRefusedError {
  return new CallRefusedError(409, `Conflict: ${problem}`);
}

export function tooManyRequests(retryAfterSeconds: number): CallRefusedError {
  return new CallRefusedError(429, `Too Many Requests: retry after ${retryAfterSeconds}`, {
    retry_after: retryAfterSeconds,
  });
}

export const payloadTooLarge = (): CallRefusedError => new CallRefusedError(413, 'Request Entity Too Large');
