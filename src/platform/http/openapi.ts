import { type INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { documentProblems } from './openapi-problems.rules.js';

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
    challenge: z
      .string()
      .optional()
      .describe('of `second_factor_required` alone: what the second step of signing in takes'),
  })
  .meta({ id: 'Problem' });

/**
 * The OpenAPI 3.1 document of the application's controllers.
 *
 * @param tags in the order in which people should meet them
 */
export function createOpenApiDocument(
  app: INestApplication,
  version: string,
  tags: readonly { readonly name: string; readonly description: string }[],
): OpenAPIObject {
  const outline = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Arauto')
    .setDescription(
      'Telegram bots of many tenants: their audience, their messages, and when those go out. ' +
        'Sign up or sign in, press Authorize with the access token, and everything below can be done by hand. ' +
        'Errors are `application/problem+json` with a stable `code`; lists are cursor pages; what creates or sends takes an `Idempotency-Key`. ' +
        'Programs use an API key instead of a session, where an operation names the scope that the key needs. ' +
        'Answers say in `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds) how many requests a minute has and has left.',
    )
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'accessToken of sign-up or sign-in' },
      'session',
    )
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        description: 'API key of a program, `arauto_…`; each operation lists the scope that it takes',
      },
      'apiKey',
    )
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'accessToken of the operator’s sign-in' },
      'operator',
    )
    .build();
  outline.tags = [...tags];
  const shapes = new Map<string, string>();
  const document = SwaggerModule.createDocument(app, outline, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}.${method}`,
    standardSchemaConverter: (schema, { schemaType }) => {
      const converted = convert(schema as z.ZodType, schemaType);
      refuseAmbiguousNames(converted.components, shapes);
      return converted;
    },
  });
  document.components ??= {};
  document.components.schemas ??= {};
  Object.assign(document.components.schemas, convert(problemSchema, 'output').components);
  documentProblems(document);
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
  } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any', override: trim });
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

/** One name with two shapes would silently document the wrong one: defaults make what may be left out of a request a part of every answer. */
function refuseAmbiguousNames(components: Record<string, SchemaObject>, shapes: Map<string, string>): void {
  for (const [name, definition] of Object.entries(components)) {
    const shape = JSON.stringify(definition);
    if ((shapes.get(name) ?? shape) !== shape) {
      throw new Error(
        `The schema id ${name} names two shapes; give what is sent and what is answered an id each.`,
      );
    }
    shapes.set(name, shape);
  }
}

/** Leaves out what a name says already: zod spells out formats as patterns, and integers as those that a double holds. */
function trim({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}

function withoutId(definition: object): object {
  const { id: _, ...rest } = definition as { id?: string };
  return rest;
}
