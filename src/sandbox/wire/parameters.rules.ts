import { type BotMethod, type ParameterKind } from './bot-method.rules.js';
import { badRequest, type CallRefusedError } from './call.errors.js';

/** A file that came with a multipart request. */
export interface UploadedFile {
  name: string;
  contentType: string;
  content: Buffer;
}

/** The parameters of a call after the check: numbers are numbers, JSON in strings is read. */
export type CallParameters = Record<string, unknown>;

/** What a client sent, before anybody looked at it. */
export interface RawCall {
  parameters: Record<string, unknown>;
  files?: ReadonlyMap<string, UploadedFile>;
}

const missingTexts: Record<string, string> = {
  chat_id: 'chat_id is empty',
  from_chat_id: 'from_chat_id is empty',
  text: 'message text is empty',
  message_id: 'message identifier is not specified',
  message_ids: 'message identifiers are not specified',
  user_id: 'invalid user_id specified',
  photo: 'there is no photo in the request',
  document: 'there is no document in the request',
  video: 'there is no video in the request',
  audio: 'there is no audio in the request',
  animation: 'there is no animation in the request',
  voice: 'there is no voice in the request',
  sticker: 'there is no sticker in the request',
  action: 'wrong parameter action in request',
};

const truths: Record<string, boolean> = {
  true: true,
  '1': true,
  yes: true,
  false: false,
  '0': false,
  no: false,
};
const integerText = /^-?\d{1,16}$/;
const usernameText = /^@[A-Za-z0-9_]{4,32}$/;

/**
 * Checks a call against the table and gives its parameters in their own types.
 * Telegram ignores unknown parameters; `isStrict` refuses them, because in a test they are mistakes.
 * @throws CallRefusedError with Telegram's own words
 */
export function readParameters(method: BotMethod, raw: RawCall, isStrict: boolean): CallParameters {
  const parameters: CallParameters = {};
  for (const name in raw.parameters) {
    const value = raw.parameters[name];
    if (value === undefined || value === null) continue;
    const kind = method.parameters.get(name);
    if (kind !== undefined) parameters[name] = readValue(name, kind, value);
    else if (isStrict) throw badRequest(`unknown parameter "${name.slice(0, 64)}"`);
  }
  for (const name of method.required) {
    if (parameters[name] === undefined && !raw.files?.has(name)) throw missing(name);
  }
  return parameters;
}

function missing(name: string): CallRefusedError {
  return badRequest(missingTexts[name] ?? `parameter "${name}" is required`);
}

function readValue(name: string, kind: ParameterKind, value: unknown): unknown {
  switch (kind) {
    case 'string':
      if (typeof value === 'string') return value;
      if (typeof value === 'number' || typeof value === 'boolean') return String(value);
      throw badRequest(`field "${name}" must be of type String`);
    case 'integer':
      return readInteger(name, value);
    case 'float': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number === 'number' && Number.isFinite(number)) return number;
      throw badRequest(`field "${name}" must be a valid Number`);
    }
    case 'boolean':
      return readBoolean(name, value);
    case 'chat':
      return readChat(name, value);
    case 'file':
      if (typeof value === 'string') return value;
      throw badRequest(`field "${name}" must be of type String`);
    case 'object':
    case 'array':
      return readStructure(name, kind, value);
  }
}

function readInteger(name: string, value: unknown): number {
  const number = typeof value === 'string' && integerText.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw badRequest(`field "${name}" must be a valid Number`);
}

function readBoolean(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const truth =
    typeof value === 'string' || typeof value === 'number' ? truths[String(value).toLowerCase()] : undefined;
  if (truth === undefined) throw badRequest(`field "${name}" must be of type Boolean`);
  return truth;
}

function readChat(name: string, value: unknown): number | string {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value !== 0) return value;
  if (typeof value !== 'string') throw badRequest(`invalid ${name} specified`);
  if (value === '') throw badRequest(`${name} is empty`);
  if (integerText.test(value)) return Number(value);
  if (usernameText.test(value)) return value;
  throw badRequest('chat not found');
}

function readStructure(name: string, kind: 'object' | 'array', value: unknown): unknown {
  let structure = value;
  if (typeof value === 'string') {
    try {
      structure = JSON.parse(value);
    } catch {
      throw badRequest(`can't parse ${name} JSON ${kind}`);
    }
  }
  const isRight =
    kind === 'array'
      ? Array.isArray(structure)
      : typeof structure === 'object' && structure !== null && !Array.isArray(structure);
  if (!isRight) throw badRequest(`${kind} expected as ${name.replaceAll('_', ' ')}`);
  return structure;
}
