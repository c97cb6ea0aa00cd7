import { type FastifyInstance } from 'fastify';
import { type Metrics } from '../metrics/index.js';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const STATUSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** Counts what the API answers. By the first digit of the status: routes would make a hundred times as many figures. */
export function countRequests(fastify: FastifyInstance, metrics: Metrics): void {
  const requests = metrics.tallies(
    'arauto_http_requests_total',
    'Requests of the API, webhooks of Telegram among them, by status.',
    'status',
    STATUSES,
  );
  const durations = metrics.spread(
    'arauto_http_request_seconds',
    'From a request of the API until its answer is out.',
    SECONDS,
  );
  fastify.addHook('onResponse', (_request, reply, done) => {
    const status = STATUSES[Math.floor(reply.statusCode / 100) - 1];
    if (status) requests[status].add();
    durations.observe(reply.elapsedTime / 1_000);
    done();
  });
}
