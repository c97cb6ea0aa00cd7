// Reads a compose file as Docker Compose does, as far as ours go: `extends`, merge keys, ${variables}, values from .env.
// There is no engine of Docker's where the proof runs, so its parts are put together from this.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

/**
 * @typedef {object} Service as in the Compose Specification, with `extends` resolved and `environment` filled in
 * @property {string} [image]
 * @property {string[]} [command]
 * @property {Record<string, string>} environment without those that have no value
 * @property {Record<string, unknown> | string[]} [depends_on]
 */

/**
 * @param {string} file
 * @param {Record<string, string | undefined>} variables what .env holds
 * @returns {Record<string, Service>} its services by name
 * @throws where a variable is missing that the file insists on
 */
export function readServices(file, variables) {
  const { services } = readComposeFile(file);
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => {
      const whole = resolveExtends(file, service);
      return [
        name,
        { ...fillIn(whole, variables), environment: fillEnvironment(whole.environment ?? {}, variables) },
      ];
    }),
  );
}

/**
 * The file's own words, with its merge keys resolved.
 *
 * @param {string} file
 */
export function readComposeFile(file) {
  return parse(readFileSync(file, 'utf8'), { merge: true });
}

/**
 * What a .env file says.
 *
 * @param {string} text
 * @returns {Record<string, string>}
 */
export function parseVariables(text) {
  return Object.fromEntries([...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}

/** Maps are merged, anything else of the extending service replaces what it extends. */
function resolveExtends(file, service) {
  if (service.extends === undefined) return service;
  const { file: otherFile, service: name } = service.extends;
  const source = otherFile === undefined ? file : join(dirname(file), otherFile);
  const found = readComposeFile(source).services[name];
  if (found === undefined) throw new Error(`${source} has no service ${name}.`);
  const extended = resolveExtends(source, found);
  const { extends: _, ...own } = service;
  return { ...extended, ...own, environment: { ...extended.environment, ...own.environment } };
}

function fillIn(value, variables) {
  if (typeof value === 'string') return interpolate(value, variables);
  if (Array.isArray(value)) return value.map((item) => fillIn(item, variables));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillIn(item, variables)]));
}

/** A variable without a value is taken as it is outside, or left out. */
function fillEnvironment(environment, variables) {
  const filled = Object.entries(environment).map(([name, value]) => [
    name,
    value === null ? variables[name] : interpolate(String(value), variables),
  ]);
  return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
}

/**
 * Knows ${NAME}, ${NAME:-otherwise}, ${NAME:+instead} and ${NAME:?complaint}, one inside the other too.
 *
 * @param {string} text
 * @param {Record<string, string | undefined>} variables
 * @returns {string}
 */
export function interpolate(text, variables) {
  let result = '';
  for (let at = 0; at < text.length;) {
    if (!text.startsWith('${', at)) {
      result += text[at];
      at += 1;
      continue;
    }
    const end = findEnd(text, at + 2);
    result += substitute(text.slice(at + 2, end), variables);
    at = end + 1;
  }
  return result;
}

function findEnd(text, from) {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text.startsWith('${', at)) depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error(`"${text}" has a \${ without its }.`);
}

function substitute(expression, variables) {
  const [, name, operator, operand] = /^([A-Z_]+)(?::([-+?])([^]*))?$/.exec(expression) ?? [];
  if (name === undefined) throw new Error(`\${${expression}} is no variable that Arauto's files use.`);
  const value = variables[name] ?? '';
  if (operator === '+') return value === '' ? '' : interpolate(operand, variables);
  if (value !== '') return value;
  if (operator === '?') throw new Error(`${name} is not set: ${operand}`);
  return operator === '-' ? interpolate(operand, variables) : '';
}
