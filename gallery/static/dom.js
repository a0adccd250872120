// Elements, notes and dialogs: all that the rooms need to put something on the page.

import {icon} from './icons.js';

const SVG = 'http://www.w3.org/2000/svg';

// An element with attributes, properties (on...: a listener; class; dataset) and children; texts
// stay texts, whatever is in them.
export function h(tag, given = {}, ...children) {
  return fill(document.createElement(tag), given, children);
}

export function s(tag, given = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), given, children);
}

function fill(element, given, children) {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else if (name === 'style')
      for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
    else if (name === 'value' || name === 'checked') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(
    ...children.flat().filter(child => child !== null && child !== undefined && child !== false),
  );
  return element;
}

// A button: an icon alone, whose name is read and shown on hover, or an icon with a text.
export function button(name, label, act, {text = false, key, kind = '', ...rest} = {}) {
  const title = key ? `${label} (${key})` : label;
  return h(
    'button',
    {
      type: 'button',
      class: `${text ? 'plain' : 'icon'} ${kind}`.trim(),
      onclick: act,
      title: text && !key ? null : title,
      'aria-label': text ? null : label,
      'aria-keyshortcuts': key,
      ...rest,
    },
    name && icon(name),
    text && h('span', {}, label),
  );
}

const live = document.getElementById('live'),
  toasts = document.getElementById('toasts');
let saying,
  unsaid = [];

// Tells a screen reader what happened.
export function announce(text) {
  clearTimeout(saying);
  live.textContent = '';
  unsaid.push(text);
  saying = setTimeout(() => {
    live.textContent = unsaid.join(' ');
    unsaid = [];
  }, 60);
}

// A note at the edge of the page, with something to do about it if there is.
export function toast(text, {label, act, lasting = 7000, wrong = false} = {}) {
  const away = () => {
    clearTimeout(timer);
    note.classList.add('leaving');
    setTimeout(() => note.remove(), 220);
  };
  const note = h(
    'div',
    {class: wrong ? 'toast wrong' : 'toast'},
    h('p', {}, text),
    label &&
      h(
        'button',
        {
          type: 'button',
          class: 'plain',
          onclick: () => {
            away();
            act();
          },
        },
        label,
      ),
    button('close', 'Dismiss', away),
  );
  let timer = setTimeout(away, lasting);
  for (const name of ['pointerenter', 'focusin'])
    note.addEventListener(name, () => clearTimeout(timer));
  for (const name of ['pointerleave', 'focusout'])
    note.addEventListener(name, () => {
      clearTimeout(timer);
      timer = setTimeout(away, lasting);
    });
  while (toasts.childElementCount > 2) toasts.firstChild.remove();
  toasts.append(note);
  announce(text);
  return away;
}

// Runs what may fail; says why it did.
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name !== 'AbortError') toast(error.message, {wrong: true});
    return undefined;
  }
}

// A dialog; close() ends it. Escape and a click beside it do so too.
export function dialog(title, content, {wide = false, ended} = {}) {
  const close = () => box.close();
  const box = h(
    'dialog',
    {class: wide ? 'sheet wide' : 'sheet', 'aria-label': title},
    h('div', {class: 'sheet-head'}, h('h2', {}, title), button('close', 'Close', close)),
    content,
  );
  box.addEventListener('click', event => {
    if (event.target === box) close();
  });
  box.addEventListener('close', () => {
    document.body.append(toasts, live);
    box.remove();
    ended?.();
  });
  box.append(toasts, live); // what is outside of a dialog can neither be pressed nor heard
  document.body.append(box);
  box.showModal();
  return {box, close};
}

export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

export const plural = (count, one, many = `${one}s`) =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

export function ago(iso) {
  const seconds = (Date.now() - new Date(iso)) / 1000;
  const steps = [
    [60, 'second'],
    [3600, 'minute'],
    [86400, 'hour'],
    [2592000, 'day'],
    [31536000, 'month'],
    [Infinity, 'year'],
  ];
  const sizes = {second: 1, minute: 60, hour: 3600, day: 86400, month: 2592000, year: 31536000};
  const [, unit] = steps.find(([limit]) => seconds < limit);
  if (unit === 'second') return 'just now';
  return new Intl.RelativeTimeFormat('en', {numeric: 'auto'}).format(
    -Math.floor(seconds / sizes[unit]),
    unit,
  );
}

export function span(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

export function weight(bytes) {
  const [unit, size] = bytes < 1e6 ? ['kB', 1e3] : bytes < 1e9 ? ['MB', 1e6] : ['GB', 1e9];
  return `${(bytes / size).toLocaleString('en', {maximumSignificantDigits: 3})} ${unit}`;
}
