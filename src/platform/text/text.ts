import { z } from 'zod';

/**
 * PostgreSQL stores neither NUL nor half a surrogate pair; the other control characters are never meant. Tab and line
 * feed pass.
 */
const UNSTORABLE = /[\u0000-\u0008\u000b-\u001f\u007f]|\p{Surrogate}/u;

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
    .refine((text) => !UNSTORABLE.test(text) && !/[\t\n]/.test(text), {
      error: 'must be one line without control characters',
    });
}
