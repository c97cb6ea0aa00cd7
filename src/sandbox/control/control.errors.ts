export interface FieldProblem {
  field: string;
  code: string;
  message: string;
}

/** Becomes an RFC 9457 problem document. */
export class ControlProblemError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors?: FieldProblem[],
  ) {
    super(detail);
  }
}

/** The same for what is not there and for what belongs to somebody else. */
export function notFound(): ControlProblemError {
  return new ControlProblemError(
    404,
    'not_found',
    'Nothing here has this id. Check it, and whose access token you use.',
  );
}
