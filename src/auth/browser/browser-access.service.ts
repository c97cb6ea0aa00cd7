import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Configuration } from '../../config/index.js';
import { Clock } from '../../platform/clock/index.js';
import { deriveKey } from '../../platform/crypto/index.js';
import { idSchema, type MemberCaller, type OperatorCaller } from '../../platform/identity/index.js';
import { OPERATOR_SESSION_SECONDS, OperatorSessions } from '../operators/operator-sessions.service.js';
import { TokenSigner } from '../token-signer.js';
import { composeCookie, readCookie } from './cookie.rules.js';

const DOCUMENTATION_COOKIE = '__Host-arauto-documentation';
const OPERATOR_COOKIE = '__Host-arauto-operator';
const DOCUMENTATION_SECONDS = 60 * 60;
const claimsSchema = z.object({ sub: idSchema });

/** Who may open, in a browser, pages that aren't for everybody: the API's documentation, the board of the queues. */
@Injectable()
export class BrowserAccess {
  private readonly signer: TokenSigner<z.infer<typeof claimsSchema>>;

  constructor(
    private readonly operators: OperatorSessions,
    configuration: Configuration,
    clock: Clock,
  ) {
    const key = deriveKey(configuration.secrets.SESSION_KEY, 'documentation-token');
    this.signer = new TokenSigner(key, 'documentation+jwt', claimsSchema, clock);
  }

  /** @returns a `Set-Cookie` that opens the documentation for an hour, and nothing else */
  async composeDocumentationCookie({ actor }: MemberCaller): Promise<string> {
    const token = await this.signer.sign({ sub: actor.userId }, DOCUMENTATION_SECONDS);
    return composeCookie(DOCUMENTATION_COOKIE, token, DOCUMENTATION_SECONDS);
  }

  /** @returns a `Set-Cookie` with the operator's own token, for pages alone: routes of the API take no cookie */
  composeOperatorCookie(accessToken: string): string {
    return composeCookie(OPERATOR_COOKIE, accessToken, OPERATOR_SESSION_SECONDS);
  }

  async mayReadDocumentation(cookies: string | undefined): Promise<boolean> {
    const token = readCookie(cookies, DOCUMENTATION_COOKIE);
    if (token !== undefined && (await this.signer.verify(token))) return true;
    return (await this.findOperator(cookies)) !== undefined;
  }

  /** @returns undefined where the operator's session isn't open any more */
  async findOperator(cookies: string | undefined): Promise<OperatorCaller | undefined> {
    const token = readCookie(cookies, OPERATOR_COOKIE);
    return token === undefined ? undefined : this.operators.findByAccessToken(token);
  }
}
