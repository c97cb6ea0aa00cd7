export { configureHttp, createHttpAdapter } from './http-adapter.js';
export { writeCsvLine } from './csv.rules.js';
export { type Page, type PageQuery, idBefore, pageOf, pageQuerySchema, pageSchemaOf } from './cursor-page.js';
export { downloadOf } from './download.js';
export {
  Idempotency,
  IdempotencyService,
  type IdempotentRequest,
  OLD_IDEMPOTENCY_KEYS,
  TakesIdempotencyKey,
} from './idempotency.service.js';
export { emailSchema, lineOfTextSchema, textSchema } from './text.js';
export { countRequests } from './request-metrics.js';
export { sendProblem } from './problem.filter.js';
export { createOpenApiDocument } from './openapi.js';
