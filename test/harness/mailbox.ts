import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from './wait.js';

/** A mail as it lies in the folder of a development installation. */
export interface ReceivedMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** What people find in their mail: the folder that an application without a mail server writes to. */
export class Mailbox {
  /** @param home the application's ARAUTO_HOME */
  constructor(private readonly home: string) {}

  /** Mails to the address, oldest first. */
  async listTo(address: string): Promise<ReceivedMail[]> {
    const folder = join(this.home, 'mail');
    const names = await readdir(folder).catch(() => []);
    const mails = await Promise.all(
      names.sort().map(async (name) => readMail(await readFile(join(folder, name), 'utf8'))),
    );
    return mails.filter(({ to }) => to === address);
  }

  /** Waits for the mail that comes as this one of those to the address, counted from 1. */
  async receive(address: string, count = 1): Promise<ReceivedMail> {
    let mails: ReceivedMail[] = [];
    await waitUntil(async () => {
      mails = await this.listTo(address);
      return mails.length >= count && mails[count - 1]?.text !== '';
    });
    return mails[count - 1] as ReceivedMail;
  }

  /** The token of the link in that mail. */
  async receiveToken(address: string, count = 1): Promise<string> {
    const { text } = await this.receive(address, count);
    const [, token] = /#token=([\w-]+)/.exec(text) ?? [];
    if (token === undefined) throw new Error(`There is no link in the mail: ${text}`);
    return token;
  }
}

function readMail(file: string): ReceivedMail {
  const [head = '', ...paragraphs] = file.split('\n\n');
  const [, to = ''] = /^To: (.*)$/m.exec(head) ?? [];
  const [, subject = ''] = /^Subject: (.*)$/m.exec(head) ?? [];
  return { to, subject, text: paragraphs.join('\n\n') };
}
