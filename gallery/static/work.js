// The page of one work: the picture to look into, what it is called, where it comes from, and how
// to take it away.

import {get, patch, post, query} from './api.js';
import {announce, ago, attempt, button, dialog, h, plural, toast} from './dom.js';
import {networkDrawing} from './network.js';
import {available} from './painter.js';
import {printing} from './print.js';
import {viewer} from './viewer.js';
import {discard, setFavourite} from './works.js';

const KINDS = {
  seed: 'seed',
  genome: 'genome',
  mlp: 'network',
  fit: 'fitted field',
  gan: 'sample of a generator',
  picture: 'picture',
};
export async function open(main, [id], _, signal) {
  const work = await get(`works/${id}`, {signal});
  const entry =
    available && work.can.shader
      ? await get(`works/${id}/shader`, {signal}).catch(() => null)
      : null;
  const before = new Image();
  before.src = work.thumbnail;
  await before.decode().catch(() => {});
  if (signal.aborted) return {close() {}};
  const seen = viewer({
    entry,
    size: work.size,
    before,
    tiles: `/api/works/${id}/tiles`,
    picture: `/api/works/${id}/picture.png?size=1024`,
    label: work.title,
  });
  let closing = false;

  const title = h('input', {
    class: 'title-field',
    'aria-label': 'Title',
    value: work.title,
    maxlength: 200,
    spellcheck: 'false',
    autocomplete: 'off',
    onchange: () => save({title: title.value.trim()}),
    onkeydown: event => {
      if (event.key === 'Enter') title.blur();
      if (event.key === 'Escape') title.value = work.title;
    },
  });
  const star = button('star', 'Favourite', () => setFavourite(work, star), {
    kind: 'star',
    key: 'S',
    'aria-pressed': String(work.favourite),
  });
  const facts = [
    KINDS[work.kind] ?? work.kind,
    work.style,
    work.nodes ? plural(work.nodes, 'node') : null,
    work.weights ? plural(work.weights, 'weight') : null,
  ].filter(Boolean);
  const tags = h('div', {class: 'tags', role: 'group', 'aria-label': 'Tags'});
  const network = h('div', {class: 'pane'});
  const family = h('div', {class: 'family'});
  const side = h(
    'aside',
    {class: 'panel', 'aria-label': 'About this work'},
    h(
      'nav',
      {class: 'way', 'aria-label': 'Works'},
      h('a', {class: 'link', href: '#/works'}, 'Works'),
      button('left', 'Previous work', () => beside(-1), {key: '['}),
      button('right', 'Next work', () => beside(1), {key: ']'}),
    ),
    h(
      'div',
      {class: 'work-head'},
      h('h1', {class: 'unseen', tabindex: -1}, work.title),
      title,
      star,
    ),
    h(
      'p',
      {class: 'quiet'},
      `${facts.join(', ').replace(/^./, first => first.toUpperCase())}. ${work.kept ? `Kept ${ago(work.created)}` : work.deleted ? 'Deleted' : 'Not kept, but remembered'}.`,
    ),
    tags,
    h(
      'div',
      {class: 'acts'},
      work.can.breed &&
        h(
          'a',
          {
            class: 'plain primary',
            href: `#/breed?from=${id}`,
            'aria-keyshortcuts': 'B',
            title: 'B',
          },
          'Breed from it',
        ),
      button('print', 'Print', () => printing(work), {text: true}),
      !work.kept
        ? button(work.deleted ? 'again' : 'keep', work.deleted ? 'Restore' : 'Keep', keep, {
            text: true,
          })
        : button('bin', 'Delete', away, {kind: 'apart'}),
    ),
    family,
    work.text &&
      h(
        'details',
        {},
        h('summary', {}, 'Recipe'),
        recipe(work.recipe),
        h(
          'div',
          {class: 'command'},
          h('code', {}, work.text),
          button('copy', 'Copy', () => copy(work.text)),
        ),
      ),
    work.can.breed &&
      h(
        'details',
        {ontoggle: event => event.target.open && draw()},
        h('summary', {}, 'Network'),
        network,
      ),
  );
  main.replaceChildren(
    h('div', {class: 'one'}, h('div', {class: 'look-stage'}, seen.element), side),
  );
  listTags();
  kin();

  function recipe({palette, ...given}) {
    const row = (name, value) =>
      value !== undefined && value !== null && [h('dt', {}, name), h('dd', {}, value)];
    const colours =
      palette?.stops &&
      h('div', {
        class: 'strip',
        style: {
          background: `linear-gradient(90deg, ${palette.stops.map(([at, colour]) => `${colour} ${100 * at}%`).join(', ')})`,
        },
      });
    return h(
      'dl',
      {class: 'facts'},
      [
        row('Seed', given.seed),
        row('Style', given.style),
        palette && [h('dt', {}, 'Palette'), h('dd', {}, palette.name ?? 'its own', colours)],
        row('Colour', given.color === 'palette' ? null : given.color),
        row('Finish', given.finish === 'plain' ? null : given.finish),
        row('Symmetry', given.symmetry),
        row('Size', given.size?.replace?.('x', ' × ')),
      ]
        .flat()
        .filter(Boolean),
    );
  }

  async function save(what) {
    const found = await attempt(() => patch(`works/${id}`, what));
    if (found) Object.assign(work, {title: found.title, tags: found.tags});
    title.value = work.title;
    document.title = `${work.title} · cppnart`;
    if (found) announce('Saved.');
    listTags();
  }

  function listTags() {
    const more = h('input', {
      class: 'tag-field',
      'aria-label': 'Add a tag',
      placeholder: work.tags.length ? 'add' : 'add a tag',
      maxlength: 60,
      autocomplete: 'off',
      onkeydown: event => {
        if (event.key === 'Enter' || event.key === ',') {
          event.preventDefault();
          put();
        }
      },
      onblur: () => put(),
    });
    const put = () => {
      const name = more.value.trim().replace(/,+$/, '');
      more.value = '';
      if (name && !work.tags.includes(name))
        save({tags: [...work.tags, name]}).then(() => tags.querySelector('input').focus());
    };
    tags.replaceChildren(
      ...work.tags.map(name =>
        h(
          'span',
          {class: 'tag'},
          h('a', {href: `#/works?${query({tag: name})}`}, name),
          button('close', `Remove the tag ${name}`, () =>
            save({tags: work.tags.filter(other => other !== name)}),
          ),
        ),
      ),
      more,
    );
  }

  // Parents, the work, children: a step of the lineage either way.
  async function kin() {
    const found = await get(`works/${id}/lineage`).catch(() => null);
    if (!found || closing) return;
    const nodes = new Map(found.nodes.map(node => [node.id, node]));
    const up = (nodes.get(work.id)?.parents ?? work.parents)
      .map(each => nodes.get(each))
      .filter(Boolean);
    const down = found.nodes.filter(node => node.parents.includes(work.id));
    const row = (name, these) =>
      these.length > 0 &&
      h(
        'div',
        {class: 'kin'},
        h('h2', {}, name),
        h(
          'div',
          {class: 'parent-row'},
          these
            .slice(0, 8)
            .map(node =>
              h(
                'a',
                {href: `#/works/${node.id}`, title: node.title, 'aria-label': node.title},
                h('img', {src: node.thumbnail, alt: '', width: 56, height: 56, loading: 'lazy'}),
              ),
            ),
        ),
      );
    family.replaceChildren(
      ...[
        row(up.length > 1 ? 'Parents' : 'Parent', up),
        row(down.length > 1 ? 'Children' : 'Child', down),
        found.nodes.length > 1 &&
          h(
            'a',
            {class: 'link', href: `#/works/${id}/lineage`, 'aria-keyshortcuts': 'T'},
            `The whole lineage, ${found.nodes.length} pictures`,
          ),
      ].filter(Boolean),
    );
  }

  async function draw() {
    if (network.childElementCount) return;
    const found = await get(`works/${id}/drawing`).catch(error => error);
    network.replaceChildren(
      found instanceof Error
        ? h('p', {class: 'quiet'}, found.message)
        : networkDrawing(found, `The network of ${work.title}`),
    );
  }

  async function copy(text) {
    await navigator.clipboard.writeText(text).then(
      () => toast('Copied.'),
      () => toast('The browser does not let this page copy.', {wrong: true}),
    );
  }

  async function keep() {
    if (await attempt(() => post(`works/${id}/restore`))) location.reload();
  }

  async function away() {
    if (
      await discard(work, note => {
        announce(note);
        location.hash = `#/works/${id}`;
      })
    )
      location.hash = '#/works';
  }

  async function beside(step) {
    const found = await get(`works?${query({limit: 500})}`).catch(() => null);
    const at = found?.works.findIndex(each => each.id === id) ?? -1,
      goal = found?.works[at + step];
    if (at >= 0 && goal) location.hash = `#/works/${goal.id}`;
  }

  return {
    title: work.title,
    keys: {
      p: seen.animate,
      0: seen.reset,
      f: seen.screen,
      '+': () => seen.magnify(2),
      '=': () => seen.magnify(2),
      '-': () => seen.magnify(0.5),
      s: () => star.click(),
      b: () => {
        if (work.can.breed) location.hash = `#/breed?from=${id}`;
      },
      t: () => {
        location.hash = `#/works/${id}/lineage`;
      },
      '[': () => beside(-1),
      ']': () => beside(1),
      Escape: () => {
        location.hash = '#/works';
      },
    },
    close() {
      closing = true;
      seen.remove();
    },
  };
}
