import helmet from '@fastify/helmet';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Configuration } from '../../config/index.js';

/** An answer for programs: whoever opens it in a browser gets nothing run, loaded or framed. */
const FOR_PROGRAMS = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/** Swagger UI: its scripts are files of ours, some of its styles lie in the page, its icons in the styles. */
const FOR_SWAGGER_UI = {
  ...FOR_PROGRAMS,
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
};

/** For answers that no hook sees, such as those to addresses that can't be read. */
export const HEADERS_WITHOUT_HOOKS = {
  'content-security-policy': writePolicy(FOR_PROGRAMS),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const SWAGGER_UI = /^\/docs(?:[/?]|$)/;

/** What every answer tells browsers. A page of a room's own sets a `content-security-policy` that fits it. */
export async function configureSecurityHeaders(
  app: NestFastifyApplication,
  { isProduction }: Configuration,
): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: FOR_PROGRAMS },
    // Browsers remember it for a year, also of localhost: only where HTTPS stands in front for good.
    strictTransportSecurity: isProduction && { maxAge: 31_536_000, includeSubDomains: false },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // Programs of other origins may read what their own credentials open; CORS, not this, says who.
    crossOriginResourcePolicy: { policy: 'same-origin' },
  });
  const policy = writePolicy(FOR_SWAGGER_UI);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (request, reply) => {
      if (SWAGGER_UI.test(request.url)) reply.header('content-security-policy', policy);
    });
}

function writePolicy(directives: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(directives)
    .map(([name, sources]) =>
      [name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), ...sources].join(' '),
    )
    .join(';');
}
