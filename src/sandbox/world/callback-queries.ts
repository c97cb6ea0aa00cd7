/** A press of an inline button, and what the bot answered. */
export interface CallbackQuery {
  id: string;
  personId: number;
  pressedAtMs: number;
  answer?: { text?: string; showAlert: boolean; url?: string };
}

// Telegram gives no figure; answers fail with "query is too old" after some minutes.
const answerableMs = 5 * 60 * 1000;
const mostKept = 10_000;

/** The presses of one bot's buttons that may still be answered or looked up. */
export class CallbackQueries {
  private readonly queries = new Map<string, CallbackQuery>();

  add(query: CallbackQuery): void {
    this.queries.set(query.id, query);
    if (this.queries.size > mostKept) {
      const [oldest] = this.queries.keys();
      if (oldest !== undefined) this.queries.delete(oldest);
    }
  }

  find(id: string): CallbackQuery | undefined {
    return this.queries.get(id);
  }

  findAnswerable(id: string, nowMs: number): CallbackQuery | undefined {
    const query = this.queries.get(id);
    return query && nowMs - query.pressedAtMs < answerableMs ? query : undefined;
  }
}
