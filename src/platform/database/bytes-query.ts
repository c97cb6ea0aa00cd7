import pg from 'pg';

/** Before the length of the first row's only column: what each binary COPY begins with, and how many columns there are. */
const HEAD_BYTES = 19 + 2;
const LENGTH_BYTES = 4;

/**
 * Reads one `bytea` as the bytes that it is. The driver takes columns for text, so that each piece of a file would be a
 * string twice its size first; a binary COPY is the one answer that it hands on untouched.
 */
export class BytesQuery extends pg.Query {
  private readonly parts: Buffer[] = [];

  /** @param select gives no row, or one of one column; the protocol has no parameters for it */
  constructor(select: string, done: (error: Error | undefined, bytes: Buffer | undefined) => void) {
    super(`COPY (${select}) TO STDOUT (FORMAT binary)`, (error) => {
      if (error) done(error, undefined);
      else done(undefined, this.readColumn());
    });
  }

  /** Called by the driver, which may write over the chunk afterwards. */
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.parts.push(Buffer.from(chunk));
  }

  private readColumn(): Buffer | undefined {
    // The row comes in one part; only the two bytes that end all rows have one of their own.
    const [first] = this.parts;
    if (!first || first.length < HEAD_BYTES + LENGTH_BYTES) return undefined;
    const length = first.readInt32BE(HEAD_BYTES);
    return length < 0
      ? undefined
      : first.subarray(HEAD_BYTES + LENGTH_BYTES, HEAD_BYTES + LENGTH_BYTES + length);
  }
}

/** Puts values into a statement that can have no parameters. */
export function inlineParameters(sql: string, parameters: readonly (string | number)[]): string {
  return sql.replace(/\$(\d+)/g, (_, n: string) => {
    const value = parameters[Number(n) - 1];
    if (value === undefined) throw new Error(`The statement has no value for $${n}.`);
    return typeof value === 'number' ? String(value) : pg.escapeLiteral(value);
  });
}
