import { type FastifyRequest } from 'fastify';

/** Where a request comes from. */
export interface Origin {
  /** Of the network, behind as many proxies as TRUST_PROXY_HOPS says. */
  readonly address: string;
  readonly userAgent: string | undefined;
}

export function originOf(request: FastifyRequest): Origin {
  return { address: request.ip, userAgent: request.headers['user-agent'] };
}
