import { type FastifyInstance } from 'fastify';

import { pageMarkup } from './page-markup.js';
import { pageScript } from './page-script.js';
import { pageStyle } from './page-style.js';

// Nothing inline, nothing from elsewhere, in nobody's frame. Photos come as blobs, because they need the access token.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const assets = [
  { path: '/', type: 'text/html; charset=utf-8', content: pageMarkup },
  { path: '/page.js', type: 'text/javascript; charset=utf-8', content: pageScript },
  { path: '/page.css', type: 'text/css; charset=utf-8', content: pageStyle },
];

/** The page on which one is a person among bots. It holds no secret: all it shows comes through the control API. */
export function addPage(server: FastifyInstance): void {
  for (const { path, type, content } of assets) {
    server.get(path, (_request, reply) =>
      reply
        .type(type)
        .header('content-security-policy', contentSecurityPolicy)
        .header('x-content-type-options', 'nosniff')
        .header('referrer-policy', 'no-referrer')
        .header('cache-control', 'no-cache')
        .send(content),
    );
  }
}
