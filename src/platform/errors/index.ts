export {
  type FieldProblem,
  ProblemError,
  conflict,
  invalidField,
  notFound,
  tooMany,
} from './problem.error.js';
