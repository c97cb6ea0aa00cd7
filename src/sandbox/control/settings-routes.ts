import { type FastifyInstance } from 'fastify';

import { type FaultDesk } from '../faults/fault-desk.js';
import { type Ledgers } from '../ledger/ledgers.js';
import { type SandboxLimits } from '../limits/limits.rules.js';
import { findBotMethod } from '../wire/bot-method.rules.js';
import { type ControlDesk, readAs } from './control-server.js';
import {
  createFaultSchema,
  idParametersSchema,
  latencySchema,
  limitsSchema,
  strictnessSchema,
} from './control.dto.js';
import { ControlProblemError, notFound } from './control.errors.js';

const mostFaults = 1000;
/** The workspace of whoever runs the sandbox: its settings are everybody's defaults. */
export const operatorWorkspace = '*';

export function addSettingsRoutes(
  server: FastifyInstance,
  desk: ControlDesk,
  faults: FaultDesk,
  ledgers: Ledgers,
): void {
  const { world } = desk;

  server.put('/limits', (request) => {
    const { botId, ...given } = readAs(limitsSchema, request.body);
    const limits = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const workspace = desk.workspaceOf(request);
    if (botId !== undefined) desk.bot(request, botId).limits = limits;
    else if (workspace.id === operatorWorkspace) Object.assign(world.defaults.limits, limits);
    else workspace.limits = limits;
    world.onChanged(workspace);
    const bot = botId === undefined ? undefined : desk.bot(request, botId);
    const effective: SandboxLimits = bot
      ? world.limitsOf(bot)
      : { ...world.defaults.limits, ...workspace.limits };
    return effective;
  });

  server.put('/latency', (request) => {
    const { botId, minimumMs, maximumMs = minimumMs } = readAs(latencySchema, request.body);
    const latency = { minimumMs, maximumMs };
    const workspace = desk.workspaceOf(request);
    if (botId !== undefined) desk.bot(request, botId).latency = latency;
    else if (workspace.id === operatorWorkspace) world.defaults.latency = latency;
    else workspace.latency = latency;
    world.onChanged(workspace);
    return latency;
  });

  server.put('/strictness', (request) => {
    const { isStrict } = readAs(strictnessSchema, request.body);
    const workspace = desk.workspaceOf(request);
    if (workspace.id === operatorWorkspace) world.defaults.isStrict = isStrict;
    else workspace.isStrict = isStrict;
    world.onChanged(workspace);
    return { isStrict };
  });

  server.post('/faults', (request, reply) => {
    const settings = readAs(createFaultSchema, request.body);
    const workspace = desk.workspaceOf(request);
    desk.checkRoom(faults.count(workspace.id), 1, mostFaults, 'faults');
    if (settings.botId !== undefined) desk.bot(request, settings.botId);
    const method = settings.method === undefined ? undefined : findBotMethod(settings.method);
    if (settings.method !== undefined && !method) {
      throw new ControlProblemError(400, 'unknown_method', 'This is no method of the Bot API.');
    }
    const { workspace: _owner, ...fault } = faults.add(workspace.id, { ...settings, method: method?.name });
    return reply.code(201).send(describeFault(fault));
  });

  server.get('/faults', (request) => ({
    faults: faults.list(desk.workspaceOf(request).id).map(describeFault),
  }));

  server.delete('/faults', (request) => ({ deleted: faults.remove(desk.workspaceOf(request).id) }));

  server.delete('/faults/:id', (request, reply) => {
    const { id } = readAs(idParametersSchema, request.params);
    if (faults.remove(desk.workspaceOf(request).id, id) === 0) throw notFound();
    return reply.code(204).send();
  });

  server.delete('/contents', (request, reply) => {
    const workspace = desk.workspaceOf(request);
    world.emptyWorkspace(workspace);
    faults.remove(workspace.id);
    return reply.code(204).send();
  });

  server.delete('/workspace', async (request, reply) => {
    const workspace = desk.workspaceOf(request);
    const isDeleted = world.deleteWorkspace(workspace);
    faults.remove(workspace.id);
    ledgers.forget(workspace.id);
    await isDeleted;
    return reply.code(204).send();
  });
}

function describeFault(fault: object): Record<string, unknown> {
  const { workspace: _owner, state: _draw, ...shown } = fault as Record<string, unknown>;
  return shown;
}
