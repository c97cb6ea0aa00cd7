import { webhookTargetsOf } from '../../../src/app/index.js';
import { Receiver } from '../../harness/receiver.js';
import { waitUntil } from '../bots/bot-scene.js';
import { callMethod, ControlClient, openSandbox, waitFor } from '../sandbox/control-client.js';
import { type HostileScene } from '../security/hostile-scene.js';
import { spellAddresses } from './address-spellings.js';
import { type AttackOutcome } from './attack-outcome.js';

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
  const trap = await Receiver.open();
  const passed: string[] = [];
  let tries = 0;
  try {
    for (const publicUrl of [undefined, `http://${PUBLIC_HOST}`]) {
      const sandbox = await openSandbox({ webhookTargets: webhookTargetsOf(publicUrl) });
      try {
        const control = new ControlClient(sandbox.url);
        const { bot, personId } = await control.createPair();
        for (const url of [
          trap.url,
          `${trap.url}/telegram/webhook/${PATH}`,
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
    return { tries, passed: [...passed, ...knocksAt(trap)] };
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

/** A tenant's own system is told of events: never one of ours. */
export async function aimWebhooks(scene: HostileScene): Promise<AttackOutcome> {
  const trap = await Receiver.open();
  try {
    const passed: string[] = [];
    const spellings = spellAddresses(trap.port, PUBLIC_HOST);
    for (const url of spellings) {
      const body = { url, events: ['broadcast.finished'] };
      const answer = await scene.ana.client.post('/webhooks', body);
      if (answer.status < 400) passed.push(`a webhook may go to ${url}`);
      if (answer.status >= 500) passed.push(`${url} was answered with ${answer.status}`);
    }
    return { tries: spellings.length, passed: [...passed, ...knocksAt(trap)] };
  } finally {
    await trap.close();
  }
}

/** A test of the webhook after its address became another: what came of the first attempt. */
async function sendTo(
  scene: HostileScene,
  webhookId: string,
  url: string,
): Promise<{ status: number | null; failure: string | null }> {
  await scene.bots.look('UPDATE webhook_endpoints SET url = $2, failing_since = NULL WHERE id = $1', [
    webhookId,
    url,
  ]);
  const { client } = scene.ana;
  const { body: sent } = await client.post<{ id: string }>(`/webhooks/${webhookId}/test`);
  return waitUntil(async () => {
    const { body } = await client.get<{ log: { status: number | null; failure: string | null }[] }>(
      `/webhooks/${webhookId}/deliveries/${sent.id}`,
    );
    return body.log[0];
  });
}

/** So many at a time: the sender looks for work once a second. */
const WEBHOOKS = 10;

async function withWebhooks<Result>(
  { ana: { client } }: HostileScene,
  work: (webhookIds: readonly string[]) => Promise<Result>,
): Promise<Result> {
  const webhook = { url: 'https://example.org/', events: ['webhook.test'] };
  const ids: string[] = [];
  for (let n = 0; n < WEBHOOKS; n += 1)
    ids.push((await client.post<{ id: string }>('/webhooks', webhook)).body.id);
  try {
    return await work(ids);
  } finally {
    for (const id of ids) await client.delete(`/webhooks/${id}`);
  }
}

/** An address may be one of ours only after it was named: a name changes its mind, a row is older than a rule. */
export async function misleadWebhooks(scene: HostileScene): Promise<AttackOutcome> {
  const trap = await Receiver.open();
  const worker = await scene.bots.start('worker');
  try {
    const leading = spellAddresses(trap.port, PUBLIC_HOST)
      .filter((url) => URL.canParse(url) && new URL(url).port === String(trap.port))
      .map((url) => new URL(url))
      .filter(({ protocol, username }) => protocol === 'http:' && username === '');
    const urls = new Map(leading.map((url) => [url.hostname, url.href]));
    const passed: string[] = [];
    const queue = [...urls.values(), trap.url];
    const failures = new Map<string, string | null>();
    await withWebhooks(scene, (webhookIds) =>
      Promise.all(
        webhookIds.map(async (webhookId) => {
          for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
            const { status, failure } = await sendTo(scene, webhookId, url);
            failures.set(url, failure);
            if (status !== null) passed.push(`${url} answered ${status}`);
          }
        }),
      ),
    );
    // For the right reason, and not because nothing was sent at all.
    const reason = failures.get(trap.url);
    if (reason !== 'forbidden_address') passed.push(`the trap itself was refused for ${reason}`);
    return { tries: urls.size + 1, passed: [...passed, ...knocksAt(trap)] };
  } finally {
    await scene.bots.close(worker);
    await trap.close();
  }
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
            const came = await sendTo(scene, webhookIds[n] ?? '', `${door.url}/`);
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
