import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { restoreSnapshot, takeSnapshot } from './snapshot.js';
import { snapshotSchema } from './snapshot.dto.js';
import { type World } from './world.js';

// Changes come in bursts (a thousand people press Start): one write serves them all.
const settleMs = 1000;

/** Keeps a world in a file that is always whole: written beside it and moved into place. Holds tokens: mode 0600. */
export class SnapshotFile {
  private readonly path: string;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly world: World,
    private readonly directory: string,
    private readonly log: (line: string) => void,
  ) {
    this.path = join(directory, 'sandbox.json');
  }

  /** @throws Error when there is a file that is no snapshot */
  async open(): Promise<void> {
    // Others may have folders beside it and must be able to pass; what is in it is for nobody else.
    await mkdir(dirname(this.directory), { recursive: true, mode: 0o711 });
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const content = await this.read();
    if (content !== undefined) restoreSnapshot(this.world, this.parse(content));
    // From here on the file is out of date until the orderly end.
    if (content !== undefined) await this.write(false);
    this.world.onChanged = () => {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        this.save(false);
      }, settleMs);
    };
  }

  async close(): Promise<void> {
    this.world.onChanged = () => undefined;
    clearTimeout(this.timer);
    this.save(true);
    await this.writing;
  }

  private save(isClean: boolean): void {
    this.writing = this.writing
      .then(() => this.write(isClean))
      .catch((error: unknown) => {
        this.log(`The sandbox could not write ${this.path}: ${String(error)}`);
      });
  }

  private async write(isClean: boolean): Promise<void> {
    const draft = `${this.path}.draft`;
    await writeFile(draft, JSON.stringify(takeSnapshot(this.world, isClean)), { mode: 0o600 });
    await rename(draft, this.path);
  }

  private async read(): Promise<string | undefined> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  private parse(content: string): ReturnType<typeof snapshotSchema.parse> {
    try {
      return snapshotSchema.parse(JSON.parse(content));
    } catch (cause) {
      throw new Error(`${this.path} is no snapshot of a sandbox. Move it away to begin anew.`, { cause });
    }
  }
}
