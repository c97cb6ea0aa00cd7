/** A mail to one person, as plain text. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Brings mails to people. Not to be awaited inside a unit of work: its transaction would stay open. */
export abstract class Mailer {
  /** @throws ProblemError 503 where this installation has no way to send mail, for what makes no sense without one */
  abstract refuseIfUnable(): void;

  /** Tries a few times. @throws Error where the mail was surely not taken; its text may name the recipient */
  abstract send(mail: Mail): Promise<void>;

  /** For whoever can't wait: sends after the answer, and logs a failure without recipient and text. */
  abstract sendInBackground(mail: Mail): void;

  /**
   * As {@link sendInBackground}, for what somebody else may have asked for, such as an invitation: a recipient gets a few
   * of those in an hour and a day, and whoever asks for more isn't told.
   */
  abstract sendAskedFor(mail: Mail): void;
}
