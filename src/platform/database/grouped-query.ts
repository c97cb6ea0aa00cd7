interface Asked<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Most questions of one statement: enough to share its planning, few enough that nobody waits long for it. */
const GROUP_SIZE = 100;

/**
 * Puts many questions in one statement: while one is under way the next gathers, so the groups grow with the load. A
 * thousand lanes that begin at once would otherwise have a thousand statements planned.
 */
export class GroupedQuery<Question, Answer> {
  private asked: Asked<Question, Answer>[] = [];
  private isRunning = false;

  /** Claims that nobody waits for an answer. */
  get isIdle(): boolean {
    return !this.isRunning;
  }

  /** @param run answers questions, in their order */
  constructor(private readonly run: (questions: readonly Question[]) => Promise<readonly Answer[]>) {}

  /** The answer as of some moment after the call. */
  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.asked.push({ question, resolve, reject });
      if (this.isRunning) return;
      this.isRunning = true;
      // What is asked in the same turn goes together.
      setImmediate(() => void this.runAll());
    });
  }

  private async runAll(): Promise<void> {
    while (this.asked.length > 0) {
      const group = this.asked.splice(0, GROUP_SIZE);
      try {
        const answers = await this.run(group.map(({ question }) => question));
        if (answers.length !== group.length) throw new Error('A grouped query left questions unanswered.');
        group.forEach(({ resolve }, position) => resolve(answers[position]!));
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.isRunning = false;
  }
}
