// Where a work comes from and what came of it: a tree to walk through, from whose every picture
// one can branch.

import {get, post} from './api.js';
import {announce, attempt, button, h, s} from './dom.js';

// What a picture is called here: its title if it was kept.
const called = node => (node.kept ? node.title : node.deleted ? 'deleted' : 'not kept');

const SIDE = 96,
  COLUMN = 136,
  ROW = 174,
  EDGE = 44;

export async function open(main, [id], given, signal) {
  const {nodes} = await get(`works/${id}/lineage`, {signal});
  const all = new Map(
    nodes.map(node => [
      node.id,
      {...node, parents: node.parents.filter(parent => nodes.some(other => other.id === parent))},
    ]),
  );
  const children = name => [...all.values()].filter(node => node.parents.includes(name));
  const places = layout(all);
  const width = Math.max(...[...places.values()].map(place => place.x)) + SIDE + EDGE,
    height = Math.max(...[...places.values()].map(place => place.y)) + SIDE + 44 + EDGE;
  const wires = s('svg', {class: 'wires', width, height, 'aria-hidden': 'true'}),
    lines = [];
  for (const node of all.values())
    for (const parent of node.parents) {
      const a = places.get(parent),
        b = places.get(node.id),
        x1 = a.x + SIDE / 2,
        y1 = a.y + SIDE + 24,
        x2 = b.x + SIDE / 2,
        y2 = b.y - 4,
        half = (y1 + y2) / 2;
      const line = s('path', {d: `M${x1} ${y1}C${x1} ${half} ${x2} ${half} ${x2} ${y2}`});
      lines.push({line, from: parent, to: node.id});
      wires.append(line);
    }
  const links = new Map();
  const board = h(
    'div',
    {class: 'tree', role: 'tree', 'aria-label': 'Lineage', onkeydown: walk},
    wires,
  );
  board.style.width = `${width}px`;
  board.style.height = `${height}px`;
  for (const node of all.values()) {
    const {x, y, level} = places.get(node.id);
    const link = h(
      'button',
      {
        type: 'button',
        class: `ancestor ${node.kept ? '' : 'passing'}`,
        role: 'treeitem',
        'aria-level': level + 1,
        tabindex: -1,
        'aria-selected': 'false',
        'aria-label': `${node.title}${node.kept ? '' : `, ${called(node)}`}, generation ${level + 1}`,
        onclick: () => choose(node.id),
        ondblclick: () => look(node),
      },
      h('img', {
        src: node.thumbnail,
        alt: '',
        width: SIDE,
        height: SIDE,
        loading: 'lazy',
        draggable: 'false',
      }),
      h('span', {}, called(node)),
    );
    link.style.left = `${x}px`;
    link.style.top = `${y}px`;
    links.set(node.id, link);
    board.append(link);
  }
  const about = h('div', {class: 'bar about'});
  const scroll = h('div', {class: 'tree-scroll'}, board);
  main.replaceChildren(
    h(
      'div',
      {class: 'lineage'},
      h(
        'div',
        {class: 'works-head'},
        h('h1', {tabindex: -1}, 'Lineage'),
        h(
          'a',
          {class: 'link', href: `#/works/${id}`},
          `Back to ${all.get(id)?.title ?? 'the work'}`,
        ),
      ),
      scroll,
      about,
    ),
  );
  let at = all.has(given.at) ? given.at : id;
  links.get(at)?.scrollIntoView({block: 'center', inline: 'center'});
  choose(at, false);

  function choose(name, focus = true) {
    links.get(at)?.setAttribute('aria-selected', 'false');
    if (links.has(at)) links.get(at).tabIndex = -1;
    at = name;
    const node = all.get(name),
      link = links.get(name);
    link.setAttribute('aria-selected', 'true');
    link.tabIndex = 0;
    if (focus) {
      link.focus({preventScroll: true});
      link.scrollIntoView({block: 'nearest', inline: 'nearest'});
    }
    const line = new Set([
      ...kin(name, each => all.get(each).parents),
      ...kin(name, each => children(each).map(child => child.id)),
    ]);
    board.classList.add('tracing');
    for (const [each, other] of links) other.classList.toggle('near', line.has(each));
    for (const each of lines)
      each.line.classList.toggle('near', line.has(each.from) && line.has(each.to));
    about.replaceChildren(
      h(
        'p',
        {class: 'status'},
        h(
          'b',
          {},
          node.kept ? node.title : called(node).replace(/^./, first => first.toUpperCase()),
        ),
        h('span', {}, `generation ${places.get(name).level + 1}`),
      ),
      h(
        'div',
        {class: 'bar-side'},
        button('closer', 'Look', () => look(node), {text: true}),
        button('next', 'Branch from here', () => branch(node), {
          text: true,
          key: 'B',
          kind: 'primary',
        }),
      ),
    );
  }

  function kin(name, steps) {
    const seen = new Set([name]),
      left = [name];
    while (left.length)
      for (const other of steps(left.pop()))
        if (!seen.has(other)) {
          seen.add(other);
          left.push(other);
        }
    return seen;
  }

  const look = node => {
    location.hash = `#/works/${node.id}`;
  };

  async function branch(node) {
    const nursery = await attempt(() =>
      post('nurseries', {start: {works: [node.id]}, count: 15, strength: 0.5}),
    );
    if (nursery) location.hash = `#/breed/${nursery.id}`;
  }

  function walk(event) {
    const node = all.get(at),
      level = places.get(at).level;
    const beside = [...all.keys()]
        .filter(name => places.get(name).level === level)
        .sort((a, b) => places.get(a).x - places.get(b).x),
      i = beside.indexOf(at);
    const goal = {
      ArrowUp: node.parents[0],
      ArrowDown: children(at)[0]?.id,
      ArrowLeft: beside[i - 1],
      ArrowRight: beside[i + 1],
      Home: [...all.keys()].find(name => places.get(name).level === 0),
    }[event.key];
    if (event.key === 'Enter') {
      event.preventDefault();
      look(node);
      return;
    }
    if (!goal) {
      if (event.key.startsWith('Arrow')) {
        event.preventDefault();
        announce('Nothing further that way.');
      }
      return;
    }
    event.preventDefault();
    choose(goal);
  }

  return {
    title: 'Lineage',
    keys: {
      b: () => branch(all.get(at)),
      Escape: () => {
        location.hash = `#/works/${id}`;
      },
    },
    close() {},
  };
}

