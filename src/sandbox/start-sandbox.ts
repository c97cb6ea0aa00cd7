import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

import fastify from 'fastify';

import { Clock } from '../platform/clock/index.js';
import {
  type AccessOracle,
  addControlApi,
  answerWithProblem,
  ControlDesk,
  RequestBudget,
} from './control/index.js';
import { FaultDesk } from './faults/fault-desk.js';
import { Ledgers } from './ledger/ledgers.js';
import { type SandboxLimits, telegramLimits } from './limits/limits.rules.js';
import { createMethodHandlers } from './methods/index.js';
import { addPage } from './page/index.js';
import { WebhookSender } from './webhook/webhook-sender.js';
import { findTargetProblem, NO_WEBHOOKS, type WebhookTargetRules } from './webhook/webhook-target.rules.js';
import { CallRunner } from './wire/call-runner.js';
import { WireServer } from './wire/wire-server.js';
import { SnapshotFiles } from './world/snapshot-files.js';
import { World } from './world/world.js';

export interface SandboxOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Key of the access tokens to the control API. */
  secret: string;
  /** Where bots and people survive a restart; without it they don't. */
  dataDirectory?: string;
  /** Asked whether the holders of access tokens still may use them; without it these open nothing. */
  accessOracle?: AccessOracle;
  log?: (line: string) => void;
  /** Over Telegram's own; workspaces and bots may differ again. */
  limits?: Partial<SandboxLimits>;
  /** Requests a minute to the control API of each workspace whose access was issued; by default as many as they like. */
  controlRequestsPerMinute?: number;
  /** How long every answer takes at least. */
  latencyMs?: number;
  /** Requests kept in the ledgers of all workspaces; the oldest of whoever has the most fall off. */
  ledgerRows?: number;
  /** How much of each text the ledger keeps. */
  ledgerTextCharacters?: number;
  /** Where bots may be called; by default nowhere. */
  webhookTargets?: WebhookTargetRules;
  clock?: Clock;
}

export interface RunningSandbox {
  /** What clients take for `https://api.telegram.org`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const mostControlBodyBytes = 1024 * 1024;
// Longer than senders keep idle connections, so that they close first and no request meets a closing socket.
const keepAliveMs = 75_000;

/** Starts a Bot API server of our own: the wire for bots, a control API and a page for people. */
export async function startSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  if (options.secret.length < 16) throw new Error('The sandbox needs a secret of at least 16 characters.');
  const log = options.log ?? ((): void => undefined);
  const world = createWorld(options);
  const faults = new FaultDesk();
  const ledgers = new Ledgers({
    capacityRows: options.ledgerRows ?? 2_000_000,
    contentCharacters: options.ledgerTextCharacters ?? 200,
  });
  const targets = options.webhookTargets ?? NO_WEBHOOKS;
  const handlers = createMethodHandlers((url) => findTargetProblem(url, targets));
  const runner = new CallRunner(world, faults, ledgers, handlers);
  const wire = new WireServer(world, faults, runner, log);
  const webhooks = new WebhookSender(world, runner, targets, log);

  const server = fastify({
    bodyLimit: mostControlBodyBytes,
    forceCloseConnections: true,
    // Addresses that can't be read belong to no route, so the handlers set below never see them.
    frameworkErrors: (error, _request, reply) => {
      answerWithProblem(reply, error);
    },
    // The wire's requests never enter Fastify: they are the many and need none of it.
    serverFactory: (handler): Server => {
      const http = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
        if (!wire.handle(request, response)) handler(request, response);
      });
      return http;
    },
  });
  const desk = new ControlDesk(world, options.secret, options.accessOracle);
  const budget = new RequestBudget(world.clock, options.controlRequestsPerMinute ?? Infinity);
  await addControlApi(server, { desk, budget, faults, ledgers, log });
  addPage(server);

  const files = options.dataDirectory ? new SnapshotFiles(world, options.dataDirectory, log) : undefined;
  await files?.open();
  await server.listen({ host: options.host, port: options.port });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    close: async () => {
      await webhooks.close();
      await server.close();
      await files?.close();
    },
  };
}

function createWorld(options: SandboxOptions): World {
  const latencyMs = options.latencyMs ?? 0;
  return new World(options.clock ?? new Clock(), {
    limits: { ...telegramLimits, ...options.limits },
    latency: { minimumMs: latencyMs, maximumMs: latencyMs },
    isStrict: true,
  });
}
