// The room of all works: search, sort, favourites, delete and undo.

import {get, patch, post, query, remove, upload} from './api.js';
import {ago, announce, attempt, button, dialog, h, plural, toast} from './dom.js';
import {enliven, justify, walk} from './wall.js';

const PAGE = 60;
const SORTS = {newest: 'Newest', oldest: 'Oldest', title: 'Title', favourite: 'Favourites first'};

// Adds files, and shows them if the room is open.
export async function add(files) {
  const added = [];
  for (const file of files) {
    const work = await attempt(() => upload(file));
    if (work) added.push(work);
  }
  if (!added.length) return;
  toast(
    added.length === 1 ? `Added “${added[0].title}”.` : `Added ${plural(added.length, 'work')}.`,
    {
      label: 'Show',
      act: () => {
        location.hash = `#/works/${added[0].id}`;
      },
    },
  );
  window.dispatchEvent(new CustomEvent('works'));
}

export async function setFavourite(work, star) {
  const found = await attempt(() => patch(`works/${work.id}`, {favourite: !work.favourite}));
  if (!found) return;
  work.favourite = found.favourite;
  star.setAttribute('aria-pressed', String(found.favourite));
  announce(
    found.favourite ? `${work.title} is a favourite.` : `${work.title} is no favourite any more.`,
  );
}

// Deletes a work, which can be undone: then back(what happened) is called.
export async function discard(work, back) {
  if ((await attempt(() => remove(`works/${work.id}`).then(() => true))) !== true) return false;
  toast(`Deleted “${work.title}”.`, {
    label: 'Undo',
    lasting: 12000,
    act: async () => {
      await attempt(() => post(`works/${work.id}/restore`));
      back(`${work.title} is back.`);
    },
  });
  return true;
}

