import { request } from 'undici';
import { AccessOracle } from '../sandbox/index.js';
import { sandboxAccessStandingSchema } from './sandbox-access.dto.js';

/** An API that takes longer is as good as none: somebody waits for the sandbox. */
const ANSWER_WITHIN_MS = 5_000;

/** Asks the API, wherever it runs, about those whom it gave access to the sandbox. */
export class ApiAccessOracle extends AccessOracle {
  /** @param findApiUrl asked each time: on a free port, where the API is turns out later */
  constructor(private readonly findApiUrl: () => string) {
    super();
  }

  async isStanding(accessToken: string): Promise<boolean> {
    const { statusCode, body } = await request(`${this.findApiUrl()}/api/v1/sandbox/access/standing`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ accessToken }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const answer: unknown = await body.json();
    if (statusCode !== 200) throw new Error(`The API answered ${statusCode} about an access token.`);
    return sandboxAccessStandingSchema.parse(answer).isStanding;
  }
}
