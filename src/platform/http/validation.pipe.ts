import { StandardSchemaValidationPipe } from '@nestjs/common';
import { z } from 'zod';
import { type FieldProblem, ProblemError } from '../errors/index.js';
import { describeIssue } from './input-issue.rules.js';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  readonly code?: string;
  readonly keys?: readonly string[];
}

/** Checks every parameter against the schema in its decorator; what is wrong comes back field by field. */
export function createValidationPipe(): StandardSchemaValidationPipe {
  // For every schema of this process: the pipe asks schemas through an interface that has no place for texts.
  z.config({ customError: describeIssue });
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => {
      const errors = (issues as readonly Issue[]).slice(0, 50).flatMap(toFieldProblems);
      const first = errors[0];
      const detail = first ? `${first.field || 'body'}: ${first.message}` : 'The input is not valid.';
      return new ProblemError(400, 'invalid_input', detail, errors);
    },
  });
}

function toFieldProblems(issue: Issue): FieldProblem[] {
  const path = (issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
  if (issue.code === 'unrecognized_keys' && issue.keys) {
    return issue.keys.slice(0, 20).map((key) => ({
      field: (path ? `${path}.${key}` : key).slice(0, 200),
      code: 'unknown_field',
      message: 'There is no such field; check its spelling against the documentation.',
    }));
  }
  return [{ field: path, code: issue.code ?? 'invalid', message: issue.message }];
}
