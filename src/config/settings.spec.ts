import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Configuration } from './configuration.js';
import { loadSecrets } from './secrets.js';
import { parseSettings } from './settings.js';

describe('parseSettings', () => {
  it('runs every role in one process by default', () => {
    expect(parseSettings({}).ARAUTO_ROLES).toEqual(['api', 'scheduler', 'worker', 'poller', 'sandbox']);
  });

  it('takes an empty variable as one that is not set', () => {
    expect(parseSettings({ PORT: '' }).PORT).toBe(3000);
  });

  it('lifts a limit of pace with 0', () => {
    expect(parseSettings({ PACING_BOT_PER_SECOND: '0' }).PACING_BOT_PER_SECOND).toBe(Infinity);
  });

  it('wants a sender where there is a mail server, and shows no password', () => {
    const attempt = () => parseSettings({ SMTP_URL: 'smtp://me:hunter2@mail.example.org:587' });
    expect(attempt).toThrow(/MAIL_FROM/);
    expect(attempt).not.toThrow(/hunter2/);
  });

  it('names every wrong variable at once, without its value', () => {
    const attempt = () =>
      parseSettings({ PORT: 'hunter2', ARAUTO_ROLES: 'api,cook', DATABASE_URL: 'mysql://secret@x/y' });
    expect(attempt).toThrow(/PORT[^]*ARAUTO_ROLES|ARAUTO_ROLES[^]*PORT/);
    expect(attempt).toThrow(/DATABASE_URL: must look like postgres/);
    expect(attempt).not.toThrow(/hunter2|secret@/);
  });
});

describe('consoleUrl', () => {
  const key = Buffer.alloc(32);
  it.each([
    [{}, 'http://127.0.0.1:3000'],
    [{ HOST: '0.0.0.0', PORT: '8080' }, 'http://localhost:8080'],
    [{ HOST: '::1' }, 'http://[::1]:3000'],
    [{ PUBLIC_URL: 'https://bots.example.org/' }, 'https://bots.example.org'],
    [
      { PUBLIC_URL: 'https://bots.example.org', CONSOLE_URL: 'https://example.org/app' },
      'https://example.org/app',
    ],
  ])('of %j is %s', (environment: Record<string, string>, url) => {
    const secrets = { ENCRYPTION_KEY: key, SESSION_KEY: key, SANDBOX_KEY: key };
    expect(new Configuration(parseSettings(environment), secrets).consoleUrl).toBe(url);
  });
});

describe('signUpWay', () => {
  const key = Buffer.alloc(32);
  const mails = { SMTP_URL: 'smtp://mail.example.org', MAIL_FROM: 'arauto@example.org' };
  it.each([
    [{}, 'at_once'],
    [{ NODE_ENV: 'production' }, 'at_once'],
    [mails, 'at_once'],
    [{ NODE_ENV: 'production', ...mails }, 'by_mail'],
    [{ NODE_ENV: 'production', ...mails, SIGN_UP: 'at_once' }, 'at_once'],
    [{ SIGN_UP: 'by_mail' }, 'by_mail'],
  ])('of %j is %s', (environment: Record<string, string>, way) => {
    const secrets = { ENCRYPTION_KEY: key, SESSION_KEY: key, SANDBOX_KEY: key };
    expect(new Configuration(parseSettings(environment), secrets).signUpWay).toBe(way);
  });
});

describe('loadSecrets', () => {
  const parent = mkdtempSync(join(tmpdir(), 'arauto-secrets-'));
  afterAll(() => rmSync(parent, { recursive: true }));

  it('stops production, naming the variables that are missing', () => {
    const settings = parseSettings({
      NODE_ENV: 'production',
      SESSION_KEY: Buffer.alloc(32, 1).toString('base64'),
    });
    expect(() => loadSecrets(settings)).toThrow(/ENCRYPTION_KEY, SANDBOX_KEY/);
  });

  it('makes development secrets once, readable by their owner alone', () => {
    const home = join(parent, 'home');
    const settings = parseSettings({ ARAUTO_HOME: home });
    const first = loadSecrets(settings);
    expect(first.ENCRYPTION_KEY).toHaveLength(32);
    expect(loadSecrets(settings).ENCRYPTION_KEY.equals(first.ENCRYPTION_KEY)).toBe(true);
    expect(statSync(join(home, 'secrets.json')).mode & 0o777).toBe(0o600);
  });

  it('lets other accounts pass through a home that it makes, and leaves one that is there as it is', () => {
    const umask = process.umask(0o077);
    try {
      const made = join(parent, 'made');
      loadSecrets(parseSettings({ ARAUTO_HOME: made }));
      expect(statSync(made).mode & 0o777).toBe(0o711);
      const present = join(parent, 'present');
      mkdirSync(present, { mode: 0o700 });
      loadSecrets(parseSettings({ ARAUTO_HOME: present }));
      expect(statSync(present).mode & 0o777).toBe(0o700);
    } finally {
      process.umask(umask);
    }
  });
});
