import { type FastifyInstance } from 'fastify';

import { type FaultDesk } from '../faults/fault-desk.js';
import { type Ledgers } from '../ledger/ledgers.js';
import { addAccessRoutes } from './access-routes.js';
import { addBotRoutes } from './bot-routes.js';
import { answerWithProblems, type ControlDesk } from './control-server.js';
import { addEventRoutes } from './event-routes.js';
import { addGroupRoutes } from './group-routes.js';
import { addLedgerRoutes } from './ledger-routes.js';
import { addPeopleRoutes } from './people-routes.js';
import { type RequestBudget } from './request-budget.js';
import { addSettingsRoutes } from './settings-routes.js';

/** The control API under `/sandbox/v1`: nothing of it without an access token. */
export async function addControlApi(
  server: FastifyInstance,
  parts: {
    desk: ControlDesk;
    budget: RequestBudget;
    faults: FaultDesk;
    ledgers: Ledgers;
    log: (line: string) => void;
  },
): Promise<void> {
  const { desk, budget, faults, ledgers, log } = parts;
  answerWithProblems(server, log);
  await server.register(
    (routes, _options, done) => {
      routes.addHook('onRequest', async (request, reply) => {
        await desk.admit(request);
        if (desk.isHeld(request)) budget.spend(desk.workspaceOf(request), reply);
      });
      addAccessRoutes(routes, desk);
      addBotRoutes(routes, desk);
      addPeopleRoutes(routes, desk);
      addGroupRoutes(routes, desk);
      addSettingsRoutes(routes, desk, faults, ledgers);
      addLedgerRoutes(routes, desk, ledgers);
      addEventRoutes(routes, desk);
      done();
    },
    { prefix: '/sandbox/v1' },
  );
}

export { AccessOracle } from './access-oracle.js';
export { RequestBudget } from './request-budget.js';
export { answerWithProblem, ControlDesk } from './control-server.js';
