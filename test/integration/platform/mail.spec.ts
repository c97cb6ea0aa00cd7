import { createServer, type Server, type Socket } from 'node:net';
import { type AddressInfo } from 'node:net';
import { readdirSync, readFileSync, statSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackgroundWork, Clock } from '../../../src/platform/clock/index.js';
import { MailFolder } from '../../../src/platform/mail/mail-folder.js';
import { PatientMailer } from '../../../src/platform/mail/patient-mailer.js';
import { SmtpServer } from '../../../src/platform/mail/smtp-server.js';
import { AccountScene } from '../auth/account-scene.js';
import { waitUntil } from '../../harness/wait.js';

interface TakenMail {
  readonly from: string;
  readonly to: string;
  readonly data: string;
}

/** As much of RFC 5321 as a mail needs, on a port of its own. */
class SmtpListener {
  readonly taken: TakenMail[] = [];
  /** Recipients that were named, taken or not. */
  readonly asked: string[] = [];
  /** Answers to the next recipients instead of 250. */
  readonly refusals: string[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async open(): Promise<SmtpListener> {
    const listener = new SmtpListener(createServer());
    listener.server.on('connection', (socket) => listener.serve(socket));
    await new Promise<void>((resolve) => listener.server.listen(0, '127.0.0.1', resolve));
    return listener;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const say = (line: string) => socket.write(`${line}\r\n`);
    let [unread, from, to] = ['', '', ''];
    let isData = false;
    say('220 test ready');
    socket.on('data', (piece: Buffer) => {
      unread += piece.toString();
      for (;;) {
        const end = unread.indexOf(isData ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const text = unread.slice(0, end);
        unread = unread.slice(end + (isData ? 5 : 2));
        if (isData) {
          this.taken.push({ from, to, data: text });
          isData = false;
          say('250 taken');
        } else if (/^(EHLO|HELO)/i.test(text)) {
          say('250 test');
        } else if (/^MAIL/i.test(text)) {
          from = text;
          say('250 fine');
        } else if (/^RCPT/i.test(text)) {
          to = text;
          this.asked.push(text);
          say(this.refusals.shift() ?? '250 fine');
        } else if (/^DATA/i.test(text)) {
          isData = true;
          say('354 go on');
        } else if (/^QUIT/i.test(text)) {
          say('221 bye');
          socket.end();
        } else {
          say('250 fine');
        }
      }
    });
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const generous = { admit: () => Promise.resolve(true) };
const mail = { to: 'ana@example.org', subject: 'Olá, Ana', text: 'Open https://example.org/#token=secret' };

describe('a mail server', () => {
  let listener: SmtpListener;
  const background = new BackgroundWork();
  beforeEach(async () => {
    listener = await SmtpListener.open();
  });
  afterEach(() => listener.close());
  afterAll(() => background.onModuleDestroy());

  const mailerFor = (url: string) =>
    new PatientMailer(new SmtpServer(url, 'Arauto <arauto@example.org>'), background, generous, [1, 1, 1]);

  it('gets sender, recipient, subject and text', async () => {
    await mailerFor(listener.url).send(mail);
    const [taken] = listener.taken;
    expect(taken?.from).toContain('<arauto@example.org>');
    expect(taken?.to).toContain('<ana@example.org>');
    expect(taken?.data).toMatch(/^From: Arauto <arauto@example\.org>\r$/m);
    expect(taken?.data).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(taken?.data).toContain('https://example.org/#token=');
  });

  it('is asked again when it was busy, until it takes the mail', async () => {
    listener.refusals.push('451 later', '421 later');
    await mailerFor(listener.url).send(mail);
    expect(listener.asked).toHaveLength(3);
    expect(listener.taken).toHaveLength(1);
  });

  it('is not asked again about somebody whom it does not know, and not for ever when it is busy', async () => {
    listener.refusals.push('550 nobody here');
    await expect(mailerFor(listener.url).send(mail)).rejects.toThrow('550');
    expect(listener.asked).toHaveLength(1);
    listener.refusals.push('451 later', '451 later', '451 later', '451 later');
    await expect(mailerFor(listener.url).send(mail)).rejects.toThrow('451');
    expect(listener.asked).toHaveLength(5);
    expect(listener.taken).toEqual([]);
  });

  it('gets no password without TLS', async () => {
    const url = listener.url.replace('smtp://', 'smtp://arauto:hunter2@');
    await expect(new SmtpServer(url, 'arauto@example.org').deliver(mail)).rejects.toThrow(/TLS/i);
    expect(listener.asked).toEqual([]);
  });

  it('gets no second recipient and no other header out of a line break', async () => {
    const subject = 'Hello\r\nBcc: eve@example.org';
    await mailerFor(listener.url).send({ ...mail, subject });
    await mailerFor(listener.url)
      .send({ ...mail, to: 'ana@example.org\r\nRCPT TO:<eve@example.org>' })
      .catch(() => undefined);
    expect(listener.asked.filter((line) => line.includes('<eve@'))).toEqual([]);
    expect(listener.taken[0]?.data).not.toMatch(/^Bcc:/m);
  });

  it('that is away leaves a line in the log, with nothing of the mail in it', async () => {
    const lines: string[] = [];
    const gone = listener.url.replace(/\d+$/, '1');
    background.begin(
      () => mailerFor(gone).send(mail),
      { warn: (line: string) => lines.push(line) },
      'a mail',
    );
    await waitUntil(() => lines.length > 0);
    expect(lines).toEqual([expect.stringMatching(/^a mail failed: Error E/)]);
  });

  it('is used by the application, where one is set', async () => {
    const scene = await AccountScene.open({ SMTP_URL: listener.url, MAIL_FROM: 'arauto@example.org' });
    try {
      const { email } = await scene.signUp();
      await waitUntil(() => listener.taken.length === 1);
      expect(listener.taken[0]?.to).toContain(`<${email}>`);
      expect(await scene.mailbox.listTo(email)).toEqual([]);
    } finally {
      await scene.end();
    }
  });
});

describe('the mail folder', () => {
  it('is for its owner alone', async () => {
    const home = mkdtempSync(join(tmpdir(), 'arauto-mail-'));
    const umask = process.umask(0);
    try {
      const folder = join(home, 'mail');
      await new MailFolder(folder, new Clock()).deliver(mail);
      const [name = ''] = readdirSync(folder);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(folder, name), 'utf8')).toBe(
        `To: ${mail.to}\nSubject: ${mail.subject}\n\n${mail.text}\n`,
      );
    } finally {
      process.umask(umask);
      rmSync(home, { recursive: true });
    }
  });
});
