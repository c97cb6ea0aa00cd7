import { z } from 'zod';

/**
 * A line that a person typed, such as a name. Control characters and halves of surrogate pairs are refused:
 * PostgreSQL can't store NUL, and half a character would come back as another one.
 *
 * @param maximum most UTF-16 units
 */
export const lineOfTextSchema = (maximum: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maximum)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be one line without control characters');

/** Text of several lines, kept as it was typed; refuses what {@link lineOfTextSchema} refuses but tabs and line ends. */
export const textSchema = (minimum: number, maximum: number) =>
  z
    .string()
    .min(minimum)
    .max(maximum)
    .regex(
      /^(?:[\t\r\n]|[^\p{Cc}\p{Cs}])*$/u,
      'has characters that cannot be kept (control characters or half of an emoji); remove them',
    );

/** An address that mail goes to, in lower case: it is compared as it is. */
export const emailSchema = z
  .email()
  .max(254)
  .toLowerCase()
  .meta({ examples: ['ana@example.org'] });