export async function open(main, _, given, signal) {
  const asked = {
    search: given.search ?? '',
    tag: given.tag ?? '',
    favourite: given.favourite ?? '',
    deleted: given.deleted ?? '',
    sort: given.sort ?? 'newest',
    kind: given.kind ?? '',
  };
  let shown = [],
    total = 0,
    loading = null,
    closing = false;
  const first = await get(`works?${query({...asked, limit: PAGE})}`, {signal});
  const empty =
    !first.total && !Object.entries(asked).some(([name, value]) => value && name !== 'sort');

  const count = h('span', {class: 'count'});
  const search = h('input', {
    type: 'search',
    placeholder: 'Search',
    'aria-label': 'Search works',
    'aria-keyshortcuts': '/',
    value: asked.search,
    oninput: () => {
      clearTimeout(search.timer);
      search.timer = setTimeout(() => {
        asked.search = search.value;
        again();
      }, 140);
    },
  });
  const sort = h(
    'select',
    {
      'aria-label': 'Sort',
      onchange: () => {
        asked.sort = sort.value;
        again();
      },
    },
    Object.entries(SORTS).map(([name, title]) =>
      h('option', {value: name, selected: name === asked.sort}, title),
    ),
  );
  const stars = button(
    'star',
    'Favourites',
    () => {
      asked.favourite = asked.favourite ? '' : '1';
      again();
    },
    {text: true, kind: 'toggle'},
  );
  const bin = button(
    'bin',
    'Deleted',
    () => {
      asked.deleted = asked.deleted ? '' : '1';
      again();
    },
    {text: true, kind: 'toggle'},
  );
  const file = h('input', {
    type: 'file',
    multiple: true,
    class: 'unseen',
    tabindex: -1,
    'aria-hidden': 'true',
    onchange: () => {
      add([...file.files]);
      file.value = '';
    },
  });
  const tags = h('div', {class: 'tags', role: 'group', 'aria-label': 'Tags'});
  const wall = h('ul', {
    class: 'wall',
    role: 'list',
    'aria-label': 'Works',
    onkeydown: event => walk(wall, event),
  });
  const more = h(
    'div',
    {class: 'more'},
    h('button', {type: 'button', class: 'plain', onclick: () => load()}, 'More'),
  );
  const none = h('p', {class: 'none', hidden: true}, 'Nothing like that.');
  main.replaceChildren(
    h(
      'div',
      {class: 'works'},
      h(
        'div',
        {class: 'works-head'},
        h('h1', {tabindex: -1}, 'Works', count),
        h(
          'div',
          {class: 'works-tools'},
          h('div', {class: 'search'}, search),
          sort,
          stars,
          bin,
          button('plus', 'Add', () => file.click(), {
            text: true,
            'aria-description': 'Pictures with recipes, fields or genomes',
          }),
          button('die', 'Seed', seeded, {text: true, 'aria-description': 'A picture from a seed'}),
          file,
        ),
      ),
      tags,
      wall,
      none,
      more,
      empty &&
        h(
          'div',
          {class: 'empty'},
          h('h2', {}, 'Nothing kept yet'),
          h(
            'p',
            {},
            'Children that you keep while breeding come here, and so do pictures, fields and genomes that you drop on this page.',
          ),
          h('a', {class: 'plain primary', href: '#/breed'}, 'Breed'),
        ),
    ),
  );
  if (empty) wall.hidden = true;
  const near = new IntersectionObserver(
    ([entry]) => {
      if (entry.isIntersecting) load();
    },
    {rootMargin: '800px'},
  );
  const awakened = new Set();
  take(first, true);
  near.observe(more);
  const room = new ResizeObserver(() => justify(wall));
  room.observe(wall);
  const fresh = () => again();
  window.addEventListener('works', fresh);
  if ('find' in given) search.focus();

  function take(answer, anew) {
    if (anew) {
      awakened.forEach(rest => rest());
      awakened.clear();
      shown = [];
      wall.replaceChildren();
    }
    total = answer.total;
    shown.push(...answer.works);
    wall.append(...answer.works.map(tile));
    count.textContent = total.toLocaleString('en');
    none.hidden =
      total > 0 || !Object.entries(asked).some(([name, value]) => value && name !== 'sort');
    more.hidden = shown.length >= total;
    stars.setAttribute('aria-pressed', String(Boolean(asked.favourite)));
    bin.setAttribute('aria-pressed', String(Boolean(asked.deleted)));
    if (anew) listTags(answer.tags ?? []);
    wall.hidden = total === 0;
    justify(wall);
  }

  function listTags(found) {
    const names = found.slice(0, 24);
    tags.replaceChildren(
      ...names.map(([name, number]) =>
        h(
          'button',
          {
            type: 'button',
            class: 'tag',
            'aria-pressed': String(asked.tag === name),
            onclick: () => {
              asked.tag = asked.tag === name ? '' : name;
              again();
            },
          },
          name,
          h('span', {class: 'count'}, number),
        ),
      ),
    );
    tags.hidden = !names.length;
  }

  async function again(note = '') {
    loading?.abort();
    loading = new AbortController();
    const answer = await attempt(() =>
      get(`works?${query({...asked, limit: PAGE})}`, {signal: loading.signal}),
    );
    loading = null;
    if (!answer || closing) return;
    const kept = query(
      Object.fromEntries(
        Object.entries(asked).filter(
          ([name, value]) => value && !(name === 'sort' && value === 'newest'),
        ),
      ),
    );
    history.replaceState(null, '', `#/works${kept ? `?${kept}` : ''}`);
    main.querySelector('.empty')?.remove();
    take(answer, true);
    announce(`${note} ${plural(total, 'work')}`.trim());
  }

  async function load() {
    if (loading || shown.length >= total) return;
    loading = new AbortController();
    const answer = await attempt(() =>
      get(`works?${query({...asked, offset: shown.length, limit: PAGE})}`, {
        signal: loading.signal,
      }),
    );
    loading = null;
    if (answer && !closing) take(answer, false);
  }

  function tile(work) {
    const [w, hh] = work.size,
      aspect = Math.max(0.4, Math.min(3, w / hh));
    const image = h('img', {
      src: work.thumbnail,
      alt: '',
      loading: 'lazy',
      decoding: 'async',
      draggable: 'false',
      onload: () => root.classList.add('shown'),
    });
    const star = button('star', `Favourite: ${work.title}`, () => setFavourite(work, star), {
      kind: 'star',
      'aria-pressed': String(work.favourite),
    });
    const away = work.deleted
      ? button('again', `Restore ${work.title}`, async () => {
          if (await attempt(() => post(`works/${work.id}/restore`))) {
            root.remove();
            announce(`${work.title} is back.`);
          }
        })
      : button(
          'bin',
          `Delete ${work.title}`,
          async () => {
            if (await discard(work, again)) gone(root);
          },
          {kind: 'away'},
        );
    const link = h(
      'a',
      {
        class: 'print',
        href: `#/works/${work.id}`,
        'aria-label': `${work.title}${work.style ? `, ${work.style}` : ''}`,
      },
      image,
    );
    const root = h(
      'li',
      {class: 'work', dataset: {id: work.id}},
      link,
      h(
        'div',
        {class: 'edge'},
        h('span', {class: 'title', title: `${work.title}, ${ago(work.created)}`}, work.title),
        h('div', {class: 'frame-tools'}, star, away),
      ),
    );
    root.style.setProperty('--aspect', aspect.toFixed(4));
    awakened.add(enliven(work, link, image));
    return root;
  }

  function gone(root) {
    const next = root.nextElementSibling ?? root.previousElementSibling;
    root.remove();
    total -= 1;
    count.textContent = total.toLocaleString('en');
    justify(wall);
    next?.querySelector('a')?.focus({preventScroll: true});
  }

  function seeded() {
    const seed = h('input', {
      type: 'text',
      id: 'new-seed',
      required: true,
      autocomplete: 'off',
      maxlength: 200,
      value: String(Math.floor(Math.random() * 1e6)),
    });
    const box = dialog(
      'From a seed',
      h(
        'form',
        {
          class: 'start',
          onsubmit: async event => {
            event.preventDefault();
            const work = await attempt(() => post('works', {seed: seed.value.trim()}));
            if (work) {
              box.close();
              location.hash = `#/works/${work.id}`;
            }
          },
        },
        h('div', {class: 'field'}, h('label', {for: 'new-seed'}, 'A number or words'), seed),
        h('div', {class: 'sheet-foot'}, h('button', {class: 'plain primary'}, 'Add')),
      ),
    );
    seed.select();
  }

  return {
    title: 'Works',
    keys: {'/': () => search.focus()},
    close() {
      closing = true;
      near.disconnect();
      room.disconnect();
      awakened.forEach(rest => rest());
      window.removeEventListener('works', fresh);
    },
  };
}
