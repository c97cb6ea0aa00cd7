/** One thing that is wrong with one field of the input. */
export interface FieldProblem {
  /** Path of the field, such as `rule.cron`; empty for the body as a whole. */
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

/**
 * An error that the caller can do something about; becomes an RFC 9457 problem document. `code` is stable and meant
 * for programs, `detail` says to people what to do next. Neither ever holds a secret.
 */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors: readonly FieldProblem[] = [],
    readonly headers: Readonly<Record<string, string>> = {},
    /** What the document has beside its own members (RFC 9457, section 3.2). */
    readonly extensions: Readonly<Record<string, string>> = {},
  ) {
    super(`${code}: ${detail}`);
  }
}

/** 400: one field is wrong. */
export function invalidField(field: string, code: string, message: string): ProblemError {
  return new ProblemError(400, 'invalid_input', message, [{ field, code, message }]);
}

/** 429: too much of something within some time; the caller may come back after the seconds. */
export function tooMany(code: string, detail: string, retryAfterSeconds: number): ProblemError {
  return new ProblemError(429, code, detail, [], { 'retry-after': String(retryAfterSeconds) });
}

/** 404: absent and foreign alike, so that nobody learns what other tenants have. */
export function notFound(what: string): ProblemError {
  return new ProblemError(404, 'not_found', `There is no such ${what}.`);
}

/** 409: the request contradicts the present state. */
export function conflict(code: string, detail: string): ProblemError {
  return new ProblemError(409, code, detail);
}

/** The same error where what was wrong stands deeper in the input, such as in `steps.3`; other errors stay what they are. */
export function withinField(error: unknown, path: string): unknown {
  if (!(error instanceof ProblemError)) return error;
  const { status, code, detail, errors } = error;
  const deeper = errors.map((one) => ({ ...one, field: `${path}.${one.field}` }));
  return new ProblemError(status, code, `${path}: ${detail}`, deeper);
}
