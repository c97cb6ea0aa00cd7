interface Question<Answer> {
  readonly key: string;
  readonly resolve: (answer: Answer | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Most keys of one statement: enough to share its planning, few enough that nobody waits long for it. */
const GROUP_SIZE = 100;

/**
 * Asks for many keys in one statement: while one is under way the next gathers, so the groups grow with the load. A
 * thousand lanes that begin at once would otherwise have a thousand statements planned.
 */
export class GroupedReading<Answer> {
  private questions: Question<Answer>[] = [];
  private isRunning = false;

  /** @param read finds the answers by key; a key without one may be left out */
  constructor(private readonly read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Answer>>) {}

  /** The answer for one key as of some moment after the call; undefined where there is none. */
  ask(key: string): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      this.questions.push({ key, resolve, reject });
      if (this.isRunning) return;
      this.isRunning = true;
      // What is asked in the same turn goes together.
      setImmediate(() => void this.run());
    });
  }

  private async run(): Promise<void> {
    while (this.questions.length > 0) {
      const group = this.questions.splice(0, GROUP_SIZE);
      try {
        const answers = await this.read([...new Set(group.map(({ key }) => key))]);
        for (const { key, resolve } of group) resolve(answers.get(key));
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.isRunning = false;
  }
}
