/** Everything that this process writes to its output from now on, kept instead of shown. */
export class WrittenLog {
  private readonly pieces: string[] = [];
  private readonly restored = new Map(
    [process.stdout, process.stderr].map((stream) => [stream, stream.write.bind(stream)]),
  );

  constructor() {
    for (const stream of this.restored.keys())
      stream.write = (piece: string | Uint8Array) => {
        this.pieces.push(typeof piece === 'string' ? piece : Buffer.from(piece).toString());
        return true;
      };
  }

  get text(): string {
    return this.pieces.join('');
  }

  end(): void {
    for (const [stream, write] of this.restored) stream.write = write;
  }
}
