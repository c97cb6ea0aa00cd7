/** Lets so many uploads in at once; the others wait unread, so that TCP holds their bytes instead of our memory. */
export class UploadGate {
  private inside = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly places: number) {}

  async enter(): Promise<void> {
    if (this.inside < this.places) {
      this.inside++;
      return;
    }
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** The place goes straight to whoever has waited longest. */
  leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.inside--;
  }
}
