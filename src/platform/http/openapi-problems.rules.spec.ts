import { type OpenAPIObject } from '@nestjs/swagger';
import { type DocumentedOperation, documentProblems, problemsOf } from './openapi-problems.rules.js';

const id = { in: 'path', name: 'id' };
const key = { in: 'header', name: 'Idempotency-Key' };
const session = [{ session: [] }];

describe('problemsOf', () => {
  it.each<[string, DocumentedOperation, number[]]>([
    ['a public question', {}, []],
    ['a public form', { requestBody: {} }, [400, 429]],
    ['a list', { security: session, parameters: [{ in: 'query', name: 'limit' }] }, [400, 401, 403, 429]],
    ['a reading by id', { security: session, parameters: [id] }, [400, 401, 403, 404, 429]],
    ['a creation', { security: session, parameters: [key], requestBody: {} }, [400, 401, 403, 422, 429]],
  ])('names those of %s', (_, operation, expected) => {
    expect(problemsOf(operation)).toEqual(expected);
  });
});

describe('documentProblems', () => {
  it('refers to the shared description, and keeps the words of the route', () => {
    const operation: DocumentedOperation = {
      requestBody: {},
      responses: {
        200: { description: '' },
        401: { description: 'wrong password' },
        409: { description: '' },
      },
    };
    const document = { paths: { '/x': { post: operation } } } as unknown as OpenAPIObject;
    documentProblems(document);
    const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
    expect(operation.responses).toEqual({
      200: { description: '' },
      400: { $ref: '#/components/responses/InvalidInput' },
      401: { description: 'wrong password', content },
      409: { $ref: '#/components/responses/Conflict' },
      429: { $ref: '#/components/responses/TooManyTries' },
      default: { description: 'What else went wrong', content },
    });
    expect(document.components?.responses?.['Conflict']).toMatchObject({ content });
  });
});