// Places for the pictures: a generation each row, below both parents, near them, without overlap.
function layout(all) {
  const level = new Map(),
    depth = (name, path = new Set()) => {
      if (level.has(name)) return level.get(name);
      if (path.has(name)) return 0;
      path.add(name);
      const found = Math.max(-1, ...all.get(name).parents.map(parent => depth(parent, path))) + 1;
      path.delete(name);
      level.set(name, found);
      return found;
    };
  for (const name of all.keys()) depth(name);
  const rows = [];
  for (const [name, at] of level) (rows[at] ??= []).push(name);
  const x = new Map(),
    mean = numbers => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const spread = (names, pull) => {
    const wanted = names.map(name => ({name, goal: pull(name)})).sort((a, b) => a.goal - b.goal);
    wanted.forEach((each, i) => {
      each.x = Math.max(each.goal, i ? wanted[i - 1].x + COLUMN : -Infinity);
    });
    const shift = mean(wanted.map(each => each.x - each.goal)); // what pushes to the right pushes back
    for (const each of wanted) x.set(each.name, each.x - shift);
  };
  for (const names of rows)
    names.forEach((name, i) => x.set(name, (i - (names.length - 1) / 2) * COLUMN));
  for (let turn = 0; turn < 4; turn++) {
    rows.forEach(
      (names, i) =>
        i && spread(names, name => mean(all.get(name).parents.map(parent => x.get(parent)))),
    );
    [...rows].reverse().forEach(names =>
      spread(names, name => {
        const own = [...all.values()]
          .filter(node => node.parents.includes(name))
          .map(node => x.get(node.id));
        return own.length ? mean(own) : x.get(name);
      }),
    );
  }
  const least = Math.min(...x.values());
  return new Map(
    [...all.keys()].map(name => [
      name,
      {x: x.get(name) - least + EDGE, y: level.get(name) * ROW + EDGE / 2, level: level.get(name)},
    ]),
  );
}
