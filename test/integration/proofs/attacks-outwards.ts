import dns from 'node:dns';
import { isIP } from 'node:net';
import { webhookTargetsOf } from '../../../src/app/index.js';
import { Receiver } from '../../harness/receiver.js';
import { waitUntil } from '../bots/bot-scene.js';
import { callMethod, ControlClient, openSandbox, waitFor } from '../sandbox/control-client.js';
import { type HostileScene } from '../security/hostile-scene.js';
import { PRIVATE_HOSTS, spellAddresses, spellPrivateTargets } from './address-spellings.js';
import { type AttackOutcome } from './attack-outcome.js';
import { Trap } from './trap.js';

export const PUBLIC_HOST = 'public.example';
const PATH = 'p'.repeat(43);

/** Whoever came to where nobody may be sent, with a request or without. */
function knocksAt(trap: Receiver): string[] {
  return trap.connections === 0
    ? []
    : [`the trap was knocked at ${trap.connections} times: ${trap.received.map(({ path }) => path).join()}`];
}

/** The sandbox as installations start it, with a public address and without: it may call their own webhooks or nobody. */
export async function aimSandbox(): Promise<AttackOutcome> {
  const trap = await Trap.open();
  const passed: string[] = [];
  let tries = 0;
  try {
    for (const publicUrl of [undefined, `http://${PUBLIC_HOST}`]) {
      const sandbox = await openSandbox({ webhookTargets: webhookTargetsOf(publicUrl) });
      try {
        const control = new ControlClient(sandbox.url);
        const { bot, personId } = await control.createPair();
        for (const url of [
          `http://127.0.0.1:${trap.port}`,
          `http://127.0.0.1:${trap.port}/telegram/webhook/${PATH}`,
          ...spellPrivateTargets(trap.port),
          ...spellAddresses(trap.port, PUBLIC_HOST),
        ]) {
          tries += 1;
          const answer = await callMethod(sandbox.url, bot.token, 'setWebhook', { url });
          if (answer.ok) passed.push(`the sandbox of ${publicUrl ?? 'no public address'} would call ${url}`);
          await control.must('POST', `/people/${personId}/message`, { botId: bot.id, text: 'hello' });
        }
      } finally {
        await sandbox.close();
      }
    }
    return { tries, passed: [...passed, ...trap.heard] };
  } finally {
    await trap.close();
  }
}

const REDIRECTS = [301, 302, 303, 307, 308];

/** Where the sandbox may call somebody, such as this machine in tests, what answers there must not send it on. */
export async function redirectSandbox(): Promise<AttackOutcome> {
  const trap = await Receiver.open();
  const sandbox = await openSandbox();
  try {
    await Promise.all(
      REDIRECTS.map((status) =>
        withDoor(status, `${trap.url}/inside`, async (door) => {
          const control = new ControlClient(sandbox.url);
          const { bot, personId } = await control.createPair();
          await callMethod(sandbox.url, bot.token, 'setWebhook', { url: `${door.url}/` });
          await control.must('POST', `/people/${personId}/message`, { botId: bot.id, text: 'hello' });
          // It tries again after half a second: by then the answer to the first was read.
          await waitFor(() => (door.received.length > 1 ? true : undefined));
          await callMethod(sandbox.url, bot.token, 'deleteWebhook', {});
        }),
      ),
    );
    return { tries: REDIRECTS.length, passed: knocksAt(trap) };
  } finally {
    await sandbox.close();
    await trap.close();
  }
}

/** A server that sends everybody on. */
async function withDoor(
  status: number,
  location: string,
  work: (door: Receiver) => Promise<void>,
): Promise<void> {
  const door = await Receiver.open();
  door.answer = { status, headers: { location } };
  try {
    await work(door);
  } finally {
    await door.close();
  }
}

/** What a refusal says for the reason that the address leads where nobody may be sent. */
const NOT_PUBLIC = 'This address is not on the public internet.';

