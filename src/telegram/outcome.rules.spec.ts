import { classifyAnswer, classifyBrokenCall, type BotApiOutcome, type BrokenCall } from './outcome.rules.js';
import { reasonScope, type FailureReason, type ReasonScope } from './failure-reason.rules.js';

const refusal = (error_code: number, description: string, parameters?: object): string =>
  JSON.stringify({ ok: false, error_code, description, parameters });

describe('classifyAnswer', () => {
  it('takes the result of an accepted call, also a false or empty one', () => {
    expect(classifyAnswer(200, '{"ok":true,"result":{"message_id":7}}')).toEqual({
      kind: 'ok',
      result: { message_id: 7 },
    });
    expect(classifyAnswer(200, '{"ok":true,"result":false}')).toEqual({ kind: 'ok', result: false });
    expect(classifyAnswer(200, '{"ok":true,"result":[]}')).toEqual({ kind: 'ok', result: [] });
  });

  const refusals: [code: number, description: string, reason: FailureReason, scope: ReasonScope][] = [
    [403, 'Forbidden: bot was blocked by the user', 'blocked', 'chat'],
    [400, 'Bad Request: USER_IS_BLOCKED', 'blocked', 'chat'],
    [403, 'Forbidden: user is deactivated', 'deactivated', 'chat'],
    [400, 'Bad Request: INPUT_USER_DEACTIVATED', 'deactivated', 'chat'],
    [403, "Forbidden: bot can't initiate conversation with a user", 'not_started', 'chat'],
    [403, "Forbidden: bot can't send messages to the user", 'not_started', 'chat'],
    [403, "Forbidden: bot can't send messages to bots", 'not_for_bots', 'chat'],
    [403, "Forbidden: bots can't send messages to bots", 'not_for_bots', 'chat'],
    [403, "Forbidden: the bot can't send messages to the bot", 'not_for_bots', 'chat'],
    [403, 'Forbidden: bot was kicked from the group chat', 'kicked', 'chat'],
    [403, 'Forbidden: bot was kicked from the supergroup chat', 'kicked', 'chat'],
    [403, 'Forbidden: bot was kicked from the channel chat', 'kicked', 'chat'],
    [403, 'Forbidden: the group chat was deleted', 'kicked', 'chat'],
    [400, 'Bad Request: group chat was deactivated', 'kicked', 'chat'],
    [403, 'Forbidden: bot is not a member of the channel chat', 'not_member', 'chat'],
    [403, 'Forbidden: bot is not a member of the supergroup chat', 'not_member', 'chat'],
    [400, 'Bad Request: CHANNEL_PRIVATE', 'not_member', 'chat'],
    [400, 'Bad Request: chat not found', 'chat_not_found', 'chat'],
    [400, 'Bad Request: PEER_ID_INVALID', 'chat_not_found', 'chat'],
    [400, 'Bad Request: user not found', 'chat_not_found', 'chat'],
    [400, 'Bad Request: message thread not found', 'thread_not_found', 'other'],
    [400, 'Bad Request: TOPIC_CLOSED', 'thread_not_found', 'other'],
    [400, 'Bad Request: TOPIC_DELETED', 'thread_not_found', 'other'],
    [400, 'Bad Request: not enough rights to send text messages to the chat', 'no_rights', 'other'],
    [400, 'Bad Request: have no rights to send a message', 'no_rights', 'other'],
    [400, 'Bad Request: need administrator rights in the channel chat', 'no_rights', 'other'],
    [400, 'Bad Request: CHAT_WRITE_FORBIDDEN', 'no_rights', 'other'],
    [400, 'Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN', 'no_rights', 'other'],
    [400, 'Bad Request: CHAT_ADMIN_REQUIRED', 'no_rights', 'other'],
    [403, 'Forbidden: something that nobody has seen yet', 'no_rights', 'other'],
    [
      400,
      'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0',
      'bad_content',
      'content',
    ],
    [400, 'Bad Request: message text is empty', 'bad_content', 'content'],
    [400, 'Bad Request: text must be non-empty', 'bad_content', 'content'],
    [400, 'Bad Request: BUTTON_DATA_INVALID', 'bad_content', 'content'],
    [400, 'Bad Request: BUTTON_URL_INVALID', 'bad_content', 'content'],
    [400, "Bad Request: inline keyboard button URL 'x' is invalid: Wrong HTTP URL", 'bad_content', 'content'],
    [400, "Bad Request: can't parse reply keyboard markup JSON object", 'bad_content', 'content'],
    [400, 'Bad Request: message is too long', 'too_long', 'content'],
    [400, 'Bad Request: message caption is too long', 'too_long', 'content'],
    [400, 'Bad Request: MEDIA_CAPTION_TOO_LONG', 'too_long', 'content'],
    [413, 'Request Entity Too Large', 'too_large', 'content'],
    [400, 'Bad Request: file is too big', 'too_large', 'content'],
    [400, 'Bad Request: wrong file identifier/HTTP URL specified', 'bad_file', 'content'],
    [400, 'Bad Request: wrong remote file identifier specified: Wrong string length', 'bad_file', 'content'],
    [400, 'Bad Request: failed to get HTTP URL content', 'file_unreachable', 'other'],
    [400, 'Bad Request: wrong type of the web page content', 'file_unreachable', 'other'],
    [400, 'Bad Request: IMAGE_PROCESS_FAILED', 'bad_file', 'content'],
    [400, 'Bad Request: PHOTO_INVALID_DIMENSIONS', 'bad_file', 'content'],
    [400, 'Bad Request: message to edit not found', 'message_gone', 'other'],
    [400, 'Bad Request: message to delete not found', 'message_gone', 'other'],
    [400, 'Bad Request: message to be replied not found', 'message_gone', 'other'],
    [400, "Bad Request: message can't be edited", 'not_editable', 'other'],
    [400, "Bad Request: message can't be deleted for everyone", 'not_deletable', 'other'],
    [400, 'Bad Request: MESSAGE_ID_INVALID', 'message_gone', 'other'],
    [
      400,
      'Bad Request: message is not modified: specified new message content and reply markup are exactly the same',
      'not_modified',
      'other',
    ],
    [
      400,
      'Bad Request: query is too old and response timeout expired or query ID is invalid',
      'query_expired',
      'other',
    ],
    [400, 'Bad Request: BALANCE_TOO_LOW', 'not_enough_stars', 'other'],
    [404, 'Not Found: method not found', 'other', 'other'],
    [421, 'Misdirected Request: unallowed token specified', 'other', 'other'],
    [400, 'Bad Request: something that nobody has seen yet', 'other', 'other'],
  ];
  it.each(refusals)('reads %i "%s" as %s', (code, description, reason, scope) => {
    expect(classifyAnswer(code, refusal(code, description))).toEqual({
      kind: 'rejected',
      code,
      description,
      reason,
    });
    expect(reasonScope(reason)).toBe(scope);
  });

  const answers: [title: string, statusCode: number, text: string, outcome: BotApiOutcome][] = [
    [
      '429 with its seconds',
      429,
      refusal(429, 'Too Many Requests: retry after 7', { retry_after: 7 }),
      { kind: 'rateLimited', retryAfterSeconds: 7 },
    ],
    [
      '429 with twenty hours',
      429,
      refusal(429, 'Too Many Requests', { retry_after: 73_414 }),
      { kind: 'rateLimited', retryAfterSeconds: 73_414 },
    ],
    [
      '429 for longer than any timestamp holds',
      429,
      refusal(429, 'Too Many Requests', { retry_after: 1e15 }),
      { kind: 'rateLimited', retryAfterSeconds: 31_622_400 },
    ],
    [
      '429 with a part of a second',
      429,
      refusal(429, 'Too Many Requests', { retry_after: 2.1 }),
      { kind: 'rateLimited', retryAfterSeconds: 3 },
    ],
    [
      '429 that says nothing',
      429,
      refusal(429, 'Too Many Requests'),
      { kind: 'rateLimited', retryAfterSeconds: 1 },
    ],
    ['429 in HTML', 429, '<h1>Slow down</h1>', { kind: 'rateLimited', retryAfterSeconds: 1 }],
    [
      '429 inside a 200',
      200,
      refusal(429, 'Too Many Requests', { retry_after: 5 }),
      { kind: 'rateLimited', retryAfterSeconds: 5 },
    ],
    [
      'a group that became a supergroup',
      400,
      refusal(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
        migrate_to_chat_id: -1001234567890,
      }),
      { kind: 'migrated', migrateToChatId: -1001234567890 },
    ],
    ['401', 401, refusal(401, 'Unauthorized'), { kind: 'tokenRejected' }],
    ['404 for a token that was never given out', 404, refusal(404, 'Not Found'), { kind: 'tokenRejected' }],
    [
      '409 by another poller',
      409,
      refusal(
        409,
        'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
      ),
      { kind: 'conflict', conflictWith: 'poller' },
    ],
    [
      '409 by a webhook',
      409,
      refusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first"),
      { kind: 'conflict', conflictWith: 'webhook' },
    ],
    ['500 in JSON', 500, refusal(500, 'Internal Server Error'), { kind: 'unknown', cause: 'server_error' }],
    [
      '500 inside a 200',
      200,
      refusal(500, 'Internal Server Error'),
      { kind: 'unknown', cause: 'server_error' },
    ],
    ['502 in HTML', 502, '<html>Bad Gateway</html>', { kind: 'unknown', cause: 'server_error' }],
    ['a redirect', 302, '', { kind: 'unknown', cause: 'redirect' }],
    [
      '200 in HTML',
      200,
      '<html>Welcome to the hotel</html>',
      { kind: 'unknown', cause: 'answer_unreadable' },
    ],
    ['200 with an empty body', 200, '', { kind: 'unknown', cause: 'answer_unreadable' }],
    ['200 without a result', 200, '{"ok":true}', { kind: 'unknown', cause: 'answer_unreadable' }],
    ['200 with a list', 200, '[{"ok":true,"result":1}]', { kind: 'unknown', cause: 'answer_unreadable' }],
    ['403 in HTML', 403, '<html>Forbidden by proxy</html>', { kind: 'notSent', cause: 'refusal_unreadable' }],
    [
      '401 in HTML',
      401,
      '<html>Sign in to the proxy</html>',
      { kind: 'notSent', cause: 'refusal_unreadable' },
    ],
    [
      '413 in HTML',
      413,
      '<html>nginx</html>',
      { kind: 'rejected', code: 413, description: 'Request Entity Too Large', reason: 'too_large' },
    ],
  ];
  it.each(answers)('reads %s', (_title, statusCode, text, outcome) => {
    expect(classifyAnswer(statusCode, text)).toEqual(outcome);
  });

  it('takes the seconds of a 429 from the header when the body has none', () => {
    expect(classifyAnswer(429, '', '30')).toEqual({ kind: 'rateLimited', retryAfterSeconds: 30 });
    expect(classifyAnswer(429, '', 'Wed, 21 Oct 2026 07:28:00 GMT')).toEqual({
      kind: 'rateLimited',
      retryAfterSeconds: 1,
    });
  });

  it('lets no token through in a description', () => {
    const token = `42:${'s'.repeat(35)}`;
    const outcome = classifyAnswer(400, refusal(400, `Bad Request: no bot${token} here`));
    expect(JSON.stringify(outcome)).not.toContain('sss');
  });
});

