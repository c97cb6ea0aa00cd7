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
