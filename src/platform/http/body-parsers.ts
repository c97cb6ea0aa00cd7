import multipart from '@fastify/multipart';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyInstance } from 'fastify';
import { ProblemError } from '../errors/index.js';
import { isNestedDeeperThan } from './json-depth.rules.js';

/** Several times what any of our bodies or Telegram's updates has. */
const DEEPEST_JSON = 100;

/** What a route says of itself with Nest's `RouteConfig`. */
interface BodyConfig {
  readonly takesMultipart?: boolean;
}

/** JSON for all routes, multipart for those that say `RouteConfig({ takesMultipart: true })`; all else is a 415. */
export async function configureBodyParsers(app: NestFastifyApplication): Promise<void> {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  // Fastify's own takes text too, which is none of ours.
  fastify.removeAllContentTypeParsers();
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (isNestedDeeperThan(body, DEEPEST_JSON)) {
      done(new ProblemError(400, 'nested_too_deep', `The body is nested more than ${DEEPEST_JSON} deep.`));
    } else void parseJson(request, body, done);
  });
  await app.register(multipart, { limits: { files: 1, fields: 10, fieldSize: 1024, headerPairs: 50 } });
  fastify.addHook('onRequest', (request, _reply, done) => {
    const isMultipart = /^multipart\//i.test(request.headers['content-type'] ?? '');
    const { takesMultipart = false } = request.routeOptions.config as BodyConfig;
    if (isMultipart && !takesMultipart) {
      done(new ProblemError(415, 'unsupported_media_type', 'Send the body as application/json.'));
    } else done();
  });
}
