// The room where pictures are bred: a sheet of children, of which somebody chooses.

import {choices, get, post, Refused} from './api.js';
import {announce, attempt, button, dialog, h, plural, toast} from './dom.js';
import {networkDrawing} from './network.js';
import {available} from './painter.js';
import {settingsForm} from './settings.js';
import {contactSheet} from './sheet.js';
import {beginning} from './start.js';
import {viewer} from './viewer.js';

const REMEMBERED = 'nursery';

export async function open(main, [id], given, signal) {
  const remembered = localStorage.getItem(REMEMBERED);
  let nursery;
  try {
    if (given.from)
      nursery = await post(
        'nurseries',
        {start: {works: given.from.split(',')}, count: 15, strength: 0.5},
        {signal},
      );
    else if (id ?? remembered)
      nursery = await get(`nurseries/${encodeURIComponent(id ?? remembered)}`, {signal});
  } catch (error) {
    if (!(error instanceof Refused) || error.status === 0) throw error;
    if (given.from || id) toast(error.message, {wrong: true});
  }
  nursery ??= await post('nurseries', {start: {nothing: true}, count: 15, strength: 0.5}, {signal});
  return room(main, nursery, await choices());
}

async function room(main, nursery, all) {
  let sheet,
    settings,
    chosen = new Set(),
    busy = false,
    drawn = 0,
    closing;
  const stage = h('div', {class: 'stage'});
  const parents = h('div', {class: 'parents'});
  const mutation = h('div', {
    class: 'pane',
    role: 'tabpanel',
    id: 'pane-mutation',
    'aria-labelledby': 'tab-mutation',
  });
  const network = h('div', {
    class: 'pane',
    role: 'tabpanel',
    id: 'pane-network',
    'aria-labelledby': 'tab-network',
    hidden: true,
  });
  const tabs = [
    ['mutation', 'Settings', mutation],
    ['network', 'Network', network],
  ].map(([name, title, pane]) =>
    h(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `tab-${name}`,
        'aria-controls': `pane-${name}`,
        'aria-selected': String(name === 'mutation'),
        tabindex: name === 'mutation' ? 0 : -1,
        onclick: () => show(name),
      },
      title,
    ),
  );
  const panel = h(
    'aside',
    {class: 'panel', 'aria-label': 'How they are bred'},
    parents,
    h(
      'div',
      {
        class: 'tabs',
        role: 'tablist',
        'aria-label': 'Panel',
        onkeydown: event => {
          if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
          show(network.hidden ? 'network' : 'mutation');
          tabs.find(tab => tab.tabIndex === 0).focus();
        },
      },
      tabs,
    ),
    mutation,
    network,
  );
  const undo = button('back', 'Undo', back, {text: true, key: 'U'});
  const again = button('again', 'Others', others, {
    text: true,
    key: 'A',
    'aria-description': 'Other children of the same parents',
  });
  const fresh = button('plus', 'New sheet', start, {text: true});
  const dial = button('dial', 'Settings', () => panelled(!main.classList.contains('panelled')), {
    text: true,
    kind: 'narrow',
    'aria-expanded': 'false',
  });
  const status = h('p', {class: 'status'});
  const next = button('next', 'Next generation', forth, {text: true, key: 'N', kind: 'primary'});
  const heading = h('h1', {class: 'unseen', tabindex: -1}, 'Breed');
  const bar = h(
    'div',
    {class: 'bar', role: 'toolbar', 'aria-label': 'Generation'},
    h('div', {class: 'bar-side'}, undo, again, fresh, dial),
    status,
    next,
  );
  main.replaceChildren(h('div', {class: 'breed'}, heading, stage, panel, bar));
  const observer = new ResizeObserver(layout);
  observer.observe(stage);

  function layout() {
    const style = getComputedStyle(stage);
    const inner = (length, ...sides) =>
      length - sides.reduce((sum, side) => sum + parseFloat(style[`padding${side}`]), 0);
    sheet?.fit(
      inner(stage.clientWidth, 'Left', 'Right'),
      inner(stage.clientHeight, 'Top', 'Bottom'),
    );
  }

  async function showRound(found, note) {
    nursery = found;
    localStorage.setItem(REMEMBERED, found.id);
    history.replaceState(null, '', `#/breed/${found.id}`);
    settings = {...found.settings, strength: found.strength};
    chosen = new Set();
    const own = (drawn += 1);
    let entries = [];
    if (available)
      entries = await get(`nurseries/${found.id}/${found.round}/shaders`).catch(() => []);
    if (own !== drawn || closing) return;
    const before = sheet;
    sheet = contactSheet(
      found.children.map((child, i) => ({
        number: i + 1,
        kept: child.kept,
        entry: entries[i] ?? null,
        picture: `${child.picture}?size=384`,
        label: `Child ${i + 1}${child.nodes ? `, ${plural(child.nodes, 'node')}` : ''}`,
      })),
      {
        choose: toggle,
        keep: keepChild,
        closer,
        network: i => {
          show('network');
          panelled(true);
          draw(i);
        },
        focus: i => {
          if (!network.hidden) draw(i);
        },
      },
    );
    stage.scrollTop = 0;
    before?.remove();
    stage.append(sheet.element);
    layout();
    if (before && !document.querySelector('dialog[open]')) sheet.set(0);
    mutation.replaceChildren(
      settingsForm(settings, choicesOf(found), changed => {
        settings = changed;
      }),
    );
    if (!network.hidden) draw(0);
    parentage();
    tell();
    announce(
      note ??
        `Generation ${found.generation}: ${plural(found.children.length, 'child', 'children')}.`,
    );
  }

  // Activations and inputs are of genomes alone; without parents, there are no colours to inherit.
  const choicesOf = found => ({
    ...found.choices,
    colour: [...(found.parents.length ? [''] : []), ...found.choices.colour],
    ...(found.children.some(child => child.drawing) ? {} : {activations: [], inputs: []}),
  });

  function parentage() {
    const shown = nursery.parents ?? [];
    parents.hidden = !shown.length;
    parents.replaceChildren(
      h('h2', {}, shown.length > 1 ? 'Parents' : 'Parent'),
      h(
        'div',
        {class: 'parent-row'},
        shown.map(parent => h('img', {src: parent.thumbnail, alt: '', width: 56, height: 56})),
      ),
    );
  }

  function tell() {
    const generation = `Generation ${nursery.generation}`;
    const numbers = [...chosen].sort((a, b) => a - b).map(i => i + 1);
    status.replaceChildren(
      h('b', {}, generation),
      h(
        'span',
        {},
        numbers.length === 0
          ? 'choose one, or several'
          : numbers.length > 6
            ? `${numbers.length} chosen`
            : `${numbers.join(', ')} chosen`,
      ),
    );
    undo.disabled = busy || !nursery.can_undo;
    again.disabled = busy;
    next.setAttribute('aria-disabled', String(busy || chosen.size === 0));
    main.classList.toggle('busy', busy);
    stage.setAttribute('aria-busy', String(busy));
  }

  function toggle(i) {
    chosen.has(i) ? chosen.delete(i) : chosen.add(i);
    sheet.choose(chosen);
    tell();
    announce(`${i + 1} ${chosen.has(i) ? 'chosen' : 'no longer chosen'}, ${chosen.size} in all`);
  }

  async function step(path, body, note) {
    if (busy) return;
    busy = true;
    tell();
    const found = await attempt(() => post(`nurseries/${nursery.id}/${path}`, body));
    busy = false;
    if (closing) return;
    if (found) await showRound(found, note?.(found));
    else tell();
  }

  const dials = () => ({
    strength: settings.strength,
    colour: settings.colour,
    activations: settings.activations,
    inputs: settings.inputs,
  });

  function forth() {
    if (chosen.size === 0) {
      status.classList.remove('nudge');
      requestAnimationFrame(() => status.classList.add('nudge'));
      announce('Choose one or several children first.');
      return;
    }
    step('next', {round: nursery.round, chosen: [...chosen].sort((a, b) => a - b), ...dials()});
  }

  function others() {
    step('again', dials(), () => 'Other children of the same parents.');
  }

  function back() {
    if (nursery.can_undo) step('back', {}, found => `Undone. Generation ${found.generation}.`);
  }

  function start() {
    beginning(all, {strength: settings.strength, count: nursery.children.length}, found =>
      showRound(found, 'A new sheet.'),
    );
  }

  async function keepChild(i) {
    const child = nursery.children[i];
    if (child.kept) return void (location.hash = `#/works/${child.kept}`);
    const work = await attempt(() =>
      post(`nurseries/${nursery.id}/keep`, {round: nursery.round, index: i}),
    );
    if (!work) return;
    child.kept = work.id;
    sheet.keep(i);
    toast(`Kept ${i + 1} as “${work.title}”.`, {
      label: 'Show',
      act: () => {
        location.hash = `#/works/${work.id}`;
      },
    });
  }

  async function closer(i) {
    const entry = sheet.easels[i]?.entry,
      child = nursery.children[i];
    sheet.rest();
    const seen = viewer({
      entry,
      size: child.size ?? [1, 1],
      before: sheet.surface(i),
      picture: `${child.picture}?size=1024`,
      label: `Child ${i + 1}`,
    });
    seen.canvas.setAttribute('autofocus', '');
    const box = dialog(
      `Child ${i + 1}`,
      h(
        'div',
        {class: 'closer'},
        seen.element,
        h(
          'div',
          {class: 'closer-tools'},
          button('keep', 'Keep', () => keepChild(i), {text: true}),
          button(
            'done',
            chosen.has(i) ? 'Do not choose' : 'Choose',
            () => {
              box.close();
              toggle(i);
            },
            {text: true, kind: 'primary'},
          ),
        ),
      ),
      {
        wide: true,
        ended: () => {
          seen.remove();
          sheet.set(i);
        },
      },
    );
  }

  // Whether the panel is open, where there is no room for it beside the sheet.
  function panelled(open) {
    main.classList.toggle('panelled', open);
    dial.setAttribute('aria-expanded', String(open));
  }

  function show(name) {
    for (const tab of tabs) {
      const on = tab.id === `tab-${name}`;
      tab.setAttribute('aria-selected', String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    mutation.hidden = name !== 'mutation';
    network.hidden = name !== 'network';
    if (name === 'network') draw(sheet.at);
  }

  let asked = 0;
  async function draw(i) {
    const own = (asked += 1),
      {id, round} = nursery;
    const found = await get(`nurseries/${id}/${round}/${i}/drawing`).catch(error => error);
    if (own !== asked || closing) return;
    network.replaceChildren(
      h('h2', {}, `Child ${i + 1}`),
      found instanceof Error
        ? h('p', {class: 'quiet'}, found.message)
        : networkDrawing(found, `The network of child ${i + 1}`),
    );
  }

  await showRound(nursery);
  return {
    title: 'Breed',
    keys: {
      ...Object.fromEntries(
        ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].map(key => [
          key,
          () => sheet.set(sheet.at),
        ]),
      ),
      n: forth,
      u: back,
      a: others,
      k: () => keepChild(sheet.at),
      l: () => closer(sheet.at),
      w: () => {
        show(network.hidden ? 'network' : 'mutation');
        panelled(true);
      },
      Escape: () => {
        if (main.classList.contains('panelled')) panelled(false);
        else if (chosen.size) {
          chosen = new Set();
          sheet.choose(chosen);
          tell();
          announce('Nothing chosen.');
        }
      },
    },
    close() {
      closing = true;
      observer.disconnect();
      sheet?.remove();
      main.classList.remove('panelled', 'busy');
    },
  };
}
