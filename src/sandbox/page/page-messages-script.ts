/** Draws messages as Telegram's clients do. Text only ever becomes text nodes: nothing a bot sends can become markup. */
export const pageMessagesScript = String.raw`
const mediaFields = ['document', 'video', 'audio', 'animation', 'voice', 'sticker', 'video_note'];

function drawMessage(message) {
  const service = describeService(message);
  if (service) return make('li', 'service', service);
  const isMine = message.from && message.from.id === personId();
  const item = make('li', isMine ? 'mine' : '');
  const bubble = make('div', 'bubble');
  if (!isMine && !chat.botId) bubble.append(make('span', 'author', (message.from || { first_name: chat.title }).first_name));
  if (message.photo) bubble.append(drawPhoto(message));
  const media = mediaFields.find((field) => message[field]);
  if (media) bubble.append(make('span', 'author', say('file') + ': ' + (message[media].file_name || media)));
  bubble.append(...drawText(message.text || message.caption || '', message.entities || message.caption_entities || []));
  if (message.edit_date) bubble.append(make('span', 'quiet', ' (' + say('edited') + ')'));
  item.append(bubble);
  for (const row of (message.reply_markup || { inline_keyboard: [] }).inline_keyboard) item.append(drawButtons(message, row));
  return item;
}

function describeService(message) {
  if (message.new_chat_members) return message.new_chat_members.map((user) => user.first_name).join(', ') + ' ' + say('joined');
  return message.migrate_to_chat_id || message.migrate_from_chat_id ? say('moved') : '';
}

function drawPhoto(message) {
  const image = make('img');
  image.alt = message.caption || '';
  const botId = chat.botId || (message.from && message.from.id);
  const fileId = message.photo[message.photo.length - 1].file_id;
  fetch('/sandbox/v1/files/' + fileId + '?botId=' + botId, { headers: { authorization: 'Bearer ' + token } })
    .then((response) => (response.ok ? response.blob() : undefined))
    .then((content) => {
      if (!content || content.size === 0) return;
      image.src = URL.createObjectURL(content);
      image.addEventListener('load', () => URL.revokeObjectURL(image.src), { once: true });
    })
    .catch(() => undefined); // A photo that is gone leaves its place empty.
  return image;
}

function drawText(text, entities) {
  const edges = new Set([0, text.length]);
  for (const entity of entities) edges.add(entity.offset).add(entity.offset + entity.length);
  const sorted = [...edges].sort((a, b) => a - b);
  return sorted.slice(0, -1).map((start, index) => {
    const end = sorted[index + 1];
    const around = entities.filter((entity) => entity.offset <= start && entity.offset + entity.length >= end);
    const piece = text.slice(start, end);
    const link = around.find((entity) => entity.type === 'text_link' || entity.type === 'url');
    const element = link ? drawLink(link.url || piece, piece) : make('span', '', piece);
    element.className = around.map((entity) => entity.type).join(' ');
    return element;
  });
}

function drawLink(address, text) {
  if (!/^(https?:\/\/|tg:\/\/)/i.test(address)) return make('span', '', text);
  const link = make('a', '', text);
  link.href = address;
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  return link;
}

function drawButtons(message, row) {
  const line = make('div', 'keyboard');
  for (const button of row) {
    if (button.url) {
      line.append(drawLink(button.url, button.text + ' ↗'));
      continue;
    }
    const element = make('button', '', button.text);
    element.type = 'button';
    element.disabled = !button.callback_data || (!chat.botId && !message.from);
    element.addEventListener('click', () => attempt(() => press(message, button)));
    line.append(element);
  }
  return line;
}
`;