interface Refusal {
  readonly errors?: readonly { readonly field: string; readonly code: string; readonly message: string }[];
}

/** A tenant's own system is told of events: never one of ours. */
export async function aimWebhooks(scene: HostileScene): Promise<AttackOutcome> {
  const trap = await Trap.open();
  try {
    const passed: string[] = [];
    const name = async (url: string): Promise<string | undefined> => {
      const body = { url, events: ['broadcast.finished'] };
      const answer = await scene.ana.client.post<Refusal>('/webhooks', body);
      const [problem] = answer.body.errors ?? [];
      if (answer.status === 400 && problem?.field === 'url') return problem.message;
      passed.push(`a webhook to ${url} was answered with ${answer.status} ${JSON.stringify(answer.body)}`);
      return undefined;
    };
    const wrongInNothingElse = spellPrivateTargets(trap.port);
    for (const url of wrongInNothingElse) {
      const reason = await name(url);
      if (reason !== undefined && reason !== NOT_PUBLIC)
        passed.push(`${url} was refused for another reason: ${reason}`);
    }
    const others = spellAddresses(trap.port, PUBLIC_HOST);
    for (const url of others) await name(url);
    return { tries: wrongInNothingElse.length + others.length, passed: [...passed, ...trap.heard] };
  } finally {
    await trap.close();
  }
}

interface FirstAttempt {
  readonly status: number | null;
  readonly failure: string | null;
}

/** Past every rule for new addresses: a row that is older than they are. */
async function plantTarget(scene: HostileScene, webhookId: string, url: string): Promise<void> {
  await scene.bots.look('UPDATE webhook_endpoints SET url = $2, failing_since = NULL WHERE id = $1', [
    webhookId,
    url,
  ]);
}

/** A test of the webhook: what came of the first attempt. */
async function sendTest({ ana: { client } }: HostileScene, webhookId: string): Promise<FirstAttempt> {
  const { status, body: sent } = await client.post<{ id: string }>(`/webhooks/${webhookId}/test`);
  if (status >= 300) throw new Error(`No test was sent: ${JSON.stringify(sent)}`);
  return waitUntil(async () => {
    const { body } = await client.get<{ log: FirstAttempt[] }>(
      `/webhooks/${webhookId}/deliveries/${sent.id}`,
    );
    return body.log[0];
  });
}

/** A tenant may have 20, and has one: the sender looks for work once a second, and each takes ten tests a minute. */
const WEBHOOKS = 19;

async function withWebhooks<Result>(
  { ana: { client } }: HostileScene,
  work: (webhookIds: readonly string[]) => Promise<Result>,
): Promise<Result> {
  const webhook = { url: 'https://example.org/', events: ['webhook.test'] };
  const ids: string[] = [];
  for (let n = 0; n < WEBHOOKS; n += 1) {
    const { status, body } = await client.post<{ id: string }>('/webhooks', webhook);
    if (status !== 201) throw new Error(`No webhook was made: ${JSON.stringify(body)}`);
    ids.push(body.id);
  }
  try {
    return await work(ids);
  } finally {
    for (const id of ids) await client.delete(`/webhooks/${id}`);
  }
}

/** What a resolver tells of names that were public when they were named; each has several addresses. */
const REBOUND: Readonly<Record<string, readonly string[]>> = {
  'one.rebound.example': ['127.0.0.1'],
  'one6.rebound.example': ['::1'],
  'mapped.rebound.example': ['::ffff:127.0.0.1'],
  'both.rebound.example': ['::1', '127.0.0.1'],
  'many.rebound.example': ['10.0.0.1', '169.254.169.254', '127.0.0.2', '127.0.0.1'],
  'metadata.rebound.example': ['169.254.169.254'],
  'unspecified.rebound.example': ['0.0.0.0'],
  'relayed.rebound.example': ['64:ff9b::7f00:1', '2002:7f00:1::'],
  'local.rebound.example': ['fe80::1', 'fd00:ec2::254'],
};