describe('classifyBrokenCall', () => {
  const calls: [call: BrokenCall, outcome: BotApiOutcome][] = [
    [
      { isWritten: false, breakage: 'failed', errorCode: 'ENOTFOUND' },
      { kind: 'notSent', cause: 'dns' },
    ],
    [
      { isWritten: false, breakage: 'failed', errorCode: 'ECONNREFUSED' },
      { kind: 'notSent', cause: 'refused' },
    ],
    [
      { isWritten: false, breakage: 'failed', errorCode: 'ENETUNREACH' },
      { kind: 'notSent', cause: 'unreachable' },
    ],
    [
      { isWritten: false, breakage: 'failed', errorCode: 'UND_ERR_CONNECT_TIMEOUT' },
      { kind: 'notSent', cause: 'connect_timed_out' },
    ],
    [
      { isWritten: false, breakage: 'failed', errorCode: 'ERR_SSL_WRONG_VERSION_NUMBER' },
      { kind: 'notSent', cause: 'tls' },
    ],
    [
      { isWritten: false, breakage: 'failed', errorCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
      { kind: 'notSent', cause: 'tls' },
    ],
    [
      { isWritten: false, breakage: 'failed', errorCode: 'UND_ERR_CLOSED' },
      { kind: 'notSent', cause: 'closed' },
    ],
    [
      { isWritten: false, breakage: 'failed', errorCode: 'ECONNRESET' },
      { kind: 'notSent', cause: 'connection_lost' },
    ],
    [
      { isWritten: false, breakage: 'withdrawn' },
      { kind: 'notSent', cause: 'withdrawn' },
    ],
    [
      { isWritten: false, breakage: 'upload_broken' },
      { kind: 'notSent', cause: 'upload_broken' },
    ],
    [
      { isWritten: true, breakage: 'timed_out' },
      { kind: 'unknown', cause: 'timed_out' },
    ],
    [
      { isWritten: true, breakage: 'aborted' },
      { kind: 'unknown', cause: 'aborted' },
    ],
    [
      { isWritten: true, breakage: 'failed', errorCode: 'ECONNREFUSED' },
      { kind: 'unknown', cause: 'connection_lost' },
    ],
    [
      { isWritten: true, breakage: 'failed', errorCode: 'ECONNRESET', statusCode: 200 },
      { kind: 'unknown', cause: 'answer_unreadable' },
    ],
    [
      { isWritten: true, breakage: 'failed', errorCode: 'ECONNRESET', statusCode: 502 },
      { kind: 'unknown', cause: 'server_error' },
    ],
    [
      { isWritten: true, breakage: 'failed', errorCode: 'ECONNRESET', statusCode: 400 },
      { kind: 'notSent', cause: 'refusal_unreadable' },
    ],
    [
      { isWritten: true, breakage: 'answer_too_large', statusCode: 200 },
      { kind: 'unknown', cause: 'answer_too_large' },
    ],
  ];
  it.each(calls)('%j', (call, outcome) => {
    expect(classifyBrokenCall(call)).toEqual(outcome);
  });
});
