export {
  type FieldProblem,
  ProblemError,
  conflict,
  invalidField,
  notFound,
  tooMany,
  withinField,
} from './problem.error.js';
