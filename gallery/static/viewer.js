// Looking into a picture without end: its shader as deep as its 32 bits carry, and below that
// tiles which the server renders. The place is kept in whole numbers: the long side of the
// picture's frame is 2^72 of them, and its upper left corner is (0, 0).

import {announce, button, calm, h} from './dom.js';
import {axes, moves} from './motion.js';
import {available, hang} from './painter.js';

const BITS = 72n,
  ONE = 2 ** 72;
const SIDE = 256; // pixels of a tile
const DEEPEST = 60; // level of tiles
const FINE = 2 ** -19; // a pixel, below which 32 bits do not tell it from the next
const MOST = 2 ** 58; // magnification
const TILES = 360; // kept
const ASKED = 6; // at a time

const whole = number => BigInt(Math.round(number));
const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const spoken = zoom => {
  const power = Math.floor(Math.log10(zoom));
  return power < 6
    ? zoom.toLocaleString('en', {maximumSignificantDigits: zoom < 100 ? 2 : 3})
    : `${(zoom / 10 ** power).toFixed(1)} · 10${[...String(power)].map(digit => RAISED[digit]).join('')}`;
};
const floor = (a, b) => {
  const q = a / b;
  return a % b < 0n ? q - 1n : q;
};

// entry: its shader, or null; size: [w, h], its proportions; tiles: the address of its tiles, or
// null; picture: the address of the picture, where there is no shader; before: something to see until
// there is more, a canvas or an image that has come.
export function viewer({entry, size: [wide, high], tiles = null, picture, before, label}) {
  const long = Math.max(wide, high),
    share = Math.min(wide, high) / long,
    live = Boolean(entry && available);
  const frame = {w: wide / long, h: high / long};
  const canvas = h('canvas', {
    class: 'look',
    width: 1,
    height: 1,
    tabindex: 0,
    role: 'img',
    'aria-label': `${label}. Arrow keys move, plus and minus zoom.`,
  });
  const over = h('canvas', {class: 'tiles', width: 1, height: 1, 'aria-hidden': 'true'});
  const ink = over.getContext('2d');
  const still = h('img', {
    class: 'look-still',
    src: live ? null : picture,
    alt: '',
    draggable: 'false',
  });
  const depth = h('output', {class: 'depth'});
  const play =
    live && moves(entry) && button('play', 'Animate', animate, {key: 'P', 'aria-pressed': 'false'});
  const bar = h(
    'div',
    {class: 'look-bar'},
    depth,
    play,
    button('whole', 'Whole picture', reset, {key: '0'}),
    button('screen', 'Full screen', screen, {key: 'F'}),
  );
  const mat = h('div', {class: 'mat'}, live ? null : still, canvas, over);
  const element = h('div', {class: 'viewer'}, mat, bar);
  const easel = live
    ? hang(canvas, entry, {
        begun: before?.width > 1,
        failed: () => {
          broken = true;
          mat.prepend(still);
          still.src = picture;
          draw();
        },
      })
    : null;
  if (easel && before?.width > 1) {
    Object.assign(canvas, {
      width: Math.round((wide / long) * 512),
      height: Math.round((high / long) * 512),
    });
    canvas.getContext('2d').drawImage(before, ...cut(before), 0, 0, canvas.width, canvas.height);
  }
  let cu,
    cv,
    zoom,
    broken = false,
    waiting = 0,
    settled = 0;
  home();

  // The middle of what is there before, with the proportions of the frame.
  function cut(image) {
    const [w, hh] = [image.naturalWidth ?? image.width, image.naturalHeight ?? image.height];
    const part = Math.min(w / wide, hh / high);
    return [(w - wide * part) / 2, (hh - high * part) / 2, wide * part, high * part];
  }

  function home() {
    cu = whole((frame.w / 2) * ONE);
    cv = whole((frame.h / 2) * ONE);
    zoom = 1;
  }

  // Pixels of the canvas for the long side of the frame.
  const scale = () => (Math.min(canvas.width, canvas.height) / share) * zoom;
  const density = () => canvas.width / Math.max(1, canvas.clientWidth);

  function fit() {
    const full = document.fullscreenElement === element,
      style = getComputedStyle(element);
    const pad = full ? 0 : parseFloat(style.getPropertyValue('--mat')) || 0;
    const w = element.clientWidth - 2 * pad,
      hh = element.clientHeight - 2 * pad;
    if (w < 2 || hh < 2) return;
    const part = Math.min(w / wide, hh / high);
    const [cw, ch] = full ? [w, hh] : [Math.round(wide * part), Math.round(high * part)];
    const ratio = Math.min(devicePixelRatio, 2),
      pixels = [Math.round(cw * ratio), Math.round(ch * ratio)];
    mat.style.width = `${cw}px`;
    mat.style.height = `${ch}px`;
    Object.assign(over, {width: pixels[0], height: pixels[1]});
    if (easel) easel.size(...pixels);
    else Object.assign(canvas, {width: pixels[0], height: pixels[1]});
    draw();
  }

  // ---- What is seen ----

  const pixel = () => 2 / (entry?.view.zoom ?? 1) / scale() / share;
  const shaded = () => live && !broken && pixel() >= FINE;

  function draw() {
    const du = Number(cu - whole((frame.w / 2) * ONE)) / ONE,
      dv = Number(cv - whole((frame.h / 2) * ONE)) / ONE;
    if (easel && !broken && pixel() >= FINE / 64) {
      const {right, down} = axes(1, 1, entry.view),
        {center} = entry.view;
      easel.look({
        center: [0, 1].map(i => center[i] + (du * right[i] + dv * down[i]) / share),
        zoom: entry.view.zoom * zoom,
      });
    }
    if (!live || broken) {
      still.style.transform = `translate(${(-du * 100 * zoom * long) / wide}%, ${(-dv * 100 * zoom * long) / high}%) scale(${Math.min(zoom, 4096)})`;
    }
    over.hidden = shaded() || !tiles;
    canvas.hidden = false;
    depth.textContent = Math.abs(zoom - 1) < 0.005 ? '' : `× ${spoken(zoom)}`;
    element.dataset.zoom = zoom;
    if (!over.hidden) later();
    else element.dataset.state = 'shader';
  }

  // ---- Tiles ----

  const known = new Map(); // address: an image that is there, or on its way
  let asked = 0,
    queue = [];
  const later = () => {
    waiting ||= requestAnimationFrame(compose);
  };

  function compose() {
    waiting = 0;
    const s = scale(),
      level = Math.max(0, Math.min(DEEPEST, Math.ceil(Math.log2(s / SIDE / 1.2))));
    ink.clearRect(0, 0, over.width, over.height);
    queue = [];
    let missing = 0;
    for (let at = Math.max(0, level - 5); at <= level; at++) {
      const unit = 1n << (BITS - BigInt(at)),
        on = s / 2 ** at;
      const left = cu - whole((over.width / 2 / s) * ONE),
        top = cv - whole((over.height / 2 / s) * ONE);
      const [x0, y0] = [floor(left, unit), floor(top, unit)];
      const px = i => (Number((x0 + BigInt(i)) * unit - left) / ONE) * s,
        py = j => (Number((y0 + BigInt(j)) * unit - top) / ONE) * s;
      for (let j = 0; py(j) < over.height; j++)
        for (let i = 0; px(i) < over.width; i++) {
          const address = `${tiles}/${at}/${x0 + BigInt(i)}/${y0 + BigInt(j)}.webp?side=${SIDE}`,
            tile = known.get(address);
          if (tile?.there) {
            known.delete(address);
            known.set(address, tile);
            const [l, t, r, b] = [px(i), py(j), px(i + 1), py(j + 1)].map(Math.round);
            ink.drawImage(tile.image, l, t, r - l, b - t);
          } else if (at === level || at === level - 3) {
            if (at === level) missing += 1;
            if (!tile)
              queue.push([
                Math.hypot(px(i) + on / 2 - over.width / 2, py(j) + on / 2 - over.height / 2) +
                  (at < level ? -1e6 : 0),
                address,
              ]);
          }
        }
    }
    element.dataset.state = missing ? 'tiling' : 'tiled';
    queue.sort((a, b) => a[0] - b[0]);
    ask();
  }

  function ask() {
    while (asked < ASKED && queue.length) {
      const [, address] = queue.shift();
      if (known.has(address)) continue;
      const tile = {image: new Image(), there: false};
      known.set(address, tile);
      asked += 1;
      tile.image.onload = () => {
        tile.there = true;
        asked -= 1;
        later();
      };
      tile.image.onerror = () => {
        asked -= 1;
        setTimeout(() => known.delete(address), 2000);
        ask();
      };
      tile.image.src = address;
    }
    for (const [address, tile] of known) {
      if (known.size <= TILES) break;
      if (tile.there) known.delete(address);
    }
  }

  // ---- Moving about ----

  function pan(dx, dy) {
    const s = scale();
    cu -= whole((dx / s) * ONE);
    cv -= whole((dy / s) * ONE);
  }

  // What is under (px, py), in pixels from the middle of the canvas, stays there.
  function magnify(px, py, factor) {
    pan(-px, -py);
    zoom = Math.max(1 / 16, Math.min(tiles ? MOST : live ? 4096 : 64, zoom * factor));
    if (Math.abs(Math.log(zoom)) < 0.004) zoom = 1;
    pan(px, py);
    clearTimeout(settled);
    settled = setTimeout(() => announce(`Magnified ${depth.textContent || '× 1'}`), 900);
  }

  const from = event => {
    const box = canvas.getBoundingClientRect();
    return [
      (event.clientX - box.left - box.width / 2) * density(),
      (event.clientY - box.top - box.height / 2) * density(),
    ];
  };
  const hands = new Map();
  const middle = () => {
    const all = [...hands.values()],
      [a, b] = all;
    return {
      x: all.reduce((sum, p) => sum + p[0], 0) / all.length,
      y: all.reduce((sum, p) => sum + p[1], 0) / all.length,
      reach: b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0,
    };
  };
  mat.addEventListener('pointerdown', event => {
    if (event.button > 0) return;
    mat.setPointerCapture(event.pointerId);
    hands.set(event.pointerId, from(event));
    mat.classList.add('held');
    canvas.focus({preventScroll: true});
  });
  mat.addEventListener('pointermove', event => {
    if (!hands.has(event.pointerId)) return;
    const before = middle();
    hands.set(event.pointerId, from(event));
    const after = middle();
    pan(after.x - before.x, after.y - before.y);
    if (before.reach > 8 && after.reach > 8) magnify(after.x, after.y, after.reach / before.reach);
    draw();
  });
  for (const name of ['pointerup', 'pointercancel'])
    mat.addEventListener(name, event => {
      hands.delete(event.pointerId);
      mat.classList.toggle('held', hands.size > 0);
    });
  mat.addEventListener(
    'wheel',
    event => {
      event.preventDefault();
      const turned = Math.max(-240, Math.min(240, event.deltaY * [1, 16, 400][event.deltaMode]));
      magnify(...from(event), Math.exp(-turned * (event.ctrlKey ? 0.01 : 0.0016)));
      draw();
    },
    {passive: false},
  );
  mat.addEventListener('dblclick', event => glide(...from(event), event.shiftKey ? 1 / 4 : 4));
  canvas.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 0.12 * Math.min(canvas.width, canvas.height);
    const move = {
      ArrowLeft: [step, 0],
      ArrowRight: [-step, 0],
      ArrowUp: [0, step],
      ArrowDown: [0, -step],
    }[event.key];
    if (move) pan(...move);
    else if (!ACTS[event.key]) return;
    event.preventDefault();
    if (move) draw();
    else ACTS[event.key]();
  });
  const ACTS = {
    '+': () => glide(0, 0, 2),
    '=': () => glide(0, 0, 2),
    '-': () => glide(0, 0, 1 / 2),
    0: reset,
    p: animate,
    f: screen,
  };

  let gliding = 0;
  function glide(px, py, factor) {
    cancelAnimationFrame(gliding);
    if (calm()) {
      magnify(px, py, factor);
      return draw();
    }
    const begun = performance.now();
    let done = 0;
    const onward = time => {
      const part = Math.min(1, Math.max(0, (time - begun) / 280)),
        eased = 1 - (1 - part) ** 3;
      magnify(px, py, factor ** (eased - done));
      done = eased;
      draw();
      if (part < 1) gliding = requestAnimationFrame(onward);
    };
    gliding = requestAnimationFrame(onward);
  }

  function reset() {
    cancelAnimationFrame(gliding);
    home();
    draw();
    announce('The whole picture.');
  }

  function animate() {
    if (!easel || !play) return;
    const on = play.getAttribute('aria-pressed') !== 'true';
    play.setAttribute('aria-pressed', String(on));
    play.firstChild.replaceWith(button(on ? 'pause' : 'play', '', null).firstChild);
    on ? easel.play() : easel.pause();
    announce(on ? 'Moving.' : 'Paused.');
  }

  function screen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else element.requestFullscreen?.().catch(() => {});
  }

  const observer = new ResizeObserver(fit);
  observer.observe(element);
  element.addEventListener('fullscreenchange', fit);
  return {
    element,
    canvas,
    easel,
    reset,
    animate,
    screen,
    magnify: factor => glide(0, 0, factor),
    remove() {
      observer.disconnect();
      easel?.remove();
      cancelAnimationFrame(waiting);
      cancelAnimationFrame(gliding);
    },
  };
}
