import { botMethodTable } from './bot-method-table.js';

export type ParameterKind = 'integer' | 'float' | 'boolean' | 'string' | 'chat' | 'file' | 'object' | 'array';

export interface BotMethod {
  name: string;
  /** Small and stable within one run: what the ledger keeps instead of the name. */
  number: number;
  parameters: ReadonlyMap<string, ParameterKind>;
  required: readonly string[];
  /** Puts messages into a chat, so Telegram's limits apply to it. */
  isSending: boolean;
}

// Older names that Telegram still takes and that public clients still send.
const olderParameters: readonly [string, ParameterKind][] = [
  ['reply_to_message_id', 'integer'],
  ['allow_sending_without_reply', 'boolean'],
  ['disable_web_page_preview', 'boolean'],
  ['thumb', 'file'],
];
// Telegraf repeats the method's name in the body of an upload, and a webhook's reply carries it too.
const methodParameter: readonly [string, ParameterKind] = ['method', 'string'];
const notSending = new Set(['sendChatAction', 'sendMessageDraft', 'sendRichMessageDraft']);
const alsoSending = new Set(['forwardMessage', 'forwardMessages', 'copyMessage', 'copyMessages']);

function readMethod(name: string, line: string, number: number): BotMethod {
  const parameters = new Map<string, ParameterKind>([methodParameter]);
  const required: string[] = [];
  for (const field of line.split(' ').filter(Boolean)) {
    const [parameter, kind] = field.replace('!', '').split(':') as [string, ParameterKind];
    parameters.set(parameter, kind);
    if (field.endsWith('!')) required.push(parameter);
  }
  const isSending = (name.startsWith('send') && !notSending.has(name)) || alsoSending.has(name);
  if (isSending || name.startsWith('edit')) {
    for (const [parameter, kind] of olderParameters) parameters.set(parameter, kind);
  }
  return { name, number, parameters, required, isSending };
}

/** All official methods; a method's number is its place here. */
export const botMethods: readonly BotMethod[] = Object.entries(botMethodTable).map(([name, line], number) =>
  readMethod(name, line, number),
);

const byName = new Map(
  botMethods.flatMap((method) => [
    [method.name, method],
    [method.name.toLowerCase(), method],
  ]),
);

/** Telegram does not mind upper and lower case in a method's name. */
export function findBotMethod(name: string): BotMethod | undefined {
  return byName.get(name) ?? byName.get(name.toLowerCase());
}
