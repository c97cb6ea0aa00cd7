import { z } from 'zod';

/** PostgreSQL stores neither NUL nor half a surrogate pair; of the control characters only tab and line ends are meant. */
const UNSTORABLE = /(?![\t\r\n])\p{Cc}|\p{Surrogate}/u;

/** Text that a person wrote: bounded in UTF-16 code units, storable, of one or several lines. */
export function textSchema(minimum: number, maximum: number) {
  return z
    .string()
    .min(minimum)
    .max(maximum)
    .refine((text) => !UNSTORABLE.test(text), {
      error: 'has characters that cannot be stored (control characters or half of an emoji); remove them',
    });
}

/** A name: one line, with something to see in it; blanks around it are dropped. */
export function nameSchema(maximum: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(maximum)
    .refine((text) => !/\p{Cc}|\p{Surrogate}/u.test(text), {
      error: 'must be one line without control characters',
    });
}
