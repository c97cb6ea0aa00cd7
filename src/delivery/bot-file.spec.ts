import { AssetGoneError } from '../messages/index.js';
import { type BotApiOutcome } from '../telegram/index.js';
import { BotFile, type FileIdKeeper, type FileUse } from './bot-file.js';
import { UploadGate } from './upload-gate.js';

/** What is kept for all processes. */
class Keeper implements FileIdKeeper {
  kept: string | undefined;

  find(): Promise<string | undefined> {
    return Promise.resolve(this.kept);
  }

  remember(fileId: string): Promise<void> {
    this.kept = fileId;
    return Promise.resolve();
  }

  replace(staleFileId: string): Promise<string | undefined> {
    if (this.kept === staleFileId) this.kept = undefined;
    return Promise.resolve(this.kept);
  }
}

const asset = {
  fileName: 'a.png',
  contentType: 'image/png',
  sizeBytes: 7,
  read: () => {
    throw new Error('Nothing is read here.');
  },
};
const taken = (fileId: string): BotApiOutcome => ({ kind: 'ok', result: { photo: [{ file_id: fileId }] } });
const refused: BotApiOutcome = { kind: 'rejected', code: 400, description: '', reason: 'bad_file' };
const lost: BotApiOutcome = { kind: 'notSent', cause: 'connection_lost' };

describe('BotFile', () => {
  let keeper: Keeper;
  let gate: UploadGate;
  let file: BotFile;

  beforeEach(() => {
    keeper = new Keeper();
    gate = new UploadGate({ small: 1, large: 1 });
    file = new BotFile('photo', asset, undefined, keeper, gate);
  });

  /** One delivery from its beginning to its answer. */
  const deliver = async (outcome: BotApiOutcome, of = file) => {
    const user = {};
    const use = of.begin(user)!;
    const { isTriedAgain, kept } = of.learn(user, use, outcome);
    await kept;
    return { how: use.kind, isTriedAgain };
  };

  it('is uploaded by one, while the others wait for its name', async () => {
    const user = {};
    const use = file.begin(user)!;
    expect([use.kind, file.isReady, gate.hasRoom(7)]).toEqual(['uploaded', false, false]);
    await file.learn(user, use, taken('one')).kept;
    expect([file.isReady, gate.hasRoom(7), keeper.kept]).toEqual([true, true, 'one']);
    expect(file.begin({})).toEqual({ kind: 'named', fileId: 'one' });
  });

  it.each([
    ['fails', (user: object, use: FileUse) => void file.learn(user, use, lost)],
    ['never leaves', (user: object) => file.abandon(user)],
  ])('has its next turn with another when the upload %s', (_title, end) => {
    const user = {};
    end(user, file.begin(user)!);
    expect([file.isReady, gate.hasRoom(7)]).toEqual([true, true]);
    expect(file.begin({})?.kind).toBe('uploaded');
  });

  it('goes on with its upload when another delivery, begun before, turns out not to leave', async () => {
    keeper.kept = 'old';
    await file.refresh();
    const [stale, other] = [{}, {}];
    const use = file.begin(stale)!;
    file.begin(other);
    await file.learn(stale, use, refused).kept;
    const uploader = {};
    file.begin(uploader);
    file.abandon(other);
    expect([file.isReady, gate.hasRoom(7)]).toEqual([false, false]);
  });

  it('takes the name that another process has kept meanwhile', async () => {
    keeper.kept = 'theirs';
    await file.refresh();
    expect(file.begin({})).toEqual({ kind: 'named', fileId: 'theirs' });
  });

  it('is uploaded once more where its name is stale, whoever else used that', async () => {
    keeper.kept = 'old';
    await file.refresh();
    const users = [{}, {}, {}];
    const uses = users.map((user) => file.begin(user)!);
    const lessons = users.map((user, n) => file.learn(user, uses[n]!, refused));
    expect(lessons.map(({ isTriedAgain }) => isTriedAgain)).toEqual([true, true, true]);
    expect(file.isReady).toBe(false);
    for (const { kept } of lessons) await kept;
    expect(keeper.kept).toBeUndefined();
    expect(await deliver(taken('new'))).toEqual({ how: 'uploaded', isTriedAgain: false });
    expect(await deliver(taken('new'))).toEqual({ how: 'named', isTriedAgain: false });
  });

  it('takes the name that replaced a stale one, without an upload', async () => {
    keeper.kept = 'old';
    await file.refresh();
    keeper.kept = 'theirs';
    expect(await deliver(refused)).toEqual({ how: 'named', isTriedAgain: true });
    expect(file.begin({})).toEqual({ kind: 'named', fileId: 'theirs' });
  });

  it('is at fault itself where Telegram refuses the very name that it just gave: no loop', async () => {
    await deliver(taken('new'));
    expect(await deliver(refused)).toEqual({ how: 'named', isTriedAgain: false });
    expect(await deliver(refused)).toEqual({ how: 'named', isTriedAgain: false });
  });

  it('keeps to its name where the file was deleted, and is gone without one', async () => {
    keeper.kept = 'old';
    const deleted = new BotFile('photo', undefined, undefined, keeper, gate);
    expect([deleted.isGone, deleted.begin({})]).toEqual([true, undefined]);
    await deleted.refresh();
    expect(await deliver(refused, deleted)).toEqual({ how: 'named', isTriedAgain: false });
    expect(deleted.isGone).toBe(false);
  });

  it('is gone for everybody where it is deleted while it goes up, and gives its place back', async () => {
    const read = async function* () {
      yield await Promise.resolve(Buffer.from('piece'));
      throw new AssetGoneError();
    };
    const deleted = new BotFile('photo', { ...asset, read }, undefined, keeper, gate);
    const user = {};
    const use = deleted.begin(user)!;
    const pieces = async () => {
      if (use.kind === 'uploaded') for await (const piece of use.upload.open()) expect(piece).toHaveLength(5);
    };
    await expect(pieces()).rejects.toThrow(AssetGoneError);
    const broken: BotApiOutcome = { kind: 'notSent', cause: 'upload_broken' };
    expect(deleted.learn(user, use, broken)).toEqual({ isTriedAgain: true, kept: undefined });
    expect([deleted.isGone, deleted.isReady, gate.hasRoom(7)]).toEqual([true, true, true]);
    expect(deleted.begin({})).toBeUndefined();
  });

  it('waits for a place where all are taken, and is called', () => {
    gate.enter(7);
    expect(file.isReady).toBe(false);
    let calls = 0;
    file.callWhenReady(() => (calls += 1));
    gate.leave(7);
    expect([calls, file.isReady]).toEqual([1, true]);
  });
});
