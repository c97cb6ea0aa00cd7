import { randomInt } from 'node:crypto';
import { HostileScene, isProblem, sendRaw } from '../security/hostile-scene.js';
import { type Operation, operations } from '../security/operations.js';
import { ATTACKS } from './attacks.js';
import { endingOf, isEnding } from './ending-operations.js';
import { type GeneratedRequest, RequestGenerator } from './generated-requests.js';
import { atScale, ProofReport } from './proof-report.js';
import { Senders } from './senders.js';

jest.setTimeout(atScale({ short: 120_000, quick: 240_000, full: 3_600_000 }));

const REQUESTS = atScale({ short: 1_500, quick: 5_000, full: 100_000 });
const AT_ONCE = 16;
/** Of a body that fits into what lies between two sockets, nobody notices that it isn't read. */
const NOTICED_BYTES = 50_000;
/** Of one operation in a row; all of them get their turn. */
const BATCH = 25;

/** Of what is sent, at least so much is let through; it falls with the things that are deleted meanwhile. */
const ACCEPTED_SHARE = 0.15;

/** What no generated request gets through to, by what whoever sends one would need. */
const NEVER_ACCEPTED: Readonly<Record<string, string>> = {
  ...named('a link that came by mail', [
    ...[
      'Emails.confirm',
      'Passwords.reset',
      'Joining.preview',
      'Joining.accept',
      'Joining.acceptWithAccount',
    ],
    ...['SigningUp.complete', 'TenantDeletion.restore'],
  ]),
  ...named('somebody who let a schedule wait', ['ScheduleApproval.approve', 'ScheduleApproval.refuse']),
  ...named('what a stack has at that moment', ['Stacks.order']),
  ...named("the tenant's own name, and its end", ['TenantDeletion.request']),
  ...named('an address that is not confirmed yet', ['Emails.resend']),
  ...named('what nothing needs any more', ['Messages.archive', 'Assets.delete', 'Plans.delete']),
  ...named('the password, of which guesses close the door', [
    ...['Members.transferOwnership', 'Exports.request'],
    ...['Auth.signIn', 'Operators.signIn', 'Emails.change', 'Passwords.change', 'SecondFactor.setUp'],
  ]),
  ...named('a chat that still listens, while others are erased', ['Broadcast.test']),
  ...named('a second factor', [
    ...[
      'Auth.finishSignIn',
      'SecondFactor.confirm',
      'SecondFactor.replaceRecoveryCodes',
      'SecondFactor.remove',
    ],
  ]),
  ...named('a broadcast that is being sent, or was', [
    ...['BroadcastControl.pause', 'BroadcastControl.resume', 'BroadcastControl.resend'],
    ...['BroadcastChanges.edit', 'BroadcastChanges.recall'],
  ]),
  ...named('a token that only Telegram gives', ['Bots.connect', 'Bots.replaceToken']),
  ...named('a secret that was given to somebody', ['Auth.refresh', 'Calendar.writeFeed']),
  ...named('a session that nobody goes on with', ['Operators.signOut', 'Sessions.end']),
  ...named('a second tenant, or a second owner', ['Auth.switchTenant', 'Members.leave']),
};
function named(what: string, ids: readonly string[]): Record<string, string> {
  return Object.fromEntries(ids.map((id) => [id, what]));
}

const report = new ProofReport('hostile', [
  ...[
    'requests',
    'invalid',
    'refused',
    'accepted',
    'closedEarly',
    'brokenOff',
    'serverErrors',
    'silentlyAccepted',
    'malformedProblems',
  ],
  ...['attacks', 'attacksPassed'],
]);
afterAll(() => report.write());
const found = (...names: string[]) =>
  report.findings.filter((finding) => names.some((name) => finding.startsWith(`${name}:`)));

