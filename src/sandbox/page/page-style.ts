export const pageStyle = `:root {
  color-scheme: light dark;
  --ground: light-dark(#f3f5f8, #12161c);
  --card: light-dark(#ffffff, #1b212a);
  --line: light-dark(#d9dfe7, #303946);
  --text: light-dark(#17202b, #e6ebf1);
  --quiet: light-dark(#5a6675, #9aa7b6);
  --accent: light-dark(#1261c9, #62a5ff);
  --on-accent: light-dark(#ffffff, #0b1420);
  --mine: light-dark(#dcebff, #1f3b5e);
  --problem: light-dark(#b3261e, #ff9a92);
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html, body { height: 100%; margin: 0; }
body {
  display: flex;
  flex-direction: column;
  background: var(--ground);
  color: var(--text);
  font: 16px/1.45 system-ui, sans-serif;
}
header {
  display: flex;
  gap: 1rem;
  align-items: center;
  padding: .6rem 1rem;
  background: var(--card);
  border-bottom: 1px solid var(--line);
}
h1 { flex: 1; margin: 0; font-size: 1.1rem; }
h1 span { color: var(--quiet); font-weight: 400; }
h2 { margin: 1.1rem 0 .4rem; font-size: .85rem; color: var(--quiet); text-transform: uppercase; letter-spacing: .04em; }
.quiet { color: var(--quiet); font-size: .9rem; }
.problem { min-height: 1.4em; color: var(--problem); }
input, select, button {
  min-height: 2.6rem;
  padding: .4rem .8rem;
  border: 1px solid var(--line);
  border-radius: .6rem;
  background: var(--card);
  color: inherit;
  font: inherit;
}
button { border-color: transparent; background: var(--accent); color: var(--on-accent); cursor: pointer; }
button.plain { background: transparent; color: var(--accent); }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.line { display: flex; gap: .5rem; }
.line input { flex: 1; min-width: 0; }
main { flex: 1; min-height: 0; }
#entrance { display: grid; place-items: center; padding: 1rem; }
.card { width: min(28rem, 100%); padding: 1.5rem; border-radius: 1rem; background: var(--card); border: 1px solid var(--line); }
.card label, .card input, .card button { display: block; width: 100%; }
.card h2 { margin-top: 0; }
#room { display: grid; grid-template-columns: 20rem 1fr; }
nav { padding: 1rem; overflow-y: auto; background: var(--card); border-right: 1px solid var(--line); }
nav select { width: 100%; margin: .3rem 0 .6rem; }
ul { margin: 0; padding: 0; list-style: none; }
ul button { width: 100%; margin-bottom: .2rem; text-align: left; background: transparent; color: var(--text); }
ul button:hover { background: var(--ground); }
ul button[aria-current="true"] { background: var(--mine); }
ul small { display: block; color: var(--quiet); }
#chat { display: flex; flex-direction: column; min-width: 0; min-height: 0; }
#chat-head { display: flex; gap: .6rem; align-items: center; padding: .5rem 1rem; border-bottom: 1px solid var(--line); }
#chat-title { flex: 1; }
#back { display: none; }
#messages { flex: 1; margin: 0; padding: 1rem; overflow-y: auto; list-style: none; }
#messages li { width: fit-content; max-width: min(34rem, 88%); margin: 0 auto .6rem 0; }
#messages li.mine { margin: 0 0 .6rem auto; }
#messages li.service { margin: 0 auto .6rem; color: var(--quiet); font-size: .85rem; text-align: center; }
.bubble { padding: .55rem .85rem; border-radius: 1rem; background: var(--card); border: 1px solid var(--line); overflow-wrap: anywhere; white-space: pre-wrap; }
.mine .bubble { background: var(--mine); border-color: transparent; }
.bubble img { display: block; max-width: 100%; border-radius: .6rem; margin-bottom: .3rem; }
.author { display: block; color: var(--accent); font-size: .85rem; font-weight: 600; }
.keyboard { display: flex; gap: .3rem; margin-top: .3rem; }
.keyboard button, .keyboard a { flex: 1; display: grid; place-items: center; padding: .4rem .9rem; border-radius: .6rem; background: var(--mine); color: var(--text); text-align: center; text-decoration: none; }
.bubble a { color: var(--accent); }
.bold { font-weight: 700; }
.italic { font-style: italic; }
.underline { text-decoration: underline; }
.strikethrough { text-decoration: line-through; }
.spoiler:not(:hover) { background: currentColor; }
.code, .pre { font-family: ui-monospace, monospace; font-size: .92em; }
.blockquote, .expandable_blockquote { border-left: 3px solid var(--accent); padding-left: .5rem; }
#composer, #start { margin: .6rem 1rem 1rem; }
#toast { margin: 0 1rem; padding: .5rem .9rem; border-radius: .6rem; background: var(--text); color: var(--ground); }
#no-chat { place-self: center; }
@media (max-width: 46rem) {
  #room { grid-template-columns: 1fr; }
  #back { display: inline-block; }
  #room.in-chat nav, #room:not(.in-chat) #chat, #no-chat { display: none; }
  header label span { display: none; }
}
`;
