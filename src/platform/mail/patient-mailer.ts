import { Logger } from '@nestjs/common';
import { type BackgroundWork } from '../clock/index.js';
import { ProblemError } from '../errors/index.js';
import { type MailTransport } from './mail-transport.js';
import { type Mail, Mailer } from './mailer.js';
import { type RecipientAllowance } from './recipient-allowance.js';
import { isWorthAnotherTry } from './mail-failure.rules.js';

/** A server that greylists or restarts takes a mail within the minute; who waits for a mail asks again after that. */
const RETRY_AFTER_MS = [1_000, 5_000, 25_000];

/** Tries again what may still succeed, and refuses clearly where mails have no way out. */
export class PatientMailer extends Mailer {
  private readonly logger = new Logger('mail');

  /** @param transport undefined where this installation can send no mail */
  constructor(
    private readonly transport: MailTransport | undefined,
    private readonly background: BackgroundWork,
    private readonly allowance: Pick<RecipientAllowance, 'admit'>,
    private readonly retryAfterMs: readonly number[] = RETRY_AFTER_MS,
  ) {
    super();
  }

  override refuseIfUnable(): void {
    this.requireTransport();
  }

  override async send(mail: Mail): Promise<void> {
    const transport = this.requireTransport();
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await transport.deliver(mail);
      } catch (error) {
        const pauseMs = this.retryAfterMs[attempt];
        if (pauseMs === undefined || !isWorthAnotherTry(error)) throw error;
        if (!(await this.background.pause(pauseMs))) throw error;
      }
    }
  }

  override sendInBackground(mail: Mail): void {
    this.background.begin(() => this.send(mail), this.logger, 'sending a mail');
  }

  override sendAskedFor(mail: Mail): void {
    this.background.begin(
      async () => {
        if (await this.allowance.admit(mail.to)) return this.send(mail);
        this.logger.warn('a mail was not sent: its recipient got as many as anybody may ask for');
      },
      this.logger,
      'sending a mail',
    );
  }

  private requireTransport(): MailTransport {
    if (this.transport) return this.transport;
    throw new ProblemError(
      503,
      'mail_not_set_up',
      'This installation sends no mail yet: its operator must set SMTP_URL and MAIL_FROM.',
    );
  }
}
