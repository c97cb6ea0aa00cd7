import { type Pool } from 'pg';
import { type DataSource } from 'typeorm';

const ANSWER_WITHIN_MS = 2_000;

/** Whether PostgreSQL answers both logins of this process. */
export class DatabaseHealth {
  constructor(
    private readonly source: DataSource,
    private readonly dispatcher: Pool,
  ) {}

  async isAnswering(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), ANSWER_WITHIN_MS);
    });
    const answers = Promise.all([this.source.query('SELECT 1'), this.dispatcher.query('SELECT 1')]).then(
      () => true,
      // Why it doesn't answer is in the log of whoever needed it; a probe only tells that.
      () => false,
    );
    try {
      return await Promise.race([answers, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }
}
