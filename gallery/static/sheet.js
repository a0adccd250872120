// A contact sheet: frames in a grid, each a picture that is drawn live, chosen by a click, with
// a few things to do below it. Arrow keys move from frame to frame.

import {button, calm, h, s} from './dom.js';
import {moves} from './motion.js';
import {available, hang} from './painter.js';

const CAPTION = 30,
  GAP = 14; // pixels: the line below a frame, and between frames
const LEAST = 96; // of a frame's side
// Loops of a grease pencil round a frame, in a square of 100, never twice the same beside another.
const LOOPS = [
  'M8 3C30-1 72 0 95 3c4 22 4 70 2 92-24 4-68 4-93 1C1 70 0 26 4 1c12-2 26-2 38-1',
  'M4 6C26 1 74 1 97 4c2 24 3 68 0 92-26 3-70 3-94 1C0 72 1 28 5 0c8 0 20-1 30 0',
  'M12 1c24-2 66-1 86 3 2 22 1 70-1 93-22 3-72 3-94-1C0 74 0 24 2 5c16-4 34-5 50-4',
];

// frames: [{number, label, picture, entry (or null), kept}]. told: choose(i), keep(i), closer(i),
// network(i), focus(i).
export function contactSheet(frames, told) {
  let at = 0,
    chosen = new Set();
  const easels = [];
  const items = frames.map((frame, i) => item(frame, i));
  const list = h(
    'ul',
    {class: 'sheet-grid', role: 'list', 'aria-label': 'Children'},
    items.map(found => found.root),
  );
  list.addEventListener('keydown', walk);
  list.style.setProperty('--gap', `${GAP}px`);

  function item(frame, i) {
    const act = (name, label, key) =>
      button(
        name,
        `${label} ${frame.number}`,
        () => told[{keep: 'keep', closer: 'closer', network: 'network'}[name]](i),
        {key, tabindex: -1},
      );
    const loop = s(
      'svg',
      {class: 'loop', viewBox: '-3 -3 106 106', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
      s('path', {d: LOOPS[i % LOOPS.length], pathLength: 1}),
    );
    const surface =
      frame.entry && available
        ? h('canvas', {width: 1, height: 1})
        : h('img', {src: frame.picture, alt: '', draggable: 'false'});
    const exposure = h(
      'button',
      {
        type: 'button',
        class: 'exposure',
        'aria-pressed': 'false',
        'aria-label': frame.label,
        tabindex: i ? -1 : 0,
        dataset: {index: i},
        onclick: () => {
          set(i, false);
          told.choose(i);
        },
      },
      surface,
      loop,
    );
    const keep = act('keep', 'Keep', 'K');
    const tools = [keep, act('closer', 'Look closer at', 'L'), act('network', 'Network of', 'W')];
    const sign = h('span', {class: 'frame-number'}, String(frame.number));
    const root = h(
      'li',
      {class: 'frame'},
      exposure,
      h('div', {class: 'edge'}, sign, h('div', {class: 'frame-tools'}, tools)),
    );
    const wake = () => {
      if (!calm() && frame.entry && moves(frame.entry)) easels[i]?.play();
    };
    const rest = () => {
      if (
        !root.matches(':hover') &&
        !(root.contains(document.activeElement) && document.activeElement.matches(':focus-visible'))
      )
        easels[i]?.home();
    };
    root.addEventListener('pointerenter', event => {
      if (event.pointerType !== 'touch') wake();
    });
    root.addEventListener('pointerleave', rest);
    root.addEventListener('focusin', () => set(i, false));
    root.addEventListener('focusout', () => requestAnimationFrame(rest));
    if (surface.tagName === 'CANVAS') {
      easels[i] = hang(surface, frame.entry, {
        ready: () => root.classList.add('shown'),
        failed: () => {
          surface.replaceWith(h('img', {src: frame.picture, alt: ''}));
          easels[i].remove();
          root.classList.add('shown');
        },
      });
    } else surface.addEventListener('load', () => root.classList.add('shown'));
    const found = {root, exposure, surface, keep, tools, sign, frame, wake};
    if (frame.kept) mark(found, true);
    return found;
  }

  function mark(found, kept) {
    found.root.classList.toggle('kept', kept);
    found.keep.setAttribute('aria-pressed', String(kept));
    found.exposure.setAttribute('aria-label', found.frame.label + (kept ? ', kept' : ''));
  }

  // The frame that the keys are at.
  function set(i, focus = true) {
    if (i !== at || focus) {
      items[at].exposure.tabIndex = -1;
      items[at].tools.forEach(tool => {
        tool.tabIndex = -1;
      });
      items[at].root.classList.remove('at');
    }
    const before = at;
    at = i;
    items[at].exposure.tabIndex = 0;
    items[at].tools.forEach(tool => {
      tool.tabIndex = 0;
    });
    items[at].root.classList.add('at');
    if (focus) items[at].exposure.focus();
    if (before !== at || focus) told.focus?.(at);
  }

  const columns = () => Number(list.dataset.columns) || 1;

  function walk(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const n = items.length,
      step = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns()}[event.key];
    const goal =
      event.key === 'Home' ? 0 : event.key === 'End' ? n - 1 : step === undefined ? -1 : at + step;
    if (step === undefined && event.key !== 'Home' && event.key !== 'End') return;
    event.preventDefault();
    if (goal >= 0 && goal < n) {
      set(goal);
      items[goal].wake();
    }
  }

  // Frames as large as the room allows, where all of it fits; else three columns to scroll through.
  function fit(width, height) {
    const n = items.length;
    let best = {side: 0, columns: 1};
    for (let columns = 1; columns <= n; columns++) {
      const rows = Math.ceil(n / columns);
      const side = Math.floor(
        Math.min(
          (width - (columns - 1) * GAP) / columns,
          (height - (rows - 1) * GAP) / rows - CAPTION,
        ),
      );
      if (side > best.side) best = {side, columns};
    }
    if (width < 560 || best.side < LEAST) {
      const columns = Math.max(2, Math.min(3, Math.floor(width / LEAST))),
        gap = width < 560 ? 8 : GAP;
      list.style.setProperty('--gap', `${gap}px`);
      best = {columns, side: Math.floor((width - (columns - 1) * gap) / columns)};
    } else list.style.setProperty('--gap', `${GAP}px`);
    list.style.setProperty('--pencil-width', (320 / (best.side + 14)).toFixed(2));
    list.dataset.columns = best.columns;
    list.style.setProperty('--columns', best.columns);
    list.style.setProperty('--side', `${best.side}px`);
    const pixels = Math.round(best.side * Math.min(devicePixelRatio, 2));
    for (const easel of easels) easel?.size(pixels, pixels);
  }

  return {
    element: list,
    fit,
    set,
    easels,
    get at() {
      return at;
    },
    choose(indices) {
      chosen = new Set(indices);
      items.forEach(({exposure, root, sign, frame}, i) => {
        exposure.setAttribute('aria-pressed', String(chosen.has(i)));
        root.classList.toggle('chosen', chosen.has(i));
        sign.textContent = chosen.has(i) ? `${frame.number} ✓` : String(frame.number);
      });
    },
    keep(i) {
      mark(items[i], true);
    },
    rest() {
      easels.forEach(easel => easel?.home());
    },
    surface: i => items[i].surface,
    remove() {
      easels.forEach(easel => easel?.remove());
      list.remove();
    },
  };
}
