import { ProblemError } from '../../platform/errors/index.js';

/** A problem of one of many inputs, told of where it stands among them. */
export const problemWithin = ({ status, code, detail, errors }: ProblemError, path: string): ProblemError =>
  new ProblemError(
    status,
    code,
    `${path}: ${detail}`,
    errors.map((one) => ({ ...one, field: `${path}.${one.field}` })),
  );
