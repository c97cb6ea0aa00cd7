import { absentThings, type HostileScene, settle } from '../security/hostile-scene.js';
import { type Operation, type Things } from '../security/operations.js';
import { actsAtOnce } from './isolation-cases.js';

type Role = 'nobody' | 'member' | 'passer-by' | 'operator';

/** A passer-by who signed out is refused so often before the next one comes. */
const REFUSALS_OF_A_PASSER_BY = 5;

/**
 * In whose name generated requests go out, so that all of them get past the door. Members ask for what they have;
 * operators for what another tenant has, which may be suspended by it; and what needs no more than being asked for, such
 * as leaving, is asked for by passers-by, one after the other.
 */
export class Senders {
  private renewals = 0;
  private refusals = 0;

  private constructor(
    private readonly scene: HostileScene,
    private readonly letIn: () => Promise<unknown>,
    private readonly planId: string,
    private readonly tokens: Map<Role, string>,
  ) {}

  /** @param letIn opens the doors that guesses closed */
  static async of(scene: HostileScene, letIn: () => Promise<unknown>): Promise<Senders> {
    const { ana, bots, operator } = scene;
    // A stream stays open while its broadcast is sent.
    await ana.client.post(`/broadcasts/${ana.things.broadcastId}/cancel`);
    const [plan] = await bots.look<{ id: string }>('SELECT id FROM plans WHERE is_default');
    const tokens = new Map<Role, string>([
      ['member', ana.accessToken],
      ['passer-by', (await bots.signUp()).accessToken],
      ['operator', operator.accessToken],
    ]);
    return new Senders(scene, letIn, plan?.id ?? '', tokens);
  }

  thingsFor(operation: Operation): Things {
    if (roleFor(operation) === 'operator') return this.scene.bia.things;
    // It would end the session that the others go on with.
    return { ...this.scene.ana.things, sessionId: absentThings().sessionId };
  }

  tokenFor(operation: Operation): string | undefined {
    return this.tokens.get(roleFor(operation));
  }

  /** Something that was asked for ended the session: somebody else goes on. */
  async renew(operation: Operation, token: string): Promise<void> {
    const role = roleFor(operation);
    if (this.tokens.get(role) !== token) return;
    if (role === 'passer-by' && (this.refusals += 1) % REFUSALS_OF_A_PASSER_BY !== 0) return;
    await this.letIn();
    const { scene } = this;
    // Operators may have made a plan the usual one under which nobody can do anything.
    await scene.bots.look('UPDATE plans SET is_default = false WHERE is_default');
    await scene.bots.look('UPDATE plans SET is_default = true WHERE id = $1', [this.planId]);
    if (role === 'passer-by') this.tokens.set(role, (await scene.bots.signUp()).accessToken);
    if (role === 'member') {
      const canary = `canary-of-another-${(this.renewals += 1)}`;
      const { accessToken } = await settle(scene.bots, scene.application, scene.operator, canary, []);
      this.tokens.set(role, accessToken);
    }
  }
}

function roleFor(operation: Operation): Role {
  if (operation.role === 'public') return 'nobody';
  // There is one operator, who stays signed in.
  if (operation.role === 'operator') return operation.id === 'Operators.signOut' ? 'nobody' : 'operator';
  return actsAtOnce(operation) ? 'passer-by' : 'member';
}