describe('whoever means harm', () => {
  const seed = Number(process.env['PROOF_SEED'] ?? randomInt(2 ** 31));
  let scene: HostileScene;
  beforeAll(async () => {
    scene = await HostileScene.open();
  });
  afterAll(() => scene.end());

  /** All of them at once, and not row by row: others count meanwhile, and would wait for each other. */
  const forgetGuesses = () => scene.bots.look('TRUNCATE guess_counts');

  it.each(Object.entries(ATTACKS))('gets nowhere by %s', async (what, attack) => {
    const { tries, passed } = await attack(scene);
    report.add('attacks', tries);
    for (const one of passed) report.find('attacksPassed', `${what}: ${one}`);
    report.line(what, tries);
    expect(passed).toEqual([]);
  });

  it('is answered whatever they send, and never with a failure of ours or the acceptance of what is forbidden', async () => {
    report.set('seed', seed);
    /** Operations that took the caller for somebody, so that what was sent got further than the door. */
    const heard = new Set<string>();
    const accepted = new Set<string>();
    const refusals = new Map<string, string>();
    // Those who guessed closed the door for a while.
    await forgetGuesses();
    // And what was mailed just now isn't mailed again.
    await scene.bots.look(`UPDATE invitations SET mailed_at = now() - interval '1 hour'`);
    const senders = await Senders.of(scene, forgetGuesses);
    const generator = new RequestGenerator(operations, (operation) => senders.thingsFor(operation));
    const queue = plan(operations, generator, seed);
    // The program by itself answers, as it is built, while this process makes what to send.
    const server = await scene.bots.startProcess('api');

    const deleted: string[] = [];
    const brokenOff: string[] = [];
    const judge = async (request: GeneratedRequest): Promise<void> => {
      const { operation, target, body, headers } = request;
      const token = senders.tokenFor(operation);
      report.add('requests');
      if (request.isInvalid) report.add('invalid');
      const answer = await sendRaw(server.apiUrl, operation.method, target, {
        ...(token !== undefined && { token }),
        ...(body !== undefined && { body }),
        headers: { ...headers },
      }).catch((error: unknown) => {
        // A body refused by its head alone is not read: whoever goes on sending it finds the connection closed.
        if ((body?.length ?? 0) > NOTICED_BYTES) report.add('closedEarly');
        // Breaking off tells that a file isn't whole, and is right where it was deleted while it went out.
        else if (operation.id === 'Assets.download' && String(error).includes('terminated')) {
          report.add('brokenOff');
          brokenOff.push(target);
        } else report.find('serverErrors', `no answer to ${tell(request)}: ${String(error)}`);
      });
      if (!answer) return;
      const isAccepted = answer.status < 400;
      if (isAccepted && operation.id === 'Assets.delete') deleted.push(target.split('?', 1)[0] ?? '');
      report.add(isAccepted ? 'accepted' : 'refused');
      const told = () => `${tell(request)}: ${answer.status} ${answer.text.slice(0, 200)} (seed ${seed})`;
      if (answer.status < 300) accepted.add(operation.id);
      else if (!refusals.has(operation.id)) refusals.set(operation.id, told());
      if (answer.status >= 500) report.find('serverErrors', told());
      else if (!isAccepted && !isProblem(answer)) report.find('malformedProblems', told());
      if (isAccepted && request.isInvalid) report.find('silentlyAccepted', told());
      if (token === undefined) return;
      if (!answer.text.includes('"not_signed_in"')) heard.add(operation.id);
      else await senders.renew(operation, token);
    };
    const work = async (): Promise<void> => {
      for (let next = queue.next(); !next.done; next = queue.next()) {
        await judge(next.value);
        report.progress('requests', report.count('requests'), REQUESTS);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));

    for (const target of brokenOff) {
      if (!deleted.some((file) => target.startsWith(`${file}/`)))
        report.find('serverErrors', `broke off though nobody deleted it: ${target}`);
    }
    // Each deletion breaks off what was under way at that moment, and no more.
    expect(brokenOff.length).toBeLessThanOrEqual(deleted.length * AT_ONCE);
    report.line('requests', report.count('requests'));
    report.line('of these forbidden by the document', report.count('invalid'));
    report.line('accepted', report.count('accepted'));
    report.line('failures of ours', report.count('serverErrors'));
    report.line('accepted although forbidden', report.count('silentlyAccepted'));
    expect(found('serverErrors', 'silentlyAccepted', 'malformedProblems')).toEqual([]);
    expect(report.count('requests')).toBe(REQUESTS);
    const unheard = operations.filter((one) => senders.tokenFor(one) !== undefined && !heard.has(one.id));
    expect(unheard.map(({ id }) => id)).toEqual([]);
    // Every operation did what it is for at least once, or nothing behind its validation was reached.
    const unaccepted = operations.filter(({ id }) => !accepted.has(id) && !(id in NEVER_ACCEPTED));
    expect(unaccepted.map(({ id }) => refusals.get(id))).toEqual([]);
    report.set('acceptedOperations', accepted.size);
    report.line('operations that let somebody through', accepted.size);
    expect(report.count('accepted')).toBeGreaterThan(REQUESTS * ACCEPTED_SHARE);
    // And enough was known to be wrong, or none of it could have been accepted in silence; most operations take no body.
    expect(report.count('invalid')).toBeGreaterThan(REQUESTS / 8);
  });
});

function tell({ operation, target, headers, body }: GeneratedRequest): string {
  return `${operation.id} ${target.slice(0, 200)} ${JSON.stringify(headers)} ${body?.slice(0, 400)}`;
}

/** All operations in turn, so that they meet each other's traces: each as it is meant first, and what ends something last. */
function* plan(
  chosen: readonly Operation[],
  generator: RequestGenerator,
  seed: number,
): Generator<GeneratedRequest, undefined> {
  const inTurn = chosen.toSorted((one, other) => endingOf(one) - endingOf(other));
  const firsts = inTurn.filter((one) => !isEnding(one)).flatMap((operation) => generator.right(operation));
  yield* firsts;
  const batch = Math.min(BATCH, Math.floor((REQUESTS - firsts.length) / chosen.length));
  for (let sent = firsts.length, round = 0; sent < REQUESTS; round += 1) {
    for (const [n, operation] of inTurn.entries()) {
      const right = round === 0 && isEnding(operation) ? generator.right(operation) : [];
      const samples = generator.sample(operation, batch, seed + round * chosen.length + n);
      for (const request of [...right, ...samples].slice(0, batch)) {
        if (sent === REQUESTS) return;
        sent += 1;
        yield request;
      }
    }
  }
}
