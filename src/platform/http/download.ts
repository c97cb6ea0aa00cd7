import { Readable } from 'node:stream';
import { Logger, StreamableFile } from '@nestjs/common';

/** What is known of a download before its first byte. */
export interface DownloadFacts {
  readonly type: string;
  /** The header `Content-Disposition`. */
  readonly disposition: string;
  readonly sizeBytes: number;
}

const logger = new Logger('downloads');

/**
 * An answer of exactly so many bytes. Where they end early, or can't be read, the connection is broken off: were it kept,
 * whoever downloads would take the next answer for the rest of this one.
 */
export function downloadOf(
  chunks: AsyncIterable<Buffer>,
  { type, disposition, sizeBytes }: DownloadFacts,
): StreamableFile {
  const stream = Readable.from(readExactly(chunks, sizeBytes), { objectMode: false });
  stream.on('error', (error) => logger.warn(`a download of ${sizeBytes} bytes broke off: ${String(error)}`));
  return new StreamableFile(stream, { type, disposition, length: sizeBytes });
}

/** What was to be downloaded went away, or isn't of the size that was announced. */
export class DownloadBrokenOffError extends Error {
  override readonly name = 'DownloadBrokenOffError';
}

/** @throws DownloadBrokenOffError at the end of what is shorter, and before what would be longer */
export async function* readExactly(chunks: AsyncIterable<Buffer>, sizeBytes: number): AsyncGenerator<Buffer> {
  let readBytes = 0;
  for await (const chunk of chunks) {
    readBytes += chunk.length;
    if (readBytes > sizeBytes) throw new DownloadBrokenOffError('there is more of it than was announced');
    yield chunk;
  }
  if (readBytes < sizeBytes) throw new DownloadBrokenOffError(`it ended after ${readBytes} bytes`);
}
