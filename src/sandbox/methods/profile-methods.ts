import { badRequest } from '../wire/call.errors.js';
import { arrayOf, type MethodCall, type MethodHandler, numberOf, objectOf, stringOf } from './method-call.js';

function getMe({ bot }: MethodCall): Record<string, unknown> {
  return {
    ...bot.user,
    first_name: bot.profile.names[''] ?? bot.user.first_name,
    can_join_groups: true,
    can_read_all_group_messages: bot.canReadAllGroupMessages,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false,
  };
}

/** A two-letter code, or nothing for everybody. */
function readLanguage(call: MethodCall): string {
  const language = stringOf(call, 'language_code') ?? '';
  if (!/^(?:[a-z]{2})?$/.test(language)) throw badRequest('language code is invalid');
  return language;
}

/** A setter for one text about the bot, per language. An empty text takes the language's own away. */
function settingText(
  field: 'names' | 'descriptions' | 'shortDescriptions',
  parameter: string,
  limit: number,
): MethodHandler {
  return (call) => {
    const text = stringOf(call, parameter) ?? '';
    if (text.length > limit) throw badRequest(`bot ${parameter.replace('_', ' ')} is too long`);
    const texts = call.bot.profile[field];
    const language = readLanguage(call);
    if (text === '') delete texts[language];
    else texts[language] = text;
    call.world.onChanged(call.bot.workspace);
    return true;
  };
}

function gettingText(
  field: 'names' | 'descriptions' | 'shortDescriptions',
  parameter: string,
): MethodHandler {
  return (call) => {
    const texts = call.bot.profile[field];
    const fallback = field === 'names' ? call.bot.user.first_name : '';
    return { [parameter]: texts[readLanguage(call)] ?? texts[''] ?? fallback };
  };
}

function commandsKey(call: MethodCall): string {
  const { type = 'default', chat_id: chat = '', user_id: user = '' } = objectOf(call, 'scope') ?? {};
  return [type, chat, user, readLanguage(call)].map(String).join(' ');
}

// https://core.telegram.org/bots/api#setmycommands and #botcommand
const mostCommands = 100;
const commandShape = /^\/?[a-z0-9_]{1,32}$/;

function readCommand(command: unknown): { command: string; description: string } {
  const fields = (command ?? {}) as Record<string, unknown>;
  const { command: name, description } = fields;
  if (typeof name !== 'string' || !commandShape.test(name)) throw badRequest('BOT_COMMAND_INVALID');
  if (typeof description !== 'string' || description.trim() === '' || description.length > 256) {
    throw badRequest('BOT_COMMAND_DESCRIPTION_INVALID');
  }
  return { command: name.replace('/', ''), description };
}

// Scopes name chats at will; nobody needs thousands.
const mostCommandLists = 1000;

function setMyCommands(call: MethodCall): true {
  const commands = arrayOf(call, 'commands').map(readCommand);
  const lists = call.bot.profile.commands;
  if (commands.length > mostCommands || Object.keys(lists).length >= mostCommandLists) {
    throw badRequest('BOT_COMMANDS_TOO_MUCH');
  }
  lists[commandsKey(call)] = commands;
  call.world.onChanged(call.bot.workspace);
  return true;
}

function deleteMyCommands(call: MethodCall): true {
  delete call.bot.profile.commands[commandsKey(call)];
  call.world.onChanged(call.bot.workspace);
  return true;
}

const getMyCommands = (call: MethodCall): unknown[] => call.bot.profile.commands[commandsKey(call)] ?? [];

const mostMenuButtonCharacters = 4096;
const menuButtonTypes: ReadonlySet<unknown> = new Set(['commands', 'web_app', 'default']);

function setChatMenuButton(call: MethodCall): true {
  const button = objectOf(call, 'menu_button') ?? { type: 'default' };
  if (!menuButtonTypes.has(button['type'])) throw badRequest('unsupported menu button type');
  const chatId = numberOf(call, 'chat_id') ?? 0;
  if (chatId !== 0 && !call.bot.privateChats.has(chatId)) throw badRequest('chat not found');
  if (JSON.stringify(button).length > mostMenuButtonCharacters) throw badRequest('menu button is too long');
  call.bot.profile.menuButtons[chatId] = button;
  call.world.onChanged(call.bot.workspace);
  return true;
}

function getChatMenuButton(call: MethodCall): unknown {
  const buttons = call.bot.profile.menuButtons;
  return buttons[numberOf(call, 'chat_id') ?? 0] ?? buttons[0] ?? { type: 'commands' };
}

export const profileMethods: Record<string, MethodHandler> = {
  getMe,
  logOut: () => true,
  close: () => true,
  setMyName: settingText('names', 'name', 64),
  getMyName: gettingText('names', 'name'),
  setMyDescription: settingText('descriptions', 'description', 512),
  getMyDescription: gettingText('descriptions', 'description'),
  setMyShortDescription: settingText('shortDescriptions', 'short_description', 120),
  getMyShortDescription: gettingText('shortDescriptions', 'short_description'),
  setMyCommands,
  deleteMyCommands,
  getMyCommands,
  setChatMenuButton,
  getChatMenuButton,
};
