import { type ApiClient } from '../../harness/client.js';

export interface Occurrence {
  readonly timeZone: string | null;
  readonly dueAt: string;
  readonly state: string;
  readonly reason: string | null;
  readonly broadcastId: string | null;
}

/** Makes and reads a tenant's schedules over REST. */
export class ScheduleDesk {
  /** @param usual what its schedules have where nothing else is said; a `rule` at least */
  constructor(
    private readonly client: ApiClient,
    private readonly usual: { readonly rule: object } & Record<string, unknown>,
  ) {}

  body(more: object = {}) {
    return {
      name: 'x',
      message: { kind: 'text', text: 'x' },
      audience: { to: 'everybody' },
      ...this.usual,
      ...more,
    };
  }

  /** @returns its id */
  async create(more: object = {}): Promise<string> {
    const answer = await this.client.post('/schedules', this.body(more));
    expect(answer).toMatchObject({ status: 201 });
    return String(answer.body['id']);
  }

  async read(id: string): Promise<Record<string, unknown>> {
    return (await this.client.get(`/schedules/${id}`)).body;
  }

  /** The latest first. */
  async occurrences(id: string): Promise<Occurrence[]> {
    const { body } = await this.client.get<{ items: Occurrence[] }>(`/schedules/${id}/occurrences?limit=200`);
    return body.items;
  }

  /** Their states and reasons, such as `skipped overtaken`. */
  async outcomes(id: string): Promise<string[]> {
    return (await this.occurrences(id)).map(({ state, reason }) => `${state} ${reason ?? ''}`.trim());
  }
}
