// Draws pictures with WebGL2: all of them in one context, since browsers allow few, from which
// what is drawn is copied to the canvas of each. A picture appears coarsely at once; then, strip by
// strip, with all its samples. On a canvas, data-state says how far it is: waiting, drawing,
// moving, drawn, failed.

import {beside, compile, compiled, copy, lost, paint, ready, restored, wait} from './shaders.js';

export {available} from './shaders.js';

const SHARE = 28; // milliseconds a frame, which all pictures share
// Milliseconds at a time, in motion and at rest: fewer, and there is time for more; more, for less.
const BRISK = [20, 45];
const STEADY = [60, 140];
const REST = 180; // milliseconds after the last touch until a picture is drawn in full
const FEWEST = {still: 16384, moving: 4096}; // samples: on a busy device fewer take no less time
const PROBE = 32; // pixels a side, on which the cost is measured
const LEAST = 0.2; // the coarsest resolution in motion, as a share

const hung = new Set();
const usual = {}; // the last shader of which was learnt how much it can draw: at rest, in motion
let waiting = 0;
let last = 0;
let probed = false; // whether a shader was measured in this frame
const now = () => performance.now();

function later() {
  waiting ||= requestAnimationFrame(frame);
}

restored(() => {
  for (const easel of hung) easel.wake();
});

// A picture on a canvas. entry: as the server gives shaders. told: ready() is called once, as soon as
// there is something to see, failed() where there never will be, moved(fineness) for each frame in
// motion; begun says that there is something on the canvas already.
export function hang(canvas, entry, told = {}) {
  const easel = new Easel(canvas, entry, told);
  hung.add(easel);
  later();
  return easel;
}

class Easel {
  constructor(canvas, entry, told) {
    Object.assign(this, {canvas, entry, told, ink: canvas.getContext('2d')});
    this.view = {...entry.view};
    this.seconds = 0;
    this.begun = Boolean(told.begun);
    this.playing = this.returning = false;
    this.touched = -1e9;
    if (entry.ground) canvas.style.background = entry.ground;
    this.wake();
  }

  state(name) {
    if (this.canvas.dataset.state !== name) this.canvas.dataset.state = name;
  }

  // Something has changed: the picture is drawn again, coarsely first.
  wake() {
    this.row = -1;
    if (this.canvas.dataset.state !== 'waiting')
      this.state(this.program?.ready ? 'drawing' : 'waiting');
    later();
  }

  // Somebody is moving it.
  touch() {
    this.begun = false;
    this.touched = now();
    this.wake();
  }

  look({center: [x, y], zoom}) {
    const now = this.view;
    if (now.center[0] === x && now.center[1] === y && now.zoom === zoom) return;
    this.view = {...now, center: [x, y], zoom};
    this.touch();
  }

  play() {
    if (this.row >= this.canvas.height && this.seconds === 0) this.still = copied(this.canvas);
    this.playing = true;
    this.returning = false;
    later();
  }

  pause() {
    this.playing = false;
    this.wake();
  }

  // Back to the picture itself, the way it came.
  home() {
    if (!this.playing && this.seconds === 0) return;
    this.playing = false;
    this.returning = true;
    later();
  }

  // As many pixels as these; until they are drawn, what was there is stretched.
  size(width, height) {
    if (this.canvas.width === width && this.canvas.height === height) return;
    const before = copied(this.canvas);
    Object.assign(this.canvas, {width, height});
    if (before.width > 1) this.ink.drawImage(before, 0, 0, width, height);
    this.still = null;
    this.wake();
  }

  get turn() {
    return this.seconds / this.entry.seconds;
  }

  get unfinished() {
    return !this.lost && this.row < this.canvas.height;
  }

  get moving() {
    return this.playing || this.returning || now() - this.touched < REST;
  }

  remove() {
    hung.delete(this);
  }
}

function copied(canvas) {
  const made = document.createElement('canvas');
  Object.assign(made, {width: canvas.width, height: canvas.height});
  if (made.width) made.getContext('2d').drawImage(canvas, 0, 0);
  return made;
}

// How many samples to take at a time, of a picture at rest and of one in motion. The first guess is
// measured on a few; then what is drawn tells, in steps, since part of what a frame takes is the
// browser's own.
function budget(easel) {
  const {program} = easel;
  if (!program.still) {
    paint(easel, 1, 1, 0, 1, 1); // the driver may compile at the first
    wait();
    const began = now();
    paint(easel, PROBE, PROBE, 0, PROBE, 1);
    wait();
    program.probe = Math.max(0.02, now() - began);
    const guess = (PROBE ** 2 * SHARE) / program.probe;
    for (const name of ['still', 'moving']) {
      const other = usual[name]; // others have been drawn: likely to be much the same
      program[name] = Math.max(
        FEWEST[name],
        guess,
        other ? (other[name] / 2) * Math.min(1, other.probe / program.probe) : 0,
      );
    }
    probed = true;
  }
  return program;
}

