// What is sent while everything breaks: broadcasts of every kind, one after the other, and answers to people who ask meanwhile.
// Each is noted with what the auditor may expect of it.

export const TEXT = 'Whatever happens';
/** What the auditor reads where a text names the person whom it reached. */
export const BY_NAME = 'by name';
/** Asked for a good while ahead: a request that comes late, since the API was down, must not come after it. */
const DUE_IN_MS = 45_000;
const ASK_EVERY_MS = 1_000;
const BUTTONS = [
  [{ text: 'Read on', url: 'https://example.org/' }],
  [
    { text: 'Later, {{first_name|friend}}', callbackData: 'later' },
    { text: 'Never', callbackData: 'never' },
  ],
];

/** One after the other, as long as the proof lasts. */
const CONTENTS = {
  text: { message: (text) => ({ kind: 'text', text }) },
  photo: { message: (text, photoId) => ({ kind: 'photo', assetId: photoId, caption: text }) },
  personal: {
    message: (text) => ({ kind: 'text', text: `${text}, {{first_name|friend}}`, buttons: BUTTONS }),
    arrivesAs: (text) => `${text}, ${BY_NAME}`,
  },
};

/**
 * @typedef {object} Sent one broadcast, or a change of one
 * @property {string} kind
 * @property {string} id
 * @property {'send' | 'edit' | 'pin'} way
 * @property {string} text as it arrives; a pin has none
 * @property {boolean} [mayComeTwice] what nobody can know is sent once more, by choice
 * @property {string} [targetId] of a change
 */

export class Workload {
  #tenant;
  #count = 0;
  #askedAtMs = 0;
  #unedited = [];
  /** Schedules whose broadcast has not been looked for. */
  #scheduled = [];
  /** @type {Sent[]} what the API accepted, in order */
  sent = [];

  constructor(tenant) {
    this.#tenant = tenant;
  }

  /** What takes its time is asked for first: a late try, a change after its end, a due time. */
  async begin() {
    const text = this.#nextText();
    const scheduleId = await this.#tenant.schedule(
      { message: CONTENTS.text.message(text), pin: 'silent' },
      new Date(Date.now() + DUE_IN_MS),
    );
    this.#scheduled.push({ scheduleId, text });
    await this.#broadcast('resent', CONTENTS.text, { ambiguityPolicy: 'resend_once' });
    this.#unedited.push(await this.#broadcast('edited', CONTENTS.text));
  }

  async broadcastNext() {
    const kinds = Object.keys(CONTENTS);
    const kind = kinds[this.sent.length % kinds.length];
    await this.#broadcast(kind, CONTENTS[kind]);
  }

  /** Edits what has ended, and has somebody ask for help now and then. */
  async goOn() {
    const [target] = this.#unedited;
    if (target && (await this.#tenant.report(target.id)).state === 'finished') {
      this.#unedited.shift();
      await this.#edit(target);
    }
    if (performance.now() - this.#askedAtMs < ASK_EVERY_MS) return;
    this.#askedAtMs = performance.now();
    await this.#tenant.askForHelp();
  }

  /** Resolves once everything has an end, also what follows by itself or was due later. */
  async end(untilFinished) {
    for (const { scheduleId, text } of this.#scheduled.splice(0)) {
      const { id } = await untilFinished(() => this.#tenant.findBroadcast(`scheduleId=${scheduleId}`));
      this.sent.push({ kind: 'scheduled', way: 'send', id, text });
      const pin = await untilFinished(() =>
        this.#tenant.findBroadcast('kind=pin', ({ targetId }) => targetId === id),
      );
      this.sent.push({ kind: 'pin', way: 'pin', id: pin.id, text: '', targetId: id });
    }
    for (const target of this.#unedited.splice(0)) {
      await untilFinished(() => this.#tenant.report(target.id));
      await this.#edit(target);
    }
    for (const { id } of this.sent) await untilFinished(() => this.#tenant.report(id));
  }

  async #broadcast(kind, { message, arrivesAs = (text) => text }, more = {}) {
    const text = this.#nextText();
    const id = await this.#tenant.broadcast(message(text, this.#tenant.photoId), more);
    const mayComeTwice = more.ambiguityPolicy === 'resend_once';
    const sent = { kind, way: 'send', id, text: arrivesAs(text), mayComeTwice };
    this.sent.push(sent);
    return sent;
  }

  async #edit({ id: targetId }) {
    const text = this.#nextText();
    const id = await this.#tenant.edit(targetId, CONTENTS.text.message(text));
    this.sent.push({ kind: 'edit', way: 'edit', id, text, targetId });
  }

  #nextText() {
    this.#count += 1;
    return `${TEXT}, ${String(this.#count).padStart(4, '0')}`;
  }
}
