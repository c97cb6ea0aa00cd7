import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock } from '../clock/index.js';
import { type MailTransport } from './mail-transport.js';
import { type Mail } from './mailer.js';

/** For development: mails are files in a folder that only its owner may read. Links in them are secrets, so no log has them. */
export class MailFolder implements MailTransport {
  constructor(
    private readonly folder: string,
    private readonly clock: Clock,
  ) {}

  async deliver({ to, subject, text }: Mail): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const name = `${this.clock.now().toISOString().replaceAll(':', '-')}-${randomUUID()}.txt`;
    await writeFile(join(this.folder, name), `To: ${to}\nSubject: ${subject}\n\n${text}\n`, { mode: 0o600 });
  }
}
