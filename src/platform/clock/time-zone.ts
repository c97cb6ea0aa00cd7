import { z } from 'zod';

/** Newer Node versions take offsets such as +01:00 for zones too; those know no daylight saving. */
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/;

export function isTimeZone(name: string): boolean {
  if (!ZONE_NAME.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Name of a zone in the IANA time zone database. */
export const timeZoneSchema = z
  .string()
  .max(64)
  .refine(isTimeZone, {
    error: 'There is no such time zone; write its IANA name, such as America/Sao_Paulo or UTC.',
  })
  .meta({ examples: ['America/Sao_Paulo'] });
