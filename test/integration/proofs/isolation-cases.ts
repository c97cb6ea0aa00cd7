import { createHmac } from 'node:crypto';
import { AccessTokens } from '../../../src/auth/access-token.service.js';
import { Configuration } from '../../../src/config/index.js';
import { Clock } from '../../../src/platform/clock/index.js';
import {
  asTenantId,
  asUserId,
  isAtLeast,
  TENANT_ROLES,
  type TenantRole,
} from '../../../src/platform/identity/index.js';
import {
  absentThings,
  type HostileScene,
  type Household,
  isProblem,
  type RawAnswer,
  sendRaw,
  tellingParts,
} from '../security/hostile-scene.js';
import { addressOf, type Operation, type Things } from '../security/operations.js';
import { type ProofReport } from './proof-report.js';
import { type ApiKeys, type Visitors } from './visitors.js';

/** Sends one request to an operation. */
interface Asked {
  readonly things: Things;
  readonly token?: string | undefined;
  readonly authorization?: string;
  readonly body?: unknown;
  readonly query?: string;
  readonly path?: Record<string, string>;
}

/** Filters that name a thing by another word. */
const FILTERED_THINGS: Readonly<Record<string, keyof Things>> = { actorId: 'ownerId' };

/** Make their own tag although the filter fits nothing of the tenant's. */
const WRITE_WITHOUT_STRANGERS = ['Chats.tagMany'];

const MALFORMED_IDS = ['x', '1', '-1', "' OR true --", '{}', 'a\0', '../..'];

/**
 * What one operation must keep to itself, tried: by nobody, by every role, by those whose time is over, and with a
 * stranger's things in every place that names one, beside such as nobody has.
 */
export class IsolationCases {
  /** By the kind of case, the operations that were tried with it. */
  private readonly tried = new Map<string, Set<string>>();

  constructor(
    private readonly scene: HostileScene,
    private readonly report: ProofReport,
    private readonly visitors: Visitors,
    private readonly keys: ApiKeys,
  ) {}

  /** How many operations there were for each kind of case. */
  get operationsByKind(): Record<string, number> {
    return Object.fromEntries([...this.tried].map(([kind, ids]) => [kind, ids.size]));
  }

  async run(operation: Operation): Promise<void> {
    const before = await this.scene.digest();
    if (operation.role === 'public') await this.askAsAnybody(operation);
    else if (operation.role === 'operator') return this.askOperatorsOwn(operation);
    else {
      await this.askAnonymously(operation);
      await this.askAsEveryRole(operation, operation.role);
      await this.askInSupport(operation, operation.role);
      await this.askSuspended(operation);
      await this.askWithKeys(operation, this.keys);
    }
    if (operation.path) await this.askForIds(operation, operation.path);
    await this.askWithForeignBodies(operation);
    await this.askWithForeignFilters(operation);
    const after = await this.scene.digest();
    // What is open to everybody counts attempts.
    if (operation.role === 'public' || WRITE_WITHOUT_STRANGERS.includes(operation.id)) return;
    if (JSON.stringify(before) !== JSON.stringify(after))
      this.report.find('writes', `${operation.id} wrote although every request was refused`);
  }

  /** No member is taken for an operator, in whatever role, and no program, and no look into a tenant. */
  private async askOperatorsOwn(operation: Operation): Promise<void> {
    const before = await this.scene.digest();
    const { ana, operator } = this.scene;
    await this.askAnonymously(operation);
    const others: Record<string, string> = {
      ...Object.fromEntries(TENANT_ROLES.map((role) => [`as ${role}`, ana.tokens[role]])),
      ...this.visitors.suspended,
      'with a key for everything': this.keys.ofAllScopes,
      'in support': this.visitors.support,
    };
    const body = operation.bodies?.(ana.things)[0];
    for (const [what, token] of Object.entries(others)) {
      const answer = await this.ask(operation, { things: ana.things, token, body });
      this.judge(operation, what, answer, answer.status === 401 && isProblem(answer));
    }
    if (operation.path) {
      const token = operator.accessToken;
      const answer = await this.ask(operation, { things: absentThings(), token, body });
      this.judge(operation, 'absent id', answer, answer.status === 404 && isProblem(answer));
      await this.askForMalformedIds(operation, operation.path(ana.things), token);
    }
    if (JSON.stringify(before) !== JSON.stringify(await this.scene.digest()))
      this.report.find('writes', `${operation.id} wrote although every request was refused`);
  }

  /** Of the operations that anybody may call there is nobody to turn away; they must only tell nothing. */
  private async askAsAnybody(operation: Operation): Promise<void> {
    const body = operation.bodySchema && {};
    this.judge(operation, 'anybody', await this.ask(operation, { things: absentThings(), body }), true);
  }

