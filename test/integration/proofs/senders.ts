import { PASSWORD } from '../../harness/accounts.js';
import { ApiClient } from '../../harness/client.js';
import { absentThings, type HostileScene } from '../security/hostile-scene.js';
import { type Operation, type Things } from '../security/operations.js';

type Role = 'nobody' | 'member' | 'passer-by' | 'operator';

/** They need no more than being asked for, and end the session of whoever asks. */
const ENDS_SESSIONS = new Set(['Members.leave', 'Auth.signOut']);

/** A passer-by who signed out is refused so often before the next one comes. */
const REFUSALS_OF_A_PASSER_BY = 2;

/**
 * In whose name generated requests go out, so that all of them get past the door. Members ask for what they have;
 * operators for what another tenant has, which may be suspended by it; and what ends the session of whoever asks, such as
 * leaving, is asked for by passers-by, one after the other.
 */
export class Senders {
  private refusals = 0;

  private constructor(
    private readonly scene: HostileScene,
    private readonly letIn: () => Promise<unknown>,
    private readonly tokens: Map<Role, string>,
  ) {}

  /** @param letIn opens the doors that guesses closed */
  static async of(scene: HostileScene, letIn: () => Promise<unknown>): Promise<Senders> {
    const { ana, bots, operator } = scene;
    // A stream stays open while its broadcast is sent.
    await ana.client.post(`/broadcasts/${ana.things.broadcastId}/cancel`);
    const tokens = new Map<Role, string>([
      ['member', ana.accessToken],
      ['passer-by', (await bots.signUp()).accessToken],
      ['operator', operator.accessToken],
    ]);
    return new Senders(scene, letIn, tokens);
  }

  thingsFor(operation: Operation): Things {
    if (roleFor(operation) === 'operator') return this.scene.bia.things;
    // It would end the session that the others go on with.
    return { ...this.scene.ana.things, sessionId: absentThings().sessionId };
  }

  tokenFor(operation: Operation): string | undefined {
    return this.tokens.get(roleFor(operation));
  }

  /** Something that was asked for ended the session: the same member goes on in another, or the next passer-by. */
  async renew(operation: Operation, token: string): Promise<void> {
    const role = roleFor(operation);
    if (this.tokens.get(role) !== token) return;
    if (role === 'passer-by' && (this.refusals += 1) % REFUSALS_OF_A_PASSER_BY !== 0) return;
    await this.letIn();
    const { bots, ana, application } = this.scene;
    const renewed =
      role === 'member' ? await signInAgain(application.url, ana.email) : (await bots.signUp()).accessToken;
    this.tokens.set(role, renewed);
  }
}

async function signInAgain(url: string, email: string): Promise<string> {
  const answer = await new ApiClient(url).post<{ accessToken: string }>('/auth/sign-in', {
    email,
    password: PASSWORD,
  });
  if (answer.status !== 200) throw new Error(`Nobody goes on: ${JSON.stringify(answer.body)}`);
  return answer.body.accessToken;
}

function roleFor(operation: Operation): Role {
  if (operation.role === 'public') return 'nobody';
  // There is one operator, who stays signed in.
  if (operation.role === 'operator') return operation.id === 'Operators.signOut' ? 'nobody' : 'operator';
  return ENDS_SESSIONS.has(operation.id) ? 'passer-by' : 'member';
}
