/** An answer of Telegram's comes within a few; beyond this nobody waits. */
const textTimeoutMs = 30_000;
/** Telegram fetches a file by URL, or converts one that it knows, before it answers. */
const mediaTimeoutMs = 60_000;
/** 50 MB, the largest upload, then has about seven minutes: a slow office line, not a dead one. */
const slowestUploadBytesPerSecond = 128 * 1024;
/** A long poll is answered at its own time-out; this is the way there and back. */
const pollGraceMs = 15_000;

const mebibyte = 1024 * 1024;
const mediaMethod =
  /^(?:send|edit)(?:Photo|LivePhoto|Audio|Document|Video|Animation|Voice|VideoNote|MediaGroup|PaidMedia|Sticker|MessageMedia)$/;

/** How long a call may take from its first byte on, in milliseconds. */
export function answerTimeoutMs(
  method: string,
  parameters: Readonly<Record<string, unknown>>,
  uploadBytes = 0,
): number {
  if (method === 'getUpdates') return pollSeconds(parameters) * 1000 + pollGraceMs;
  const timeoutMs = uploadBytes > 0 || mediaMethod.test(method) ? mediaTimeoutMs : textTimeoutMs;
  return timeoutMs + Math.ceil((uploadBytes / slowestUploadBytesPerSecond) * 1000);
}

/** Up to how many bytes of an answer are read: a hundred updates are long, everything else is short. */
export function largestAnswerBytes(method: string): number {
  return method === 'getUpdates' ? 16 * mebibyte : mebibyte;
}

/** Whether a call occupies its connection while nothing happens. */
export function isLongPoll(method: string, parameters: Readonly<Record<string, unknown>>): boolean {
  return method === 'getUpdates' && pollSeconds(parameters) > 0;
}

function pollSeconds(parameters: Readonly<Record<string, unknown>>): number {
  const seconds = Number(parameters['timeout'] ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}
