import { type Operation } from '../security/operations.js';

const ENDING = [
  ...['Auth.signOut', 'Sessions.endOthers', 'Members.leave', 'Members.transferOwnership', 'Passwords.change'],
  ...['Messages.archive', 'Chats.eraseContact', 'ScheduleBulk.change', 'Bots.replaceToken', 'Emails.change'],
];
/** Anybody who may makes them again. */
const PUT_BACK = [
  'QuietHours.deleteForTenant',
  'QuietHours.deleteForBot',
  'Chats.untag',
  'Chats.clearTimeZone',
];

/** Claims that afterwards there is less that a tenant has, or may ask for, than before. */
export function isEnding(operation: Operation): boolean {
  return endingOf(operation) > 0;
}

/** @returns 0 where nothing ends; of two, the greater one ends more, and comes later */
export function endingOf({ id, method }: Operation): number {
  if (ENDING.includes(id)) return 2;
  return method === 'DELETE' && !PUT_BACK.includes(id) ? 1 : 0;
}
