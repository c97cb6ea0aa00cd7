/** Which address a browser stands at. */
export type Door = 'documentation' | 'operator';

/** Where the script of the page is. */
export const SIGN_IN_SCRIPT_PATH = '/sign-in.js';

/** Nothing but our own scripts; nobody may put the page into a frame. */
export const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/** A page that signs in whoever opened an address that isn't for everybody, and opens it again. */
export function signInPage(door: Door): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Arauto: sign in</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 22rem; margin: 15vh auto; padding: 0 1rem; }
  label, input, select, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
  input, select, button { margin: 0 0 1rem; padding: 0.5rem; }
  #problem { color: #b00020; min-height: 1.5em; }
</style>
<h1>Sign in</h1>
<form id="sign-in">
  ${
    door === 'operator'
      ? '<input type="hidden" name="who" value="operator">'
      : `<label for="who">as</label>
  <select id="who" name="who">
    <option value="member">owner or admin of a tenant</option>
    <option value="operator">operator of this installation</option>
  </select>`
  }
  <label for="email">E-mail address</label>
  <input id="email" name="email" type="email" autocomplete="username" required autofocus>
  <label for="password">Password</label>
  <input id="password" name="password" type="password" autocomplete="current-password" required>
  <label for="code">Code of your authenticator, if you have one</label>
  <input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}">
  <button>Sign in</button>
  <p id="problem" role="alert"></p>
</form>
<script src="${SIGN_IN_SCRIPT_PATH}"></script>
</html>
`;
}

/** Signs in over the API as any program would, and changes the token for a cookie; a member's session ends again. */
export const SIGN_IN_SCRIPT = `
const form = document.getElementById('sign-in');
const ways = {
  member: { signIn: '/auth/sign-in', finish: '/auth/sign-in/second-factor', open: '/documentation-access', signOut: '/auth/sign-out' },
  operator: { signIn: '/operator/sign-in', open: '/operator/browser-access' },
};

async function post(path, token, body) {
  const response = await fetch('/api/v1' + path, {
    method: 'POST',
    headers: {
      ...(token && { authorization: 'Bearer ' + token }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : {};
  if (!response.ok) throw Object.assign(new Error(answer.detail || 'It did not work; try again.'), answer);
  return answer;
}

/** A member shows the code in a second step, an operator in the first. */
async function signIn(way, email, password, code) {
  if (!way.finish) return post(way.signIn, undefined, { email, password, ...(code && { code }) });
  try {
    return await post(way.signIn, undefined, { email, password });
  } catch (error) {
    if (!error.challenge || !code) throw error;
    return post(way.finish, undefined, { challenge: error.challenge, code });
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { who, email, password, code } = Object.fromEntries(new FormData(form));
  const way = ways[who];
  try {
    const { accessToken } = await signIn(way, email, password, code);
    await post(way.open, accessToken);
    if (way.signOut) await post(way.signOut, accessToken);
    location.reload();
  } catch (error) {
    document.getElementById('problem').textContent = error.message;
  }
});
`;
