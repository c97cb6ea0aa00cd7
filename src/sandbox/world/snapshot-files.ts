import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';

import { type z } from 'zod';

import { type Workspace } from './inhabitants.js';
import { describeWorld, restoreWorld, writeWorkspace } from './snapshot.js';
import { workspaceSnapshotSchema, worldSnapshotSchema } from './snapshot.dto.js';
import { type World } from './world.js';

// Changes come in bursts (a thousand people press Start): one write serves them all.
const settleMs = 1000;

/**
 * Keeps a world in files, one of each workspace and one of what counts for all, of which only those are written that
 * changed. Each is always whole: written beside its place and moved there. They hold tokens: mode 0600.
 */
export class SnapshotFiles {
  private readonly path: string;
  private readonly folder: string;
  private readonly changed = new Set<Workspace>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly world: World,
    private readonly directory: string,
    private readonly log: (line: string) => void,
  ) {
    this.path = join(directory, 'sandbox.json');
    this.folder = join(directory, 'workspaces');
  }

  /** @throws Error when there is a file that is no snapshot */
  async open(): Promise<void> {
    // Others may have folders beside it and must be able to pass; what is in it is for nobody else.
    await mkdir(dirname(this.directory), { recursive: true, mode: 0o711 });
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const content = await read(this.path, worldSnapshotSchema);
    if (content) {
      const names = (await readdir(this.folder)).filter((name) => name.endsWith('.json'));
      const workspaces = [];
      for (const name of names) {
        const workspace = await read(join(this.folder, name), workspaceSnapshotSchema);
        if (workspace) workspaces.push(workspace);
      }
      restoreWorld(this.world, content, workspaces);
      // What it skipped after a crash must be skipped by the next one too.
      if (!content.isClean)
        for (const workspace of this.world.workspaces.values()) await this.keep(workspace);
    }
    // From here on the files are out of date until the orderly end.
    await this.keepWorld(false);
    this.world.onChanged = (workspace) => {
      this.changed.add(workspace);
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        void this.save();
      }, settleMs);
    };
    this.world.onDeleted = async (workspace) => {
      this.changed.add(workspace);
      await this.save();
      if (this.changed.has(workspace)) throw new Error(`${this.pathOf(workspace)} could not be deleted.`);
    };
  }

  async close(): Promise<void> {
    this.world.onChanged = () => undefined;
    clearTimeout(this.timer);
    // Also those that nobody changed: the numbers of their messages went on.
    for (const workspace of this.world.workspaces.values()) this.changed.add(workspace);
    await this.save(true);
  }

  private save(isClean = false): Promise<void> {
    this.writing = this.writing
      .then(() => this.write(isClean))
      .catch((error: unknown) => {
        this.log(`The sandbox could not write into ${this.directory}: ${String(error)}`);
      });
    return this.writing;
  }

  /** What fails stays among the changed, for the next time. */
  private async write(isClean: boolean): Promise<void> {
    for (const workspace of [...this.changed]) {
      this.changed.delete(workspace);
      try {
        await this.keep(workspace);
      } catch (error) {
        this.changed.add(workspace);
        throw error;
      }
    }
    await this.keepWorld(isClean);
  }

  private keepWorld(isClean: boolean): Promise<void> {
    return replace(this.path, [JSON.stringify(describeWorld(this.world, isClean))]);
  }

  private async keep(workspace: Workspace): Promise<void> {
    const path = this.pathOf(workspace);
    if (this.world.workspaces.has(workspace.id)) await replace(path, writeWorkspace(workspace));
    else await rm(path, { force: true });
  }

  /** Ids are UUIDs, or `*` for the operator's. */
  private pathOf({ id }: Workspace): string {
    return join(this.folder, `${id === '*' ? 'operator' : id}.json`);
  }
}

/** Writes in pieces, so that whoever has much doesn't hold up everybody else. */
async function replace(path: string, pieces: Iterable<string>): Promise<void> {
  const draft = `${path}.draft`;
  const file = await open(draft, 'w', 0o600);
  try {
    for (const piece of pieces) {
      await file.write(piece);
      await breathe();
    }
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

async function read<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} is no snapshot of a sandbox. Move it away to begin anew.`, { cause });
  }
}
