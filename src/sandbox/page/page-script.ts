import { pageMessagesScript } from './page-messages-script.js';
import { pageTexts } from './page-texts.js';

// Plain JavaScript for browsers, kept in a string so that the compiler alone builds the product.
const pageRoomScript = String.raw`
const languages = Object.keys(texts);
let language = languages.find((known) => (localStorage.getItem('language') || navigator.language).startsWith(known)) || 'en';
let token = new URLSearchParams(location.hash.slice(1)).get('token') || sessionStorage.getItem('token') || '';
let chat;
let reading;

const find = (id) => document.getElementById(id);
const say = (name) => texts[language][name];

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

async function call(method, path, body) {
  const response = await fetch('/sandbox/v1' + path, {
    method,
    headers: Object.assign({ authorization: 'Bearer ' + token }, body ? { 'content-type': 'application/json' } : {}),
    body: body && JSON.stringify(body),
  });
  if (response.status === 401) {
    leave(say('wrongToken'));
    throw new Error(say('wrongToken'));
  }
  if (response.status === 204) return undefined;
  const content = await response.json();
  if (!response.ok) throw new Error(content.detail);
  return content;
}

/** Runs what a click or key asked for, and shows why it failed. */
function attempt(action) {
  action().catch((error) => toast(say('failed') + error.message));
}

let toastTimer;
function toast(text) {
  find('toast').textContent = text;
  find('toast').hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { find('toast').hidden = true; }, 5000);
}

function translate() {
  document.documentElement.lang = language;
  find('language').value = language;
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = say(element.dataset.text);
  for (const element of document.querySelectorAll('[data-placeholder]')) {
    element.placeholder = say(element.dataset.placeholder);
    element.setAttribute('aria-label', element.placeholder);
  }
}

function leave(problem) {
  token = '';
  sessionStorage.removeItem('token');
  if (reading) reading.abort();
  find('entrance').hidden = false;
  find('room').hidden = true;
  find('leave').hidden = true;
  find('entrance-problem').textContent = problem || '';
}

async function enter() {
  await loadPeople();
  sessionStorage.setItem('token', token);
  find('entrance').hidden = true;
  find('room').hidden = false;
  find('leave').hidden = false;
  listen();
}

const personId = () => Number(find('person').value) || 0;

async function loadPeople(chosen) {
  const { people } = await call('GET', '/people?limit=1000');
  const select = find('person');
  const before = chosen || personId() || Number(sessionStorage.getItem('person'));
  select.replaceChildren(...people.map((person) => {
    const option = make('option', '', [person.firstName, person.lastName].filter(Boolean).join(' '));
    option.value = person.id;
    return option;
  }));
  if (people.length === 0) select.append(make('option', '', say('noPeople')));
  if (people.some((person) => person.id === before)) select.value = before;
  await loadChats();
}

async function loadChats() {
  sessionStorage.setItem('person', String(personId()));
  const { bots, groups } = personId() ? await call('GET', '/people/' + personId() + '/chats') : { bots: [], groups: [] };
  fill('bots', 'noBots', bots.map((bot) => ({
    title: bot.firstName, hint: '@' + bot.username + ' · ' + say(bot.state), botId: bot.botId, chatId: personId(), state: bot.state,
  })));
  fill('groups', 'noGroups', groups.map((group) => ({ title: group.title, hint: say(group.type), chatId: group.chatId })));
}

function fill(id, emptyText, chats) {
  const isOpen = (one) => chat && chat.botId === one.botId && chat.chatId === one.chatId;
  find(id).replaceChildren(...chats.map((one) => {
    if (isOpen(one)) chat = one;
    const button = make('button', '', one.title);
    button.type = 'button';
    button.append(make('small', '', one.hint));
    button.setAttribute('aria-current', String(Boolean(isOpen(one))));
    button.addEventListener('click', () => attempt(() => openChat(one)));
    const item = make('li');
    item.append(button);
    return item;
  }));
  if (chats.length === 0) find(id).append(make('li', 'quiet', say(emptyText)));
}

async function openChat(one) {
  chat = one;
  find('toast').hidden = true;
  find('room').classList.toggle('in-chat', Boolean(one));
  find('chat').hidden = !one;
  find('no-chat').hidden = Boolean(one);
  await loadChats();
  await showChat();
}

async function showChat() {
  if (!chat) return;
  const isReady = !chat.botId || chat.state === 'started';
  find('chat-title').textContent = chat.title;
  find('block').hidden = !chat.botId || chat.state === 'unstarted';
  find('block').textContent = say(chat.state === 'blocked' ? 'unblock' : 'block');
  find('composer').hidden = !isReady;
  find('start').hidden = isReady;
  find('start').textContent = say('start');
  const shown = chat;
  const query = shown.botId ? '?botId=' + shown.botId : '';
  const { messages } = await call('GET', '/chats/' + shown.chatId + '/messages' + query);
  if (shown !== chat) return;
  const list = find('messages');
  list.replaceChildren(...messages.map(drawMessage));
  list.scrollTop = list.scrollHeight;
}

async function press(message, button) {
  const botId = chat.botId || message.from.id;
  await call('POST', '/people/' + personId() + '/press', {
    botId, messageId: message.message_id, callbackData: button.callback_data, chatId: chat.chatId,
  });
}

/** Server-sent events over fetch, because EventSource can't carry the access token. */
async function listen() {
  if (reading) reading.abort();
  const mine = reading = new AbortController();
  while (!mine.signal.aborted) {
    try {
      const response = await fetch('/sandbox/v1/events', { headers: { authorization: 'Bearer ' + token }, signal: mine.signal });
      if (response.status === 401) return leave(say('wrongToken'));
      if (!response.ok) throw new Error(String(response.status));
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const events = (rest + value).split('\n\n');
        rest = events.pop();
        events.forEach(takeEvent);
      }
    } catch (error) {
      if (mine.signal.aborted) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

/** The token lasts minutes; one that somebody signed by hand is not renewed and lasts as long as they said. */
async function renew() {
  if (!token) return;
  const response = await fetch('/sandbox/v1/access/renewal', { method: 'POST', headers: { authorization: 'Bearer ' + token } });
  if (response.status !== 201) return;
  token = (await response.json()).accessToken;
  sessionStorage.setItem('token', token);
}
setInterval(() => attempt(renew), 5 * 60 * 1000);

let refreshTimer;
function takeEvent(event) {
  const [, type] = /^event: (.+)$/m.exec(event) || [];
  const [, data] = /^data: (.+)$/m.exec(event) || [];
  if (!data || !chat) return;
  const { botId, chatId, payload } = JSON.parse(data);
  if (type === 'callback_answer' && payload.personId === personId()) toast(payload.answer.text || say('pressed'));
  if (chatId !== chat.chatId || (chat.botId && chat.botId !== botId)) return;
  clearTimeout(refreshTimer);
  refreshTimer = setTimeout(() => attempt(showChat), 80);
}

function onSubmit(id, action) {
  find(id).addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(action);
  });
}

onSubmit('entrance-form', async () => {
  token = find('token').value.trim();
  find('token').value = '';
  await enter();
});
onSubmit('person-form', async () => {
  const { people } = await call('POST', '/people', { firstName: find('person-name').value, languageCode: language });
  find('person-name').value = '';
  chat = undefined;
  await loadPeople(people[0].id);
});
onSubmit('composer', async () => {
  const text = find('draft').value;
  find('draft').value = '';
  if (chat.botId) await call('POST', '/people/' + personId() + '/message', { botId: chat.botId, text });
  else await call('POST', '/groups/' + chat.chatId + '/message', { personId: personId(), text });
  await showChat();
});
find('person').addEventListener('change', () => attempt(() => openChat(undefined)));
find('back').addEventListener('click', () => attempt(() => openChat(undefined)));
find('leave').addEventListener('click', () => leave());
find('start').addEventListener('click', () => attempt(async () => {
  await call('POST', '/people/' + personId() + '/start', { botId: chat.botId });
  await openChat(chat);
}));
find('block').addEventListener('click', () => attempt(async () => {
  const action = chat.state === 'blocked' ? 'unblock' : 'block';
  await call('POST', '/people/' + personId() + '/' + action, { botId: chat.botId });
  await openChat(chat);
}));
find('language').addEventListener('change', () => {
  language = find('language').value;
  localStorage.setItem('language', language);
  translate();
  if (token) attempt(() => openChat(chat));
});

// The token must not stay in the address bar, where it would be shared with a link.
if (location.hash) history.replaceState(null, '', location.pathname);
translate();
if (token) enter().catch((error) => leave(error.message));
else leave();
`;

export const pageScript = `'use strict';
const texts = ${JSON.stringify(pageTexts)};
${pageMessagesScript}
${pageRoomScript}`;
