import { type Mail } from './mailer.js';

/** One way for mails to leave. */
export interface MailTransport {
  /** One try. @throws Error where the mail was surely not taken */
  deliver(mail: Mail): Promise<void>;
}
