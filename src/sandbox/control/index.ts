import { type FastifyInstance } from 'fastify';

import { type FaultDesk } from '../faults/fault-desk.js';
import { type Ledger } from '../ledger/ledger.js';
import { addBotRoutes } from './bot-routes.js';
import { answerWithProblems, type ControlDesk } from './control-server.js';
import { addEventRoutes } from './event-routes.js';
import { addGroupRoutes } from './group-routes.js';
import { addLedgerRoutes } from './ledger-routes.js';
import { addPeopleRoutes } from './people-routes.js';
import { addSettingsRoutes } from './settings-routes.js';

/** The control API under `/sandbox/v1`: nothing of it without an access token. */
export async function addControlApi(
  server: FastifyInstance,
  parts: { desk: ControlDesk; faults: FaultDesk; ledger: Ledger; log: (line: string) => void },
): Promise<void> {
  const { desk, faults, ledger, log } = parts;
  answerWithProblems(server, log);
  await server.register(
    (routes, _options, done) => {
      routes.addHook('onRequest', (request, _reply, next) => {
        desk.admit(request);
        next();
      });
      addBotRoutes(routes, desk);
      addPeopleRoutes(routes, desk);
      addGroupRoutes(routes, desk);
      addSettingsRoutes(routes, desk, faults);
      addLedgerRoutes(routes, desk, ledger);
      addEventRoutes(routes, desk);
      done();
    },
    { prefix: '/sandbox/v1' },
  );
}

export { answerWithProblem, ControlDesk } from './control-server.js';
