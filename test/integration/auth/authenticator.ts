import { Secret, TOTP } from 'otpauth';

/** What a person holds in their hand: shows the code of any time. */
export class Authenticator {
  constructor(private readonly secret: string) {}

  show(secondsFromNow = 0): string {
    const totp = new TOTP({ secret: Secret.fromBase32(this.secret) });
    return totp.generate({ timestamp: Date.now() + secondsFromNow * 1000 });
  }

  wrong(): string {
    const near = [-60, -30, 0, 30, 60, 90].map((seconds) => this.show(seconds));
    for (let n = 0; ; n += 1) {
      const code = String(n).padStart(6, '0');
      if (!near.includes(code)) return code;
    }
  }
}
