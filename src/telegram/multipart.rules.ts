/** A file for Telegram, described before it is read. */
export interface BotApiUpload {
  /** The parameter that the file stands for, such as `photo`. */
  field: string;
  fileName: string;
  contentType: string;
  /** Exactly as many bytes as `open` will give; the request's length is announced by it. */
  sizeBytes: number;
  /** Called at most once, when the connection is there. */
  open(): AsyncIterable<Uint8Array>;
}

/** What stands before and after a file in a `multipart/form-data` body. */
export interface MultipartFrame {
  /** Names and values in turn: the type with its boundary, and the length of the whole. */
  headers: string[];
  head: Buffer;
  tail: Buffer;
}

/**
 * Frames parameters and one file. The file comes last, so that a body cut anywhere is no request.
 * @param boundary must not occur in the content: give it random bytes
 */
export function frameMultipart(
  boundary: string,
  parameters: Readonly<Record<string, unknown>>,
  upload: BotApiUpload,
): MultipartFrame {
  let head = '';
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    head += `--${boundary}\r\ncontent-disposition: form-data; name="${escapeName(name)}"\r\n\r\n${text}\r\n`;
  }
  head +=
    `--${boundary}\r\ncontent-disposition: form-data; name="${escapeName(upload.field)}"; ` +
    `filename="${escapeName(upload.fileName)}"\r\n` +
    `content-type: ${upload.contentType.replace(/[^\x20-\x7e]/g, '')}\r\n\r\n`;
  const frame = { head: Buffer.from(head), tail: Buffer.from(`\r\n--${boundary}--\r\n`) };
  const length = frame.head.length + upload.sizeBytes + frame.tail.length;
  const type = `multipart/form-data; boundary=${boundary}`;
  return { ...frame, headers: ['content-type', type, 'content-length', String(length)] };
}

/** As browsers do it: a name can't end its own quotes or its line. */
function escapeName(name: string): string {
  return name.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22');
}
