import { type INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';

type SchemaObject = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

/** Every error of the API, as RFC 9457 has it. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('stable, for programs'),
    detail: z.string().describe('for people: what is wrong and what to do'),
    requestId: z.string(),
    errors: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

/** The OpenAPI 3.1 document of the running application. */
export function createOpenApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const outline = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Arauto')
    .setDescription(
      'Telegram bots of many tenants: their audience, their messages, and when those go out. ' +
        'Sign up or sign in, press Authorize with the access token, and everything below can be done by hand. ' +
        'Errors are `application/problem+json` with a stable `code`; lists are cursor pages; what creates or sends takes an `Idempotency-Key`.',
    )
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'accessToken of sign-up or sign-in' },
      'session',
    )
    .build();
  const document = SwaggerModule.createDocument(app, outline, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}.${method}`,
    standardSchemaConverter: (schema, { schemaType }) => convert(schema as z.ZodType, schemaType),
  });
  document.components ??= {};
  document.components.schemas ??= {};
  Object.assign(document.components.schemas, convert(problemSchema, 'output').components);
  const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path) as { responses?: Record<string, unknown> }[]) {
      if (operation.responses)
        operation.responses['default'] = { description: 'What went wrong', content: problem };
    }
  }
  return document;
}

/** zod's JSON Schema (2020-12, which OpenAPI 3.1 takes as it is), with named schemas as components. */
function convert(
  schema: z.ZodType,
  io: 'input' | 'output',
): { schema: SchemaObject; components: Record<string, SchemaObject> } {
  const {
    $schema: _,
    $defs = {},
    ...json
  } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' });
  const components: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries($defs)) components[name] = withoutId(definition);
  const id = (json as { id?: string }).id;
  if (id === undefined)
    return { schema: json as SchemaObject, components: components as Record<string, SchemaObject> };
  components[id] = withoutId(json);
  return {
    schema: { $ref: `#/components/schemas/${id}` },
    components: components as Record<string, SchemaObject>,
  };
}

function withoutId(definition: object): object {
  const { id: _, ...rest } = definition as { id?: string };
  return rest;
}
