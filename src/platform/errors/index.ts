export { type FieldProblem, ProblemError, conflict, invalidField, notFound } from './problem.error.js';
