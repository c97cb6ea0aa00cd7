import { createTransport, type Transporter } from 'nodemailer';
import { type MailTransport } from './mail-transport.js';
import { type Mail } from './mailer.js';

const CONNECT_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 20_000;

/** A mail server, spoken to by SMTP; a connection a mail, since these mails are few. */
export class SmtpServer implements MailTransport {
  private readonly transporter: Transporter;

  /** @param url `smtp://` (STARTTLS where the server offers it, and always where there is a password) or `smtps://` */
  constructor(
    url: string,
    private readonly from: string,
  ) {
    this.transporter = createTransport({
      url,
      requireTLS: new URL(url).password !== '',
      connectionTimeout: CONNECT_WITHIN_MS,
      greetingTimeout: CONNECT_WITHIN_MS,
      socketTimeout: ANSWER_WITHIN_MS,
      // Mails are made of texts of ours, but a name in one must never make it read a file or call an address.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async deliver({ to, subject, text }: Mail): Promise<void> {
    await this.transporter.sendMail({ from: this.from, to: { name: '', address: to }, subject, text });
  }
}
