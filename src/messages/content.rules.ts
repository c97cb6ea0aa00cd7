import { parseHtml } from '../telegram/index.js';
import {
  fillTemplate,
  parseTemplate,
  type Template,
  TemplateError,
  VARIABLES,
  variablesOf,
} from './template.rules.js';

/** What is wrong with a text, in words for people; undefined when it fits for every recipient. */
type Problem = string | undefined;

/**
 * Checks HTML with variables as Telegram will count it for the longest and the shortest recipient.
 * @param maximumLength in UTF-16 code units after entities
 */
export function findHtmlProblem(html: string, maximumLength: number): Problem {
  return explain(() => {
    const template = parseTemplate(html);
    const parsed = parseHtml(html);
    if (!parsed.ok) return `${parsed.message} (at position ${parsed.offset})`;
    if (standsInsideTag(template)) {
      return 'A variable cannot stand inside a tag; put it into the text between tags.';
    }
    if (measure(fillShortest(template)).trim() === '') {
      return variablesOf(template).length > 0
        ? 'Nothing would be left for a recipient without a name; give the variable a fallback, such as {{first_name|friend}}.'
        : 'There must be something to read in it, not only blanks and tags.';
    }
    const longest = measure(fillLongest(template)).length;
    if (longest <= maximumLength) return undefined;
    const reserved =
      variablesOf(template).length > 0 ? ' with the longest names that variables may bring' : '';
    return `It has ${longest} characters${reserved}; Telegram takes ${maximumLength}. Shorten it.`;
  });
}

/** Checks a button's label: plain text, in which values are shortened to fit. */
export function findLabelProblem(label: string, maximumLength: number): Problem {
  return explain(() => {
    const template = parseTemplate(label);
    if (fillShortest(template).trim() === '')
      return 'The label would be empty for a recipient without a name; give the variable a fallback.';
    if (roomForValues(template, maximumLength) < SHORTEST_ROOM)
      return `A label has at most ${maximumLength} characters, of which each variable needs at least ${SHORTEST_ROOM}. Shorten it.`;
    return undefined;
  });
}

/** A value shortened to less than this says nothing any more. */
const SHORTEST_ROOM = 8;

/** How long each value in a label may be so that the whole fits; Infinity without variables. */
export function roomForValues(template: Template, maximumLength: number): number {
  const fixed = fillTemplate(template, () => '').length;
  const variables = variablesOf(template);
  if (variables.length === 0) return fixed <= maximumLength ? Infinity : 0;
  return Math.floor((maximumLength - fixed) / variables.length);
}

/** The longest message that the template can become. */
const fillLongest = (template: Template): string =>
  fillTemplate(template, ({ variable, fallback }) =>
    'x'.repeat(Math.max(VARIABLES[variable], fallback.length)),
  );

/** What a recipient gets of whom nothing is known. */
const fillShortest = (template: Template): string => fillTemplate(template, ({ fallback }) => fallback);

function measure(html: string): string {
  const parsed = parseHtml(html);
  if (!parsed.ok) throw new TemplateError(`${parsed.message} (at position ${parsed.offset})`);
  return parsed.plainText;
}

/** In HTML that parses, an unclosed "<" is the inside of a tag. */
function standsInsideTag(template: Template): boolean {
  let isInside = false;
  for (const part of template) {
    if (typeof part === 'string') {
      const opening = part.lastIndexOf('<');
      const closing = part.lastIndexOf('>');
      if (opening !== closing) isInside = opening > closing;
    } else if (isInside) return true;
  }
  return false;
}

function explain(check: () => Problem): Problem {
  try {
    return check();
  } catch (error) {
    if (error instanceof TemplateError) return error.message;
    throw error;
  }
}
