// What goes on, for people: moving bars in a terminal, plain lines everywhere else. Results go to stdout, this to stderr.
import { MultiBar } from 'cli-progress';

const BAR = '  {title} {bar} {value}/{total} {note}';
const TITLE_WIDTH = 34;
const BAR_WIDTH = 28;
/** Without a terminal, one line this often is a sign of life and no flood. */
const PLAIN_EVERY_MS = 5_000;

/** @param {NodeJS.WriteStream} stream */
export function createProgress(stream) {
  return stream.isTTY ? new LiveProgress(stream) : new PlainProgress(stream);
}

class LiveProgress {
  #stream;
  #bars;

  constructor(stream) {
    this.#stream = stream;
  }

  say(line) {
    // Above the bars where there are some, so that they stay whole.
    if (this.#bars) this.#bars.log(`${line}\n`);
    else this.#stream.write(`${line}\n`);
  }

  open(title, total) {
    this.#bars ??= new MultiBar({
      format: BAR,
      stream: this.#stream,
      barsize: BAR_WIDTH,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      emptyOnZero: true,
      gracefulExit: false,
      noTTYOutput: false,
    });
    const bar = this.#bars.create(total, 0, { title: title.padEnd(TITLE_WIDTH), note: '' });
    return {
      update(value, note = '', newTotal = total) {
        bar.setTotal(newTotal);
        bar.update(value, { note });
      },
    };
  }

  close() {
    this.#bars?.stop();
    this.#bars = undefined;
  }
}

class PlainProgress {
  #stream;

  constructor(stream) {
    this.#stream = stream;
  }

  say(line) {
    this.#stream.write(`${line}\n`);
  }

  open(title, total) {
    let saidAtMs = performance.now();
    let said = '';
    return {
      update: (value, note = '', newTotal = total) => {
        const isDone = value >= newTotal;
        if (!isDone && performance.now() - saidAtMs < PLAIN_EVERY_MS) return;
        const line = `  ${title.padEnd(TITLE_WIDTH)} ${value}/${newTotal} ${note}`.trimEnd();
        if (line === said) return;
        said = line;
        saidAtMs = performance.now();
        this.say(line);
      },
    };
  }

  close() {
    // Lines stand where they are.
  }
}
