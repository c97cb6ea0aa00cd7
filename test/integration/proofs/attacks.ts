import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { PasswordHasher } from '../../../src/auth/passwords/password-hasher.service.js';
import { PASSWORD, signUpTenant } from '../../harness/accounts.js';
import { type HostileScene, type RawAnswer, sendRaw, tellingParts } from '../security/hostile-scene.js';
import { spellAddresses } from './address-spellings.js';
import { type AttackOutcome } from './attack-outcome.js';
import {
  aimSandbox,
  aimWebhooks,
  misleadWebhooks,
  PUBLIC_HOST,
  redirectSandbox,
  redirectWebhooks,
} from './attacks-outwards.js';

type Attack = (scene: HostileScene) => Promise<AttackOutcome>;

/** In the order in which they are tried: guessing closes the door to everybody of its network for a while. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  'tokens unsigned or signed by others': forgeTokens,
  'refresh tokens used again': reuseRefreshTokens,
  'requests of foreign pages': forgeRequests,
  'addresses of our own network, in the sandbox': aimSandbox,
  'a redirect into our own network, in the sandbox': redirectSandbox,
  'addresses of our own network, for webhooks': aimWebhooks,
  'addresses and names that lead into our own network, when webhooks are sent': misleadWebhooks,
  'a redirect into our own network, when webhooks are sent': redirectWebhooks,
  'file paths and addresses as media': readFiles,
  'telling accounts from none': enumerateAccounts,
  'guessing passwords with forged headers': guessPasswords,
};

const post = (scene: HostileScene, path: string, body: unknown, given: object = {}): Promise<RawAnswer> =>
  sendRaw(scene.application.url, 'POST', `/api/v1${path}`, { body: JSON.stringify(body), ...given });

async function forgeTokens(scene: HostileScene): Promise<AttackOutcome> {
  const [head = '', payload = '', signature = ''] = scene.ana.accessToken.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const write = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const hmac = (text: string, key: string, algorithm = 'sha256') =>
    createHmac(algorithm, key).update(text).digest('base64url');
  const typ = 'at+jwt';
  const foreign = write({ ...claims, tid: scene.bia.tenantId });
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signedByRsa = `${write({ alg: 'RS256', typ, jwk: publicKey.export({ format: 'jwk' }) })}.${payload}`;
  const grant = await scene.ana.client.post<{ accessToken: string }>('/sandbox/access');
  const weakKeys = ['', 'secret', 'arauto', 'access-token', '\0'.repeat(32)];
  const tokens = [
    ...['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg) => [
      `${write({ alg, typ })}.${payload}.`,
      `${write({ alg, typ })}.${payload}.${signature}`,
    ]),
    ...weakKeys.map((key) => `${head}.${payload}.${hmac(`${head}.${payload}`, key)}`),
    `${head}.${foreign}.${signature}`,
    `${head}.${write({ ...claims, exp: 4_102_444_800 })}.${signature}`,
    `${write({ alg: 'HS512', typ })}.${payload}.${hmac(`${write({ alg: 'HS512', typ })}.${payload}`, '', 'sha512')}`,
    `${signedByRsa}.${createSign('sha256').update(signedByRsa).sign(privateKey, 'base64url')}`,
    `${write({ alg: 'HS256', typ, kid: '../../../../dev/null' })}.${payload}.${hmac('', '')}`,
    `${head}.${payload}`,
    `${head}.${payload}.`,
    `..${signature}`,
    `${head}.${payload}.${signature}.${signature}`,
    scene.ana.refreshToken,
    grant.body.accessToken,
    `${scene.ana.accessToken}, Bearer x`,
  ];
  const passed: string[] = [];
  for (const token of tokens) {
    const { status } = await sendRaw(scene.application.url, 'GET', '/api/v1/bots', { token });
    if (status !== 401) passed.push(`a forged token was answered with ${status}: ${token.slice(0, 80)}`);
  }
  return { tries: tokens.length, passed };
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

async function reuseRefreshTokens(scene: HostileScene): Promise<AttackOutcome> {
  const passed: string[] = [];
  const refresh = async (refreshToken: string) => {
    const answer = await post(scene, '/auth/refresh', { refreshToken });
    return { status: answer.status, ...(JSON.parse(answer.text) as Partial<Tokens>) };
  };
  const honest = await signUpTenant(scene.application.url);
  const two = await Promise.all([refresh(honest.refreshToken), refresh(honest.refreshToken)]);
  // Two tabs of one person aren't an attack: both go on, with the same successor.
  if (two.some(({ status }) => status !== 200) || two[0]?.refreshToken !== two[1]?.refreshToken)
    passed.push(`an honest double refresh ended the session: ${two.map(({ status }) => status).join()}`);

  const victim = await signUpTenant(scene.application.url);
  const stolen = victim.refreshToken;
  const next = await refresh(stolen);
  await scene.bots.look(
    `UPDATE refresh_tokens SET used_at = now() - interval '1 minute' WHERE used_at IS NOT NULL`,
  );
  const again = await refresh(stolen);
  if (again.status !== 401) passed.push(`a used refresh token gave ${again.status}`);
  const family = await refresh(next.refreshToken ?? '');
  if (family.status !== 401) passed.push(`the session lives on after a reuse: ${family.status}`);
  const access = await sendRaw(scene.application.url, 'GET', '/api/v1/bots', {
    token: next.accessToken ?? '',
  });
  if (access.status !== 401) passed.push(`its access token still opens: ${access.status}`);
  return { tries: 4, passed };
}

/** What a page of somebody else makes a signed-in person's browser send. */
async function forgeRequests(scene: HostileScene): Promise<AttackOutcome> {
  const passed: string[] = [];
  const { accessToken, refreshToken } = scene.ana;
  const own = new URL(scene.application.url);
  const foreignPages: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `http://${own.hostname}.evil.example` },
    { origin: `http://evil.example:${own.port}` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: `http://sibling.${own.hostname}` },
    { 'sec-fetch-site': 'cross-site', origin: own.origin },
    {},
  ];
  let tries = 0;
  // No cookie is a credential of the API itself.
  for (const cookie of [
    `accessToken=${accessToken}`,
    `authorization=Bearer ${accessToken}`,
    `session=${accessToken}`,
  ]) {
    tries += 1;
    const { status } = await sendRaw(scene.application.url, 'GET', '/api/v1/bots', { headers: { cookie } });
    if (status !== 401) passed.push(`${cookie.split('=')[0]} in a cookie opened the API: ${status}`);
  }
  const signedIn = await post(
    scene,
    '/auth/sign-in',
    { email: scene.ana.email, password: PASSWORD, transport: 'cookie' },
    { headers: { 'sec-fetch-site': 'same-origin', origin: own.origin } },
  );
  const given = signedIn.headers.get('set-cookie');
  if (given === null) passed.push(`no cookie was given to try with: ${signedIn.status} ${signedIn.text}`);
  else {
    const [cookie = ''] = given.split(';');
    if (
      !/__Host-/.test(given) ||
      !/httponly/i.test(given) ||
      !/samesite=strict/i.test(given) ||
      !/secure/i.test(given)
    )
      passed.push('the cookie is not __Host-, HttpOnly, Secure and SameSite=Strict');
    if (signedIn.text.includes(cookie.split('=')[1] ?? ''))
      passed.push('what is in the cookie is in the body too');
    for (const page of foreignPages) {
      tries += 1;
      const answer = await post(
        scene,
        '/auth/refresh',
        { transport: 'cookie' },
        { headers: { ...page, cookie } },
      );
      if (answer.status < 400) passed.push(`a page with ${JSON.stringify(page)} refreshed: ${answer.status}`);
    }
  }
  // A form can send these types without asking first.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b']) {
    tries += 1;
    const answer = await post(
      scene,
      '/auth/refresh',
      { refreshToken },
      { headers: { 'content-type': type } },
    );
    if (answer.status < 400) passed.push(`a form of ${type} refreshed: ${answer.status}`);
  }
  const preflight = await fetch(`${scene.application.url}/api/v1/bots`, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  });
  if (preflight.headers.has('access-control-allow-origin')) passed.push('a foreign page may read answers');
  return { tries: tries + 1, passed };
}

