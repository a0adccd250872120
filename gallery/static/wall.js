// Pictures on a wall: rows that fill its width, arrow keys from one to the next, and motion in the one
// that is looked at.

import {get} from './api.js';
import {calm, h} from './dom.js';
import {moves} from './motion.js';
import {available, hang} from './painter.js';

// Rows that fill the width, each as high as its pictures' proportions have it; the last one as the
// row before.
export function justify(wall) {
  const width = wall.clientWidth,
    gap = parseFloat(getComputedStyle(wall).columnGap),
    wanted = parseFloat(getComputedStyle(wall).getPropertyValue('--row'));
  let row = [],
    wide = 0,
    height = wanted;
  const set = () => row.forEach(each => each.style.setProperty('--high', `${height.toFixed(2)}px`));
  for (const each of wall.children) {
    row.push(each);
    wide += Number(each.style.getPropertyValue('--aspect'));
    const exact = (width - gap * (row.length - 1) - 0.5) / wide;
    if (exact > wanted * 1.12) continue;
    height = exact;
    set();
    [row, wide] = [[], 0];
  }
  if (row.length) {
    height = Math.min(height, (width - gap * (row.length - 1) - 0.5) / wide);
    set();
  }
}

// A picture that is looked at for a moment begins to move, where that can be done finely enough.
// link: the picture's, which it fills. Returns how to bring it to rest.
export function enliven(work, link, image) {
  if (!available || !work.can.shader) return () => {};
  let easel = null,
    canvas = null,
    timer = 0,
    wanted = false;
  const rest = () => {
    wanted = false;
    clearTimeout(timer);
    canvas?.remove();
    easel?.remove();
    easel = canvas = null;
  };
  const wake = () => {
    if (calm() || wanted) return;
    wanted = true;
    timer = setTimeout(async () => {
      const entry = await get(`works/${work.id}/shader`).catch(() => null);
      if (!wanted || !entry || !moves(entry)) return;
      const ratio = Math.min(devicePixelRatio, 2);
      canvas = h('canvas', {
        class: 'over',
        width: Math.round(image.clientWidth * ratio),
        height: Math.round(image.clientHeight * ratio),
      });
      easel = hang(canvas, entry, {
        moved: fineness => canvas?.classList.toggle('shown', fineness > 0.5),
        failed: rest,
      });
      easel.play();
      link.append(canvas);
    }, 240);
  };
  link.addEventListener('pointerenter', event => {
    if (event.pointerType !== 'touch') wake();
  });
  link.addEventListener('pointerleave', rest);
  link.addEventListener('focus', () => {
    if (link.matches(':focus-visible')) wake();
  });
  link.addEventListener('blur', rest);
  return rest;
}

// Arrow keys, among the links of a wall.
export function walk(wall, event) {
  const links = [...wall.querySelectorAll('a.print')],
    at = links.indexOf(document.activeElement);
  if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const place = link => link.getBoundingClientRect(),
    here = place(links[at]);
  let goal = {ArrowLeft: links[at - 1], ArrowRight: links[at + 1]}[event.key];
  if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
    const down = event.key === 'ArrowDown' ? 1 : -1,
      middle = box => (box.left + box.right) / 2;
    const beyond = links.filter(link => down * (place(link).top - here.top) > 8);
    const row = Math.min(...beyond.map(link => Math.abs(place(link).top - here.top)));
    goal = beyond
      .filter(link => Math.abs(Math.abs(place(link).top - here.top) - row) < 8)
      .sort(
        (a, b) =>
          Math.abs(middle(place(a)) - middle(here)) - Math.abs(middle(place(b)) - middle(here)),
      )[0];
  } else if (!goal) return;
  event.preventDefault();
  goal?.focus();
}
