import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSecretFiles } from './secret-files.js';

describe('readSecretFiles', () => {
  const directory = mkdtempSync(join(tmpdir(), 'arauto-secret-files-'));
  const file = join(directory, 'secret');
  beforeEach(() => writeFileSync(file, 'hunter2\n'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('takes a secret from the file that is named, without the line break at its end', () => {
    expect(readSecretFiles({ SESSION_KEY_FILE: file, PORT: '1' })).toMatchObject({
      SESSION_KEY: 'hunter2',
      PORT: '1',
    });
  });

  it('takes an empty name of a file as none', () => {
    expect(readSecretFiles({ DATABASE_URL_FILE: '', DATABASE_URL: 'given' })).toMatchObject({
      DATABASE_URL: 'given',
    });
  });

  it('reads files of secrets alone', () => {
    expect(readSecretFiles({ PORT_FILE: file })).not.toHaveProperty('PORT');
  });

  it('asks which one counts where both are set', () => {
    const attempt = () => readSecretFiles({ SANDBOX_KEY: 'other', SANDBOX_KEY_FILE: file });
    expect(attempt).toThrow(/SANDBOX_KEY and SANDBOX_KEY_FILE/);
    expect(attempt).not.toThrow(/hunter2|other/);
  });

  it('names the setting whose file is missing or empty', () => {
    expect(() => readSecretFiles({ SMTP_URL_FILE: join(directory, 'absent') })).toThrow(
      /SMTP_URL_FILE can't be read \(ENOENT\)/,
    );
    writeFileSync(file, '\n');
    expect(() => readSecretFiles({ QUEUE_URL_FILE: file })).toThrow(/QUEUE_URL_FILE is empty/);
  });
});
