/** What mail programs make links of without being asked: schemes and dots, also those that IDNA takes for a dot. */
const SCHEME = /:\/\//g;
const DOT_WITHIN = /[.\u3002\uFF0E\uFF61](?=[^\s.])/g;
/** Line breaks of any kind, and characters that nobody sees or that turn the order of others round. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu;

/**
 * A name that somebody chose, as it may stand in a mail to somebody else: on one line, and with nothing that becomes a link
 * of theirs in a mail of ours.
 */
export function writeName(name: string): string {
  return name.replace(UNSEEN, ' ').trim().replace(SCHEME, '[:]//').replace(DOT_WITHIN, '[.]');
}
