import { badRequest } from '../wire/call.errors.js';
import { type ShelvedFile } from '../world/file-shelf.js';
import { type MethodCall, type MethodHandler, stringOf } from './method-call.js';

// https://core.telegram.org/bots/api#getfile
const mostDownloadBytes = 20 * 1024 * 1024;

function getFile(call: MethodCall): Record<string, unknown> {
  const file = call.bot.workspace.files.find(call.bot.id, stringOf(call, 'file_id') ?? '');
  if (!file) throw badRequest('wrong file_id or the file is temporarily unavailable');
  if (file.sizeBytes > mostDownloadBytes) throw badRequest('file is too big');
  return {
    file_id: file.fileId,
    file_unique_id: file.fileUniqueId,
    file_size: file.sizeBytes,
    file_path: filePathOf(file),
  };
}

/** Where `/file/bot<token>/…` gives the file: its kind, its id and, for people, its ending. */
export function filePathOf(file: ShelvedFile): string {
  const ending = /\.[A-Za-z0-9]{1,8}$/.exec(file.name)?.[0] ?? '';
  return `${file.kind}s/${file.fileId}${ending}`;
}

/** The file_id within such a path. */
export function readFilePath(path: string): string | undefined {
  return /^[a-z_]+\/([A-Za-z0-9_-]+)(?:\.[A-Za-z0-9]{1,8})?$/.exec(path)?.[1];
}

export const fileMethods: Record<string, MethodHandler> = { getFile };