  private async askAnonymously(operation: Operation): Promise<void> {
    const { tokens, refreshToken } = this.scene.ana;
    const [head = '', payload = ''] = tokens.owner.split('.');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    const forged = createHmac('sha256', 'a key of somebody else').update(`${head}.${payload}`);
    const authorizations: Record<string, string | undefined> = {
      'no header': undefined,
      'no token': 'Bearer',
      garbage: 'Bearer x',
      unsigned: `Bearer ${none}.${payload}.`,
      'signed by another key': `Bearer ${head}.${payload}.${forged.digest('base64url')}`,
      'changed at the end': `Bearer ${tokens.owner}x`,
      'refresh token': `Bearer ${refreshToken}`,
      'another scheme': `Basic ${tokens.owner}`,
      expired: `Bearer ${await this.signExpired()}`,
      ...Object.fromEntries(
        Object.entries(this.visitors.over).map(([what, token]) => [what, `Bearer ${token}`]),
      ),
      ...(operation.role !== 'operator' && { "an operator's": `Bearer ${this.scene.operator.accessToken}` }),
    };
    for (const [what, authorization] of Object.entries(authorizations)) {
      const answer = await this.ask(operation, {
        things: this.scene.ana.things,
        ...(authorization !== undefined && { authorization }),
        body: operation.bodySchema && {},
      });
      const isTurnedAway =
        answer.status === 401 && isProblem(answer) && answer.headers.has('www-authenticate');
      this.judge(operation, `anonymous (${what})`, answer, isTurnedAway);
    }
  }

  private async askAsEveryRole(operation: Operation, needed: TenantRole): Promise<void> {
    for (const role of TENANT_ROLES) {
      const isAllowed = isAtLeast(role, needed);
      // What works without being told anything would work here.
      if (isAllowed && actsAtOnce(operation)) continue;
      const answer = await this.ask(operation, {
        things: absentThings(),
        token: this.scene.ana.tokens[role],
        body: operation.bodySchema && {},
      });
      const isRefused = answer.status === 403 && answer.text.includes('"not_allowed"');
      this.judge(operation, `as ${role}`, answer, isRefused !== isAllowed);
    }
  }

  /** Whoever helps sees what a viewer sees, and does nothing that a member does for themselves. */
  private async askInSupport(operation: Operation, needed: TenantRole): Promise<void> {
    const answer = await this.ask(operation, {
      things: absentThings(),
      token: this.visitors.support,
      body: operation.bodySchema && {},
    });
    const isRefused = answer.status === 403 && isProblem(answer);
    const isLook = operation.method === 'GET' && needed === 'viewer';
    const isAsExpected = isLook
      ? answer.status !== 401
      : needed === 'viewer'
        ? answer.status >= 400
        : isRefused;
    this.judge(operation, 'in support', answer, isAsExpected);
  }

  private async askSuspended(operation: Operation): Promise<void> {
    for (const [what, token] of Object.entries(this.visitors.suspended)) {
      const answer = await this.ask(operation, {
        things: absentThings(),
        token,
        body: operation.bodySchema && {},
      });
      const isRefused = answer.status === 403 && answer.text.includes('"tenant_suspended"');
      this.judge(operation, what, answer, isRefused);
    }
  }

  /** What the key has no scope for is refused, and what no key may do at all. */
  private async askWithKeys(operation: Operation, keys: ApiKeys): Promise<void> {
    const ask = (token: string) =>
      this.ask(operation, { things: absentThings(), token, body: operation.bodySchema && {} });
    const { scope } = operation;
    if (scope === undefined) {
      const answer = await ask(keys.ofAllScopes);
      const isRefused = answer.status === 403 && answer.text.includes('"members_only"');
      return this.judge(operation, 'with a key for everything', answer, isRefused);
    }
    const refused = await ask(keys.withoutScope(scope));
    const isRefused = refused.status === 403 && refused.text.includes('"scope_missing"');
    this.judge(operation, `with a key for all but ${scope}`, refused, isRefused);
    if (actsAtOnce(operation)) return;
    const accepted = await ask(keys.ofScope(scope));
    const isLetIn = accepted.status !== 401 && accepted.status !== 403;
    this.judge(operation, `with a key for ${scope}`, accepted, isLetIn);
  }

  private async askForIds(
    operation: Operation,
    path: (things: Things) => Record<string, string>,
  ): Promise<void> {
    const { ana, bia } = this.scene;
    const body = operation.bodies?.(ana.things)[0];
    const ask = (things: Things, more: Partial<Asked> = {}) =>
      this.ask(operation, { things, token: ana.tokens.owner, body, ...more });
    const [foreign, absent] = [await ask(bia.things), await ask(absentThings())];
    this.judge(operation, 'absent id', absent, absent.status === 404 && isProblem(absent));
    this.compare(operation, 'foreign id', foreign, absent);
    await this.askForMalformedIds(operation, path(ana.things), ana.tokens.owner);
    const ids = idNamesOf(operation);
    if (ids.length < 2) return;
    // A stranger's thing below one's own.
    for (const name of ids) {
      const below = (things: Things) =>
        ask(ana.things, { path: { ...path(ana.things), [name]: path(things)[name] ?? '' } });
      this.compare(operation, 'foreign id', await below(bia.things), await below(absentThings()));
    }
  }

