import { type IncomingMessage } from 'node:http';

import { Busboy } from '@fastify/busboy';

import { badRequest, payloadTooLarge } from './call.errors.js';
import { detachText } from './detached-text.rules.js';
import { type RawCall, type UploadedFile } from './parameters.rules.js';

export interface BodyBounds {
  /** JSON and forms. */
  textBytes: number;
  /** A multipart request as a whole. */
  uploadBytes: number;
}

/**
 * Reads the parameters of a call wherever Telegram allows them: the query, a JSON object, a form or a multipart body.
 * @throws CallRefusedError 400 when it can't be read, 413 when it is too large
 */
export async function readCall(
  request: IncomingMessage,
  query: string,
  bounds: BodyBounds,
): Promise<RawCall> {
  const fromQuery = query === '' ? undefined : readPairs(query);
  if (request.method === 'GET') return { parameters: fromQuery ?? {} };
  const contentType = request.headers['content-type'] ?? '';
  if (contentType.startsWith('multipart/form-data')) {
    const call = await readMultipart(request, contentType, bounds);
    return fromQuery ? { ...call, parameters: { ...fromQuery, ...call.parameters } } : call;
  }
  const body = await readText(request, bounds.textBytes);
  const parameters = body === '' ? {} : parseBody(body, contentType);
  return { parameters: fromQuery ? { ...fromQuery, ...parameters } : parameters };
}

function readPairs(text: string): Record<string, string> {
  return Object.fromEntries([...new URLSearchParams(text)].map(([name, value]) => [name, detachText(value)]));
}

function parseBody(body: string, contentType: string): Record<string, unknown> {
  if (!contentType.startsWith('application/json')) return readPairs(body);
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    throw badRequest("can't parse JSON object");
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
    return content as Record<string, unknown>;
  }
  throw badRequest('JSON object expected');
}

/** The body as text. Most calls are one small chunk, which needs no list. */
function readText(request: IncomingMessage, limitBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limitBytes) {
        request.pause();
        reject(payloadTooLarge());
      } else if (first === undefined) first = chunk;
      else (more ??= [first]).push(chunk);
    });
    request.on('end', () => {
      resolve(more ? Buffer.concat(more).toString('utf8') : (first?.toString('utf8') ?? ''));
    });
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new Error('The client went away before its request was whole'));
    });
  });
}

async function readMultipart(
  request: IncomingMessage,
  contentType: string,
  bounds: BodyBounds,
): Promise<RawCall> {
  const parser = openParser(contentType, bounds);
  return new Promise((resolve, reject) => {
    const parameters: Record<string, unknown> = {};
    const files = new Map<string, UploadedFile>();
    let bytes = 0;
    const refuse = (error: Error): void => {
      request.unpipe(parser);
      request.pause();
      reject(error);
    };
    parser.on('field', (name, value, _nameCut, isValueCut) => {
      if (isValueCut) refuse(payloadTooLarge());
      else parameters[name] = value;
    });
    parser.on('file', (name, stream, fileName, _encoding, type) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        files.set(name, { name: fileName || name, contentType: type, content: Buffer.concat(chunks) });
      });
    });
    parser.on('finish', () => {
      resolve({ parameters, files });
    });
    parser.on('partsLimit', () => {
      refuse(badRequest('too many parts in the request'));
    });
    parser.on('error', () => {
      refuse(badRequest("can't parse multipart body"));
    });
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bounds.uploadBytes) refuse(payloadTooLarge());
    });
    request.on('close', () => {
      if (!request.complete) reject(new Error('The client went away before its request was whole'));
    });
    request.pipe(parser);
  });
}

/** @throws CallRefusedError when the header names no boundary */
function openParser(contentType: string, bounds: BodyBounds): InstanceType<typeof Busboy> {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: {
        parts: 100,
        fieldSize: bounds.textBytes,
        fieldNameSize: 128,
        fileSize: bounds.uploadBytes,
      },
    });
  } catch {
    throw badRequest("can't parse multipart body");
  }
}
