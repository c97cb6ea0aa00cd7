import { unzip } from '../../harness/zip.js';
import { type Operation, operations } from '../security/operations.js';

/** Where operations give out what they have just made: fields of the answer, or its cookie. Nowhere else may one be. */
const GIVEN_OUT: Readonly<Record<string, readonly string[]>> = {
  'SigningUp.complete': ['accessToken', 'refreshToken', 'set-cookie'],
  'SigningUp.signUp': ['accessToken', 'refreshToken', 'set-cookie'],
  'Auth.signIn': ['accessToken', 'refreshToken', 'challenge', 'set-cookie'],
  'Auth.finishSignIn': ['accessToken', 'refreshToken', 'set-cookie'],
  'Auth.refresh': ['accessToken', 'refreshToken', 'set-cookie'],
  'Auth.switchTenant': ['accessToken', 'refreshToken', 'set-cookie'],
  'SecondFactor.setUp': ['secret', 'uri'],
  'SecondFactor.confirm': ['recoveryCodes'],
  'SecondFactor.replaceRecoveryCodes': ['recoveryCodes'],
  'Operators.signIn': ['accessToken'],
  'Operators.openPages': ['set-cookie'],
  'DocumentationAccess.open': ['set-cookie'],
  'SupportAccess.open': ['accessToken'],
  'SandboxAccess.grant': ['pageUrl', 'accessToken'],
  'ApiKeys.create': ['key'],
  'Webhooks.create': ['secret'],
  'Webhooks.rotateSecret': ['secret'],
  'Calendar.createFeed': ['path'],
  'TenantDeletion.request': ['restoreToken'],
};
/** The same session has the same access token until the second is over. */
const MAY_REPEAT = ['Auth.refresh'];
/** What a zip with anything in it begins with (APPNOTE 4.3.7). */
const ZIP = 'PK\x03\x04';
const FIGURES = ['Health.', 'InstallationHealth.', 'Usage.', 'OperatedTenants.readUsage'];

/** A secret as an answer gave it out. */
export interface GivenOut {
  readonly name: string;
  readonly value: string;
  /** Whoever asked had shown it, or was given it before. */
  readonly isAskersOwn: boolean;
}

/** Takes down every answer of the application, without what it gives out where that belongs. */
export class RecordedAnswers {
  readonly answers: { readonly place: string; readonly text: string }[] = [];
  /** Operations that were answered with a 2xx. */
  readonly accepted = new Set<string>();
  private readonly fetch = globalThis.fetch;
  /** To whom what was given out, by what they showed at the door. */
  private readonly owners = new Map<string, string>();

  /** @param isOurs tells of an origin whether it is the application; what else is asked is not taken down */
  constructor(
    isOurs: (origin: string) => boolean,
    private readonly take: (given: GivenOut) => void,
  ) {
    globalThis.fetch = async (input, init) => {
      const answer = await this.fetch(input, init);
      const address = new URL(input instanceof Request ? input.url : input);
      if (isOurs(address.origin)) await this.record(address.pathname, init ?? {}, answer.clone());
      return answer;
    };
  }

  end(): void {
    globalThis.fetch = this.fetch;
  }

  private async record(pathname: string, { method = 'GET', headers, body }: RequestInit, answer: Response) {
    const operation = operationAt(method, pathname);
    if (operation && answer.ok) this.accepted.add(operation.id);
    const asker = new Headers(headers).get('authorization') ?? '';
    const shown = `${asker} ${new Headers(headers).get('cookie')} ${typeof body === 'string' ? body : ''}`;
    const place = `${kindOf(operation)} of ${method} ${pathname}`;
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (bytes.toString('latin1', 0, ZIP.length) === ZIP) {
      for (const [name, content] of unzip(bytes))
        this.answers.push({ place: `archives of ${name}`, text: content.toString('latin1') });
      return;
    }
    let text = bytes.toString() + JSON.stringify([...answer.headers]);
    for (const value of givenOutBy(operation, bytes, answer.headers)) {
      const isAskersAgain = asker !== '' && this.owners.get(value) === asker;
      const isAskersOwn = isAskersAgain || shown.includes(value) || MAY_REPEAT.includes(operation?.id ?? '');
      this.owners.set(value, asker);
      this.take({ name: `what ${operation?.id} gave`, value, isAskersOwn });
      // Once: where it stands beside its place, it stays to be found.
      text = text.replace(value, '[given out]');
    }
    this.answers.push({ place, text });
  }
}

function kindOf(operation: Operation | undefined): string {
  return FIGURES.some((prefix) => operation?.id.startsWith(prefix)) ? 'figures' : 'answers';
}

function givenOutBy(operation: Operation | undefined, bytes: Buffer, headers: Headers): string[] {
  const fields = GIVEN_OUT[operation?.id ?? ''];
  if (!fields) return [];
  const cookies = fields.includes('set-cookie') ? headers.getSetCookie() : [];
  const inCookies = cookies.flatMap((cookie) => /^[^=]+=([^;]{16,})/.exec(cookie)?.[1] ?? []);
  const isJson = headers.get('content-type')?.startsWith('application/json') ?? false;
  const body = isJson ? (JSON.parse(bytes.toString()) as Record<string, unknown>) : {};
  return [...fields.flatMap((field) => body[field] ?? []), ...inCookies].filter(
    (value): value is string => typeof value === 'string',
  );
}

const patterns = operations
  .map((operation) => ({
    operation,
    pattern: new RegExp(`^${operation.template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
    names: operation.template.split('{').length,
  }))
  // A word before a name: /schedules/export is no schedule.
  .sort((one, other) => one.names - other.names);

function operationAt(method: string, pathname: string): Operation | undefined {
  return patterns.find(({ operation, pattern }) => operation.method === method && pattern.test(pathname))
    ?.operation;
}