  private async askForMalformedIds(
    operation: Operation,
    good: Record<string, string>,
    token: string,
  ): Promise<void> {
    for (const name of idNamesOf(operation)) {
      for (const malformed of MALFORMED_IDS) {
        const answer = await this.ask(operation, {
          things: this.scene.ana.things,
          token,
          body: operation.bodies?.(this.scene.ana.things)[0],
          path: { ...good, [name]: malformed },
        });
        this.judge(operation, 'malformed id', answer, answer.status === 400 && isProblem(answer));
      }
    }
  }

  /** A stranger's things wherever a body names one. */
  private async askWithForeignBodies(operation: Operation): Promise<void> {
    const { ana, bia } = this.scene;
    const own = operation.bodies?.(ana.things) ?? [];
    const absent = operation.bodies?.(absentThings()) ?? [];
    for (const [index, body] of (operation.bodies?.(bia.things) ?? []).entries()) {
      if (JSON.stringify(body) === JSON.stringify(own[index])) continue;
      const ask = (given: unknown) =>
        this.ask(operation, { things: ana.things, token: ana.tokens.owner, body: given });
      this.compare(operation, 'foreign body', await ask(body), await ask(absent[index]));
    }
  }

  /** A stranger's things wherever a query names one. */
  private async askWithForeignFilters(operation: Operation): Promise<void> {
    const { ana, bia } = this.scene;
    for (const { in: place, name } of operation.parameters) {
      if (place !== 'query') continue;
      const ask = (things: Things, word: string) => {
        const thing = FILTERED_THINGS[name] ?? name;
        const value = thing in things ? things[thing as keyof Things] : word;
        return this.ask(operation, {
          things: ana.things,
          token: ana.tokens.owner,
          query: `${name}=${encodeURIComponent(value)}`,
        });
      };
      if (!/Id$|^tag$|^search$/.test(name)) continue;
      const nobody = absentThings();
      const foreign = await ask(bia.things, bia.canary);
      this.compare(operation, `foreign ${name}`, foreign, await ask(nobody, nobody.tag));
    }
  }

  /** Whatever it is, it tells as much of a stranger's as of nobody's. */
  private compare(operation: Operation, what: string, foreign: RawAnswer, absent: RawAnswer): void {
    this.judge(operation, what, foreign, true);
    const [one, other] = [tellingParts(foreign), tellingParts(absent)].map((parts) => JSON.stringify(parts));
    if (one !== other)
      this.report.find('distinguishable', `${operation.id}, ${what}: ${one} instead of ${other}`);
  }

  private judge(operation: Operation, what: string, answer: RawAnswer, isAsExpected: boolean): void {
    this.report.add('cases');
    const kind = what.replace(/ (\(.*|for .*)/, '');
    this.tried.set(kind, (this.tried.get(kind) ?? new Set()).add(operation.id));
    const told = `${operation.id}, ${what}: ${answer.status} ${answer.text.slice(0, 200)}`;
    if (answer.status >= 500) this.report.find('serverErrors', told);
    if (!isAsExpected) this.report.find('unexpected', told);
    if (knowsOf(this.scene.bia, answer)) this.report.find('leaks', told);
  }

  private ask(operation: Operation, asked: Asked): Promise<RawAnswer> {
    const path = asked.path ?? operation.path?.(asked.things) ?? {};
    const query = asked.query === undefined ? '' : `?${asked.query}`;
    return sendRaw(this.scene.application.url, operation.method, addressOf(operation, path) + query, {
      ...(asked.token !== undefined && { token: asked.token }),
      ...(asked.body !== undefined && { body: JSON.stringify(asked.body) }),
      headers: asked.authorization === undefined ? {} : { authorization: asked.authorization },
    });
  }

  /** A token of ana's own session, a minute over. */
  private async signExpired(): Promise<string> {
    const { app } = this.scene.application;
    const lastHour = new (class extends Clock {
      override now(): Date {
        return new Date(Date.now() - 16 * 60_000);
      }
    })();
    const claims = JSON.parse(
      Buffer.from(this.scene.ana.accessToken.split('.')[1] ?? '', 'base64url').toString(),
    ) as Record<'sub' | 'tid' | 'sid', string>;
    return new AccessTokens(app.get(Configuration), lastHour).sign({
      userId: asUserId(claims.sub),
      tenantId: asTenantId(claims.tid),
      sessionId: claims.sid,
    });
  }
}

function idNamesOf({ parameters }: Operation): string[] {
  return parameters
    .filter(({ in: place, schema }) => place === 'path' && schema.format === 'uuid')
    .map(({ name }) => name);
}

/** Claims that the operation needs nothing but somebody who may: no id, no body, no file. */
export function actsAtOnce({ method, path, bodySchema, isUpload }: Operation): boolean {
  return method !== 'GET' && path === undefined && bodySchema === undefined && !isUpload;
}

/** Claims that the answer has something of this household's in it. */
export function knowsOf(household: Household, { text, headers }: RawAnswer): boolean {
  const whole = text + JSON.stringify([...headers]);
  const { email, userId, canary, things, botToken } = household;
  return [email, userId, canary, botToken, ...Object.values<string>({ ...things })].some((secret) =>
    whole.includes(secret),
  );
}