const FILES = [
  ...[
    '/etc/passwd',
    'file:///etc/passwd',
    'file://localhost/etc/passwd',
    'FILE:///etc/passwd',
    '../../etc/passwd',
  ],
  ...[
    'C:\\Windows\\win.ini',
    '\\\\host\\share\\file',
    '/proc/self/environ',
    'file:/etc/passwd',
    'attach://file',
  ],
  ...[
    '~/.ssh/id_rsa',
    '%2e%2e%2fetc%2fpasswd',
    'php://filter/resource=/etc/passwd',
    'data:text/plain;base64,aGVsbG8=',
  ],
];
const FILE_NAMES = [
  ...[
    '../../etc/passwd',
    '..\\..\\windows\\win.ini',
    '/etc/passwd',
    'a/../../b.txt',
    '....//....//etc/passwd',
  ],
  ...['%2e%2e%2fetc%2fpasswd', 'C:\\a.txt', '.', '..', 'a.txt\u0000.jpg', '~root'],
];

async function readFiles(scene: HostileScene): Promise<AttackOutcome> {
  const passed: string[] = [];
  let tries = 0;
  const { accessToken: token } = scene.ana;
  const addresses = [
    ...FILES,
    ...spellAddresses(80, PUBLIC_HOST).filter((url) => !/^https?:\/\//i.test(url.trim())),
  ];
  for (const url of addresses) {
    for (const content of [
      { kind: 'photo', url },
      { kind: 'document', url },
      { kind: 'document', assetId: url },
      { kind: 'photo', assetId: url },
    ]) {
      tries += 1;
      const answer = await post(scene, '/messages', { content }, { token });
      if (answer.status !== 400) passed.push(`${JSON.stringify(content)} was answered with ${answer.status}`);
    }
  }
  for (const name of FILE_NAMES) {
    tries += 1;
    const form = new FormData();
    form.append('file', new Blob(['harmless'], { type: 'text/plain' }), name);
    const upload = await fetch(`${scene.application.url}/api/v1/assets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: form,
    });
    if (upload.status === 400) continue;
    const { id, fileName } = (await upload.json()) as { id: string; fileName: string };
    if (/[/\\\0]/.test(fileName)) passed.push(`a file is kept under the name ${fileName}`);
    const bytes = await sendRaw(scene.application.url, 'GET', `/api/v1/assets/${id}/content`, { token });
    if (bytes.status < 400 && bytes.text !== 'harmless')
      passed.push(`${name} gave back ${bytes.text.slice(0, 80)}`);
  }
  return { tries, passed };
}

async function enumerateAccounts(scene: HostileScene): Promise<AttackOutcome> {
  const passed: string[] = [];
  let tries = 0;
  // Every hash goes through here, one for a person who isn't there too.
  const hashing = jest.spyOn(
    PasswordHasher.prototype as unknown as { runBounded: () => unknown },
    'runBounded',
  );
  const routes: [string, (email: string) => unknown][] = [
    ['/auth/sign-in', (email) => ({ email, password: 'not the password' })],
    ['/auth/forgot-password', (email) => ({ email })],
    ['/operator/sign-in', (email) => ({ email, password: 'not the password' })],
  ];
  try {
    for (const [path, bodyOf] of routes) {
      const ask = async (email: string) => {
        hashing.mockClear();
        const answer = tellingParts(await post(scene, path, bodyOf(email)));
        return JSON.stringify({ ...answer, hashes: hashing.mock.calls.length });
      };
      const unknown = await ask('nobody.at.all@example.org');
      for (const [who, email] of [
        ['a member', scene.ana.email],
        ['an operator', scene.operator.email],
      ] as const) {
        tries += 2;
        const known = await ask(email);
        if (known !== unknown) passed.push(`${path} tells ${who} from nobody: ${known} and ${unknown}`);
        if (path.endsWith('/sign-in') && !known.includes('"hashes":1'))
          passed.push(`${path} hashes no password of ${who}: ${known}`);
      }
    }
    const byMail = await enumerateBySignUpByMail(scene, hashing);
    // The last one: it closes the door.
    const atOnce = await enumerateBySignUpAtOnce(scene, hashing);
    return {
      tries: tries + byMail.tries + atOnce.tries,
      passed: [...passed, ...byMail.passed, ...atOnce.passed],
    };
  } finally {
    hashing.mockRestore();
  }
}

/** More than a network may ask about in a day. */
const ADDRESSES_ASKED = 30;

/** Nothing tells where a link goes first: neither of who has an account, nor of who asked for one before. */
async function enumerateBySignUpByMail(
  scene: HostileScene,
  hashing: jest.SpyInstance,
): Promise<AttackOutcome> {
  const passed: string[] = [];
  const application = await scene.bots.start('api', { SIGN_UP: 'by_mail' });
  try {
    const ask = async (email: string) => {
      hashing.mockClear();
      const body = { email, password: PASSWORD, name: 'Mallory', tenantName: 'Mallory' };
      const answer = await sendRaw(application.url, 'POST', '/api/v1/auth/sign-up', {
        body: JSON.stringify(body),
      });
      return JSON.stringify({ ...tellingParts(answer), hashes: hashing.mock.calls.length });
    };
    const unknown = await ask('mallory.by.mail@example.org');
    if (!unknown.includes('"status":202') || !unknown.includes('"hashes":1'))
      passed.push(`sign-up by mail is not what was asked: ${unknown}`);
    await application.mailbox.receive('mallory.by.mail@example.org');
    const others = {
      'a member': scene.ana.email,
      'an operator': scene.operator.email,
      'who asked before': 'mallory.by.mail@example.org',
    };
    for (const [who, email] of Object.entries(others)) {
      // More often than mails go to one address: that more are not sent isn't told either.
      for (let n = 0; n < ADDRESSES_ASKED / 3; n += 1) {
        const known = await ask(email);
        if (known !== unknown) passed.push(`sign-up by mail tells ${who}: ${known} and ${unknown}`);
      }
    }
    return { tries: ADDRESSES_ASKED + 1, passed };
  } finally {
    await scene.bots.close(application);
  }
}

/** Signing up at once tells of an address that it has an account: of a few for each network, each at a sign-up's price. */
async function enumerateBySignUpAtOnce(
  scene: HostileScene,
  hashing: jest.SpyInstance,
): Promise<AttackOutcome> {
  const passed: string[] = [];
  const signUp = async (email: string, n: number) => {
    hashing.mockClear();
    const body = { email, password: PASSWORD, name: 'Mallory', tenantName: 'Mallory' };
    const headers = Object.fromEntries(FORGED.map((name) => [name, `203.0.113.${n}`]));
    const answer = await post(scene, '/auth/sign-up', body, { headers });
    const { code } = JSON.parse(answer.text) as { code?: string };
    return { status: answer.status, code, hashes: hashing.mock.calls.length };
  };
  const [taken, free] = [await signUp(scene.ana.email, 0), await signUp('mallory.first@example.org', 1)];
  if (taken.hashes !== free.hashes)
    passed.push(`sign-up works differently for an address that is taken: ${taken.hashes}, ${free.hashes}`);
  let told = 1;
  for (let n = 2; n < ADDRESSES_ASKED; n += 1) {
    if ((await signUp(scene.ana.email, n)).status !== 429) told += 1;
  }
  if (told > 10) passed.push(`sign-up told of ${told} addresses whether they have an account`);
  const [known, unknown] = [await signUp(scene.ana.email, 0), await signUp('mallory.last@example.org', 1)];
  if (JSON.stringify(known) !== JSON.stringify(unknown))
    passed.push(`sign-up goes on telling: ${JSON.stringify(known)} and ${JSON.stringify(unknown)}`);
  return { tries: ADDRESSES_ASKED + 2, passed };
}

const FORGED = [
  'x-forwarded-for',
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'cf-connecting-ip',
  'true-client-ip',
];
/** More than any account or network has. */
const GUESSES = 80;

/** From ever new networks, if one believed the headers. */
async function guessPasswords(scene: HostileScene): Promise<AttackOutcome> {
  const passed: string[] = [];
  const guess = (email: string, n: number) => {
    const address = `203.0.${n >> 8}.${n & 255}`;
    const headers = Object.fromEntries(
      FORGED.map((name) => [name, name === 'forwarded' ? `for=${address}` : address]),
    );
    return post(scene, '/auth/sign-in', { email, password: `guess number ${n}` }, { headers });
  };
  const ofOne: number[] = [];
  for (let n = 0; n < GUESSES / 2; n += 1) ofOne.push((await guess(scene.bia.email, n)).status);
  const letThrough = ofOne.filter((status) => status !== 429).length;
  if (letThrough > 10) passed.push(`${letThrough} passwords of one account could be tried`);
  const ofMany: number[] = [];
  for (let n = 0; n < GUESSES; n += 1) ofMany.push((await guess(`somebody.${n}@example.org`, n)).status);
  if (!ofMany.includes(429)) passed.push(`${GUESSES} accounts could be tried from one network`);
  const right = await post(scene, '/auth/sign-in', { email: scene.bia.email, password: PASSWORD });
  if (right.status !== 429) passed.push(`the account answers ${right.status} in the middle of it`);
  if (!right.headers.has('retry-after')) passed.push('nobody is told when to try again');
  return { tries: ofOne.length + ofMany.length + 1, passed };
}
