// The page: which room is open, the theme, and the keys that hold everywhere.

import * as breed from './breed.js';
import {button, dialog, h, toast} from './dom.js';
import {icon} from './icons.js';
import * as jobs from './jobs.js';
import * as lineage from './lineage.js';
import {follow} from './queue.js';
import * as work from './work.js';
import * as works from './works.js';

const main = document.getElementById('main');
const ROOMS = [
  [/^\/?$/, breed, 'breed'],
  [/^\/breed(?:\/([\w-]+))?$/, breed, 'breed'],
  [/^\/works$/, works, 'works'],
  [/^\/works\/([\w-]+)$/, work, 'works'],
  [/^\/works\/([\w-]+)\/lineage$/, lineage, 'works'],
  [/^\/jobs$/, jobs, 'jobs'],
];
let room = null,
  leaving = new AbortController(),
  began = false;

async function go() {
  const [path, search = ''] = location.hash.replace(/^#/, '').split('?');
  const given = Object.fromEntries(new URLSearchParams(search));
  if (room?.moved?.(path, given)) return;
  const found = ROOMS.map(([pattern, module, name]) => ({
    parts: pattern.exec(path),
    module,
    name,
  })).find(each => each.parts);
  delete main.dataset.ready;
  leaving.abort();
  leaving = new AbortController();
  const {signal} = leaving;
  room?.close?.();
  room = null;
  for (const link of document.querySelectorAll('.masthead nav a'))
    link.dataset.room === found?.name
      ? link.setAttribute('aria-current', 'page')
      : link.removeAttribute('aria-current');
  main.className = '';
  main.dataset.room = found?.name ?? 'nowhere';
  const slow = setTimeout(() => main.classList.add('loading'), 350);
  try {
    if (!found) throw new Error('There is nothing here.');
    const opened = await found.module.open(main, found.parts.slice(1), given, signal);
    if (signal.aborted) return void opened.close?.();
    room = opened;
    document.title = `${opened.title} · cppnart`;
    main.dataset.ready = path;
  } catch (error) {
    if (signal.aborted || error.name === 'AbortError') return;
    console.error(error);
    main.replaceChildren(
      h(
        'div',
        {class: 'empty'},
        h('h1', {tabindex: -1}, 'That did not work'),
        h('p', {}, error.message),
        h(
          'div',
          {class: 'together'},
          button('again', 'Try again', go, {text: true}),
          h('a', {class: 'plain', href: '#/works'}, 'To the works'),
        ),
      ),
    );
  } finally {
    clearTimeout(slow);
    if (!signal.aborted) main.classList.remove('loading');
  }
  if (began && !main.contains(document.activeElement))
    (main.querySelector('h1') ?? main).focus({preventScroll: true});
  began = true;
}

// ---- Dark and light ----

const THEMES = {
  auto: ['auto', 'As the system is: dark or light'],
  dark: ['moon', 'Dark'],
  light: ['sun', 'Light'],
};
const themed = document.getElementById('theme');
function theme(name) {
  if (name === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  if (name === 'auto') localStorage.removeItem('theme');
  else localStorage.setItem('theme', name);
  const [drawing, label] = THEMES[name];
  themed.replaceChildren(icon(drawing));
  themed.setAttribute('aria-label', `Theme: ${label}`);
  themed.title = label;
}
themed.addEventListener('click', () => {
  const names = Object.keys(THEMES),
    now = document.documentElement.dataset.theme ?? 'auto';
  theme(names[(names.indexOf(now) + 1) % names.length]);
});
theme(document.documentElement.dataset.theme ?? 'auto');

// ---- Keys ----

const KEYS = [
  [
    'Breed',
    [
      ['← ↑ → ↓', 'from frame to frame'],
      ['Space', 'choose'],
      ['N', 'next generation'],
      ['A', 'other children'],
      ['U', 'undo'],
      ['K', 'keep'],
      ['L', 'look closer'],
      ['W', 'network'],
      ['Esc', 'choose none'],
    ],
  ],
  [
    'Look',
    [
      ['wheel, + −', 'zoom'],
      ['drag, ← ↑ → ↓', 'move'],
      ['0', 'whole picture'],
      ['P', 'animate'],
      ['F', 'full screen'],
    ],
  ],
  [
    'Works',
    [
      ['/', 'search'],
      ['[ ]', 'previous, next'],
      ['S', 'favourite'],
      ['B', 'breed from it'],
      ['T', 'lineage'],
    ],
  ],
];
function help() {
  dialog(
    'Keys',
    h(
      'div',
      {class: 'keys'},
      KEYS.map(([title, keys]) =>
        h(
          'section',
          {},
          h('h3', {}, title),
          h(
            'dl',
            {},
            keys.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)]),
          ),
        ),
      ),
    ),
  );
}
document.getElementById('help').append(icon('help'));
document.getElementById('help').addEventListener('click', help);

window.addEventListener('keydown', event => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches?.(
    'input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select',
  );
  if (typing) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  if (document.querySelector('dialog[open]')) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === '?') return void (event.preventDefault(), help());
  if (key === '/' && !room?.keys?.['/'])
    return void (event.preventDefault(), (location.hash = '#/works?find'));
  const act = room?.keys?.[key];
  if (!act) return;
  event.preventDefault();
  act();
});

// ---- Files dropped anywhere ----

for (const name of ['dragover', 'drop'])
  window.addEventListener(name, event => {
    if (![...(event.dataTransfer?.types ?? [])].includes('Files')) return;
    event.preventDefault();
    if (name === 'drop') works.add([...event.dataTransfer.files]);
  });

window.addEventListener('hashchange', go);
window.addEventListener('unhandledrejection', event => {
  if (event.reason?.name !== 'AbortError')
    toast(event.reason?.message ?? 'Something went wrong.', {wrong: true});
});
follow(document.getElementById('busy'));
go();
