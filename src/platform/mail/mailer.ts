/** A mail to one person, as plain text. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Brings mails to people. Not to be awaited inside a unit of work: its transaction would stay open. */
export abstract class Mailer {
  /** @throws Error where the mail was surely not taken */
  abstract send(mail: Mail): Promise<void>;
}