function learn(program, name, used, took, [quick, slow]) {
  if (took < quick && used > 0.7 * program[name])
    program[name] = Math.min(1.6 * program[name], 1e9);
  else if (took > slow) program[name] = Math.max(FEWEST[name], 0.7 * program[name]);
  usual[name] = program;
}

// ---- Frames ----

function frame(time) {
  waiting = 0;
  if (lost()) return;
  const step = Math.min(time - last, 100) / 1000;
  last = time;
  probed = false;
  let left = SHARE;
  let more = false;
  let compiling = false;
  const needed = new Set([...hung].map(easel => easel.entry.shader));
  const resting = [...hung].some(easel => !easel.moving && easel.unfinished);
  // what moves first, but leaving half to the others; then what is not there at all yet
  const order = easel => (easel.moving ? 0 : easel.row < 0 ? 1 : 2);
  for (const easel of [...hung].sort((a, b) => order(a) - order(b))) {
    if (easel.lost || !easel.canvas.width) continue;
    const known = compiled(easel.entry);
    if ((!known && compiling && !beside()) || !prepared(easel, needed)) {
      more ||= !easel.lost;
      compiling = true;
    } else if (!easel.program.still && probed) {
      more = true; // each that is measured makes the page wait
    } else if (easel.moving) {
      left -= move(easel, step, resting ? 0.5 : 1);
      more = true;
    } else {
      for (let row = -2; left > 1 && row !== easel.row && easel.unfinished;) {
        row = easel.row;
        left -= refine(easel);
      }
      more ||= easel.unfinished;
    }
    compiling ||= !known;
  }
  if (more) later();
}

// Whether a picture can be drawn; one that never can is told so.
function prepared(easel, needed) {
  easel.program = compile(easel.entry, needed);
  if (ready(easel.program)) return true;
  if (easel.program.failed) {
    easel.lost = true;
    easel.state('failed');
    easel.told.failed?.();
  }
  return false;
}

// A frame of a picture in motion, one sample a pixel, as fine as there is time for. Milliseconds.
function move(easel, step, share) {
  if (easel.playing) easel.seconds += step;
  if (easel.returning) {
    const round = easel.entry.seconds;
    if (easel.seconds > round / 2) easel.seconds -= round;
    easel.seconds *= Math.exp(-9 * step);
    if (Math.abs(easel.seconds) < 0.02) return rested(easel);
  }
  const {width, height} = easel.canvas;
  const most = budget(easel).moving * share;
  const ratio = Math.min(1, Math.max(LEAST, Math.sqrt(most / (width * height))));
  const began = now();
  const used = coarsely(easel, ratio);
  wait();
  const took = now() - began;
  learn(easel.program, 'moving', used / share, took, BRISK);
  easel.told.moved?.(ratio);
  easel.row = -1;
  easel.state('moving');
  return took;
}

// The whole picture at a share of its resolution; returns how many samples that took.
function coarsely(easel, ratio) {
  const {width, height} = easel.canvas;
  const w = Math.max(1, Math.round(width * ratio));
  const rows = Math.max(1, Math.round(height * ratio));
  paint(easel, w, rows, 0, rows, 1);
  copy(easel, w, rows, [0, 0, width, height]);
  if (!easel.shown) {
    easel.shown = true;
    easel.told.ready?.();
  }
  return w * rows;
}

function rested(easel) {
  const {still, canvas} = easel;
  easel.returning = false;
  easel.seconds = 0;
  if (!still) {
    easel.row = -1;
    return 0;
  }
  if (easel.entry.transparent) easel.ink.clearRect(0, 0, canvas.width, canvas.height);
  easel.ink.drawImage(still, 0, 0);
  easel.row = canvas.height;
  easel.state('drawn');
  return 0;
}

// More of a picture at rest: coarsely first, then strips from the top, with all samples.
function refine(easel) {
  const {width, height} = easel.canvas;
  const {samples} = easel.entry;
  const most = budget(easel).still;
  const began = now();
  if (easel.row < 0 && !easel.begun) {
    coarsely(easel, Math.min(0.5, Math.sqrt(most / (width * height))));
    easel.row = 0;
    easel.state('drawing');
    return now() - began;
  }
  easel.row = Math.max(0, easel.row);
  easel.state('drawing');
  const rows = Math.min(height - easel.row, Math.max(1, Math.floor(most / (width * samples))));
  paint(easel, width, height, easel.row, rows, samples);
  wait();
  const took = now() - began;
  learn(easel.program, 'still', width * rows * samples, took, STEADY);
  copy(easel, width, rows, [0, easel.row, width, rows]);
  easel.row += rows;
  if (!easel.unfinished) {
    easel.begun = false;
    easel.state('drawn');
  }
  return took;
}
