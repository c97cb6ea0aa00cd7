const ANSWER_WITHIN_MS = 2_000;

/**
 * Whether something that this process leans on answers. However often it is asked, one question is under way at a time: a
 * server that swallows questions isn't sent more of them.
 */
export class Probe {
  private asked: Promise<string | undefined> | undefined;

  constructor(
    private readonly ask: () => Promise<unknown>,
    private readonly answerWithinMs = ANSWER_WITHIN_MS,
  ) {}

  /** @returns why it doesn't answer, in a few words without a secret; undefined where it does */
  async findFault(): Promise<string | undefined> {
    this.asked ??= this.askOnce().finally(() => (this.asked = undefined));
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<string>((resolve) => {
      timer = setTimeout(
        () => resolve(`no answer within ${this.answerWithinMs / 1_000} s`),
        this.answerWithinMs,
      );
    });
    try {
      return await Promise.race([this.asked, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async askOnce(): Promise<string | undefined> {
    try {
      await this.ask();
      return undefined;
    } catch (error) {
      // The text of an error may have an address with a password; its code has not.
      const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
      return [code, name].find((word) => typeof word === 'string') ?? 'it fails';
    }
  }
}
