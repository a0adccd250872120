// Beginning a new sheet: from nothing, from a seed, from works, from a file.

import {get, post, query, upload} from './api.js';
import {attempt, button, dialog, h} from './dom.js';
import {COLOURS, segments} from './settings.js';

const WAYS = {nothing: 'Nothing', seed: 'A seed', works: 'Works', file: 'A file'};

// begun: called with the nursery.
export function beginning(all, {count = 15, strength = 0.5} = {}, begun) {
  let way = 'nothing',
    colour = all.colours?.[0],
    picked = new Set();
  const seed = h('input', {
    type: 'text',
    id: 'seed',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 200,
    value: String(Math.floor(Math.random() * 10000)),
  });
  const style = h(
    'select',
    {id: 'style'},
    h('option', {value: ''}, 'the seed’s own'),
    (all.styles ?? []).map(name => h('option', {value: name.name ?? name}, name.name ?? name)),
  );
  const number = h('input', {
    type: 'range',
    id: 'count',
    min: 12,
    max: 24,
    step: 1,
    value: count,
    oninput: () => told(),
  });
  const said = h('output', {for: 'count'});
  const told = () => {
    said.textContent = number.value;
    number.style.setProperty('--part', `${(100 * (number.value - 12)) / 12}%`);
  };
  told();
  const file = h('input', {
    type: 'file',
    id: 'file',
    accept: '.png,.jpg,.jpeg,.webp,.tif,.tiff,.safetensors,.json,.xml,.zip',
    onchange: () => {
      name.textContent = file.files[0]?.name ?? '';
    },
  });
  const name = h('span', {class: 'quiet'});
  const found = h('div', {class: 'picker', role: 'group', 'aria-label': 'Works to begin with'});
  const search = h('input', {
    type: 'search',
    placeholder: 'Search',
    'aria-label': 'Search works',
    oninput: () => {
      clearTimeout(search.timer);
      search.timer = setTimeout(list, 160);
    },
  });
  const panes = {
    nothing: h(
      'div',
      {class: 'pane'},
      h('p', {class: 'quiet'}, 'Small networks, grown from an input or two.'),
      all.colours?.length > 1 &&
        segments('Colour', all.colours, COLOURS, colour, value => {
          colour = value;
        }),
    ),
    seed: h(
      'div',
      {class: 'pane'},
      h(
        'div',
        {class: 'field'},
        h('label', {for: 'seed'}, 'Seed, a number or words'),
        h(
          'div',
          {class: 'together'},
          seed,
          button('die', 'Another', () => {
            seed.value = String(Math.floor(Math.random() * 1e6));
          }),
        ),
      ),
      h('div', {class: 'field'}, h('label', {for: 'style'}, 'Style'), style),
    ),
    works: h('div', {class: 'pane'}, search, found),
    file: h(
      'div',
      {class: 'pane'},
      h(
        'p',
        {class: 'quiet'},
        'A picture that carries its recipe, a field (.safetensors), or a genome: JSON, or Picbreeder’s XML or zip.',
      ),
      h('label', {class: 'plain drop'}, file, h('span', {}, 'Choose a file'), name),
    ),
  };
  const show = value => {
    way = value;
    for (const [key, pane] of Object.entries(panes)) pane.hidden = key !== way;
    if (way === 'works' && !found.childElementCount) list();
  };
  const go = button('next', 'Begin', begin, {text: true, kind: 'primary'});
  const box = dialog(
    'New sheet',
    h(
      'form',
      {
        class: 'start',
        onsubmit: event => {
          event.preventDefault();
          begin();
        },
      },
      segments('Begin with', Object.keys(WAYS), WAYS, way, show),
      Object.values(panes),
      h(
        'div',
        {class: 'field'},
        h('div', {class: 'field-head'}, h('label', {for: 'count'}, 'Children'), said),
        number,
      ),
      h('div', {class: 'sheet-foot'}, go),
    ),
  );
  show(way);

  async function list() {
    const answer = await attempt(() => get(`works?${query({search: search.value, limit: 48})}`));
    if (!answer) return;
    const fit = answer.works.filter(work => work.can.breed);
    found.replaceChildren(
      ...fit.map(work =>
        h(
          'button',
          {
            type: 'button',
            class: 'pick',
            'aria-pressed': String(picked.has(work.id)),
            'aria-label': work.title,
            title: work.title,
            onclick: event => {
              picked.has(work.id) ? picked.delete(work.id) : picked.add(work.id);
              event.currentTarget.setAttribute('aria-pressed', String(picked.has(work.id)));
            },
          },
          h('img', {src: work.thumbnail, alt: '', loading: 'lazy'}),
        ),
      ),
    );
    if (!fit.length)
      found.replaceChildren(
        h(
          'p',
          {class: 'quiet'},
          'Nothing here that can be bred. Keep a child first, or add a file.',
        ),
      );
  }

  async function begin() {
    go.disabled = true;
    const nursery = await attempt(async () => {
      const start =
        way === 'nothing'
          ? {nothing: true}
          : way === 'seed'
            ? {seed: seed.value.trim(), ...(style.value ? {style: style.value} : {})}
            : way === 'works'
              ? {works: [...picked]}
              : {works: [(await given()).id]};
      if (way === 'works' && !picked.size) throw new Error('Choose a work, or several.');
      return post('nurseries', {
        start,
        count: Number(number.value),
        strength,
        ...(way === 'nothing' && colour ? {colour} : {}),
      });
    });
    go.disabled = false;
    if (nursery) {
      box.close();
      begun(nursery);
    }
  }

  async function given() {
    if (!file.files[0]) throw new Error('Choose a file.');
    return upload(file.files[0]);
  }
  return box;
}
