/** A secret, and where its being seen is its purpose. */
interface Secret {
  readonly name: string;
  readonly forms: readonly string[];
  readonly isAllowedIn: (place: string) => boolean;
}

/** Looks for secrets as they are and as they are written elsewhere: in addresses, in base64, in hex. */
export class SecretSearch {
  private readonly secrets: Secret[] = [];
  private readonly values = new Set<string>();
  /** Bytes searched, by place. */
  readonly searched = new Map<string, number>();
  readonly hits: string[] = [];

  /** @param isAllowedIn places that may show it, such as the answer that gives it out */
  add(name: string, value: string, isAllowedIn: (place: string) => boolean = () => false): void {
    if (value.length < 8) throw new Error(`The secret "${name}" is too short to be told from other text.`);
    if (this.values.has(value)) return;
    this.values.add(value);
    this.secrets.push({ name, forms: formsOf(value), isAllowedIn });
  }

  knows(value: string): boolean {
    return this.values.has(value);
  }

  get count(): number {
    return this.secrets.length;
  }

  /** @param place such as `log` or `rows of bots`; of answers, `answers of GET /api/v1/bots` */
  search(place: string, text: string): void {
    const [kind = place] = place.split(' of ');
    this.searched.set(kind, (this.searched.get(kind) ?? 0) + Buffer.byteLength(text));
    for (const { name, forms, isAllowedIn } of this.secrets) {
      const form = forms.find((one) => text.includes(one));
      if (form === undefined || isAllowedIn(place)) continue;
      const at = text.indexOf(form);
      const around =
        text.slice(Math.max(0, at - 80), at) + '[here]' + text.slice(at + form.length).slice(0, 40);
      this.hits.push(`${name} in ${place}: …${around}…`);
    }
  }
}

/** How a secret may be written: as it is, in an address, in base64 wherever it begins, in hex. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].flatMap((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // Only the characters that are of the secret alone, whatever stands before and behind it.
    const inner = whole.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const asJson = JSON.stringify(secret).slice(1, -1);
  return [...new Set([secret, encodeURIComponent(secret), asJson, hex, hex.toUpperCase(), ...base64])];
}
