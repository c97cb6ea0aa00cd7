/** A link that nobody opened for this long is no longer waited for. */
export const INVITATION_DAYS = 7;
/** Mails to one address by one invitation: no tenant makes us a nuisance to strangers. */
const MAILS_MAXIMUM = 5;
const SECONDS_BETWEEN_MAILS = 60;
/** Of one tenant, in a day, also those that were revoked meanwhile. */
export const INVITATIONS_PER_DAY = 100;

export type MailVerdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'too_soon'; readonly retryAfterSeconds: number }
  | { readonly kind: 'too_many' };

/** May an invitation be mailed once more? */
export function judgeMail(mailsSent: number, secondsSinceMail: number): MailVerdict {
  if (mailsSent >= MAILS_MAXIMUM) return { kind: 'too_many' };
  const retryAfterSeconds = Math.ceil(SECONDS_BETWEEN_MAILS - secondsSinceMail);
  return retryAfterSeconds > 0 ? { kind: 'too_soon', retryAfterSeconds } : { kind: 'allowed' };
}
