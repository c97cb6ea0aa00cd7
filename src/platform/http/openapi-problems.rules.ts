import { type OpenAPIObject } from '@nestjs/swagger';

interface DocumentedResponse {
  description?: string;
  content?: object;
  $ref?: string;
}
type Responses = Record<string, DocumentedResponse>;

/** As much of an operation as decides what may go wrong with it. */
export interface DocumentedOperation {
  parameters?: { in?: string; name?: string }[];
  requestBody?: unknown;
  security?: unknown[];
  responses?: Responses;
}

/** Name and description of the problems that many operations share. */
const SHARED: Readonly<Record<number, readonly [name: string, description: string]>> = {
  400: ['InvalidInput', 'Something in the request is not valid: `errors` names each field and what to do.'],
  401: ['NotSignedIn', 'There is no valid access token: sign in, or refresh.'],
  402: [
    'QuotaExceeded',
    "It takes more than the tenant's plan allows: `detail` names the quota, its limit, its use and what to do.",
  ],
  403: [
    'NotAllowed',
    'The role is too small for this, the API key lacks the scope, or the tenant is suspended.',
  ],
  404: ['NotFound', "It does not exist, or is another tenant's: the answer is the same."],
  409: ['Conflict', 'The present state does not allow it: `detail` says what to do first.'],
  413: ['TooLarge', 'The body is larger than this address takes.'],
  415: ['UnsupportedMediaType', 'The body, or the file in it, is of a type that is not taken here.'],
  422: ['Refused', 'It could be read and was refused, such as an `Idempotency-Key` of another request.'],
  429: ['TooManyTries', 'Too many requests or tries: wait as many seconds as `Retry-After` says.'],
  503: ['Unavailable', 'Something that is needed gives no answer: try again when `Retry-After` says.'],
};

const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

/**
 * Names in the document what may go wrong with each operation: what follows from its shape, and the statuses that its
 * own decorators name. A decorator's description is kept; without one, the shared description is referred to.
 */
export function documentProblems(document: OpenAPIObject): void {
  document.components ??= {};
  document.components.responses ??= {};
  for (const [name, description] of Object.values(SHARED)) {
    document.components.responses[name] = { description, content: PROBLEM };
  }
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path) as DocumentedOperation[]) {
      if (operation.responses) describeResponses(operation, operation.responses);
    }
  }
}

function describeResponses(operation: DocumentedOperation, responses: Responses): void {
  const named = Object.keys(responses)
    .map(Number)
    .filter((status) => status >= 400);
  for (const status of new Set([...problemsOf(operation), ...named])) {
    const description = responses[status]?.description;
    const shared = SHARED[status];
    responses[status] =
      shared && !description
        ? { $ref: `#/components/responses/${shared[0]}` }
        : { description: description ?? '', content: PROBLEM };
  }
  responses['default'] = { description: 'What else went wrong', content: PROBLEM };
}

/** Statuses of the problems that an operation's shape brings along. */
export function problemsOf({ parameters = [], requestBody, security }: DocumentedOperation): number[] {
  const hasPlace = parameters.some((parameter) => parameter.in === 'path');
  const hasKey = parameters.some((parameter) => parameter.name === 'Idempotency-Key');
  return [
    ...(parameters.length > 0 || requestBody !== undefined ? [400] : []),
    ...(security ? [401, 403] : []),
    ...(hasPlace ? [404] : []),
    ...(hasKey ? [422] : []),
    // All but the probes of those who run the installation, which are public and take nothing.
    ...(security || requestBody !== undefined ? [429] : []),
  ];
}