/** The names above lead where they say, as if their zone had been changed; all others are asked of the machine. */
function rebindNames(): jest.SpyInstance {
  const lookup = dns.lookup.bind(dns) as (...given: unknown[]) => void;
  const rebound = (name: string, options: unknown, callback: (...came: unknown[]) => void): void => {
    const addresses = REBOUND[name]?.map((address) => ({ address, family: isIP(address) }));
    if (addresses) process.nextTick(callback, null, addresses);
    else lookup(name, options, callback);
  };
  return jest.spyOn(dns, 'lookup').mockImplementation(rebound as typeof dns.lookup);
}

/** An address may be one of ours only after it was named: a name changes its mind, a row is older than a rule. */
export async function misleadWebhooks(scene: HostileScene): Promise<AttackOutcome> {
  const trap = await Trap.open();
  const worker = await scene.bots.start('worker');
  const resolver = rebindNames();
  try {
    const hosts = PRIVATE_HOSTS.map((host) => new URL(`https://${host}/`).hostname);
    // Of names, those that every machine knows; http too, since a row may be older than the rule against it.
    const planted = [
      ...new Set(hosts.filter((host) => isIP(host.replace(/[[\]]/g, '')) || host === 'localhost')),
    ]
      .map((host) => `https://${host}:${trap.port}/`)
      .concat(`http://127.0.0.1:${trap.port}/`, `http://[::1]:${trap.port}/`);
    const named = Object.keys(REBOUND).map((host) => `https://${host}:${trap.port}/`);
    const urls = [...planted, ...named];
    const passed: string[] = [];
    await withWebhooks(scene, (webhookIds) =>
      Promise.all(
        webhookIds.map(async (webhookId, n) => {
          for (const url of urls.filter((_, index) => index % webhookIds.length === n)) {
            if (named.includes(url)) await rename(scene, webhookId, url);
            else await plantTarget(scene, webhookId, url);
            const { status, failure } = await sendTest(scene, webhookId);
            if (status !== null || failure !== 'forbidden_address')
              passed.push(`${url} was not refused for its address, but came to ${status ?? failure}`);
          }
        }),
      ),
    );
    const asked = new Set(resolver.mock.calls.map(([name]) => String(name)));
    for (const name of Object.keys(REBOUND)) if (!asked.has(name)) passed.push(`nobody asked for ${name}`);
    return { tries: urls.length, passed: [...passed, ...trap.heard] };
  } finally {
    resolver.mockRestore();
    await scene.bots.close(worker);
    await trap.close();
  }
}

/** The name itself is anybody's: it is taken. */
async function rename({ ana: { client } }: HostileScene, webhookId: string, url: string): Promise<void> {
  const { status, body } = await client.patch(`/webhooks/${webhookId}`, { url });
  if (status !== 200) throw new Error(`The webhook does not lead to ${url}: ${JSON.stringify(body)}`);
}

/** Where it may call this machine, what answers there must still not send it on. */
export async function redirectWebhooks(scene: HostileScene): Promise<AttackOutcome> {
  const trap = await Receiver.open();
  const worker = await scene.bots.start('worker', { WEBHOOK_PRIVATE_TARGETS: 'true' });
  const passed: string[] = [];
  try {
    await withWebhooks(scene, (webhookIds) =>
      Promise.all(
        REDIRECTS.map((status, n) =>
          withDoor(status, `${trap.url}/inside`, async (door) => {
            const webhookId = webhookIds[n] ?? '';
            await plantTarget(scene, webhookId, `${door.url}/`);
            const came = await sendTest(scene, webhookId);
            if (came.status !== status)
              passed.push(`a redirect by ${status} came to ${JSON.stringify(came)}`);
          }),
        ),
      ),
    );
    return { tries: REDIRECTS.length, passed: [...passed, ...knocksAt(trap)] };
  } finally {
    await scene.bots.close(worker);
    await trap.close();
  }
}
