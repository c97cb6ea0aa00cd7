/** Words come from the script, so that the language can change; `data-text` names them. */
export const pageMarkup = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Arauto sandbox</title>
    <link rel="stylesheet" href="/page.css">
    <script src="/page.js" defer></script>
  </head>
  <body>
    <header>
      <h1>Arauto <span data-text="sandbox"></span></h1>
      <label><span class="quiet" data-text="language"></span>
        <select id="language">
          <option value="en">English</option>
          <option value="pt">Português (Brasil)</option>
          <option value="es">Español</option>
        </select>
      </label>
      <button id="leave" class="plain" type="button" data-text="leave" hidden></button>
    </header>
    <main id="entrance" hidden>
      <form id="entrance-form" class="card">
        <h2 data-text="enter"></h2>
        <p data-text="enterHint"></p>
        <label><span data-text="accessToken"></span>
          <input id="token" type="password" autocomplete="off" required maxlength="1024">
        </label>
        <p id="entrance-problem" class="problem" role="alert"></p>
        <button type="submit" data-text="enterNow"></button>
      </form>
    </main>
    <main id="room" hidden>
      <nav aria-label="Chats">
        <section>
          <label class="quiet" for="person" data-text="youAre"></label>
          <select id="person"></select>
          <form id="person-form" class="line">
            <input id="person-name" data-placeholder="newPerson" maxlength="64" required>
            <button type="submit" data-text="create"></button>
          </form>
        </section>
        <h2 data-text="bots"></h2>
        <ul id="bots"></ul>
        <h2 data-text="groups"></h2>
        <ul id="groups"></ul>
      </nav>
      <section id="chat" hidden>
        <div id="chat-head">
          <button id="back" class="plain" type="button" data-text="back"></button>
          <strong id="chat-title"></strong>
          <button id="block" class="plain" type="button" hidden></button>
        </div>
        <ol id="messages" aria-live="polite"></ol>
        <p id="toast" role="status" hidden></p>
        <form id="composer" class="line">
          <input id="draft" data-placeholder="write" maxlength="4096" autocomplete="off" required>
          <button type="submit" data-text="send"></button>
        </form>
        <button id="start" type="button" hidden></button>
      </section>
      <p id="no-chat" class="quiet" data-text="chooseChat"></p>
    </main>
    <noscript>This page needs JavaScript.</noscript>
  </body>
</html>
`;
