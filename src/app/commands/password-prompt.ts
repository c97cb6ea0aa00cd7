import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';

/** A password from the terminal, typed twice and shown never; or the first line of what is piped in. */
export async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).split(/\r?\n/, 1)[0] ?? '';
  for (;;) {
    const password = await askHidden('Password: ');
    if ((await askHidden('The same again: ')) === password) return password;
    process.stderr.write('These were two different ones.\n');
  }
}

async function askHidden(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const interruption = new AbortController();
  lines.once('SIGINT', () => interruption.abort());
  process.stderr.write(question);
  try {
    return await lines.question('', { signal: interruption.signal });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
