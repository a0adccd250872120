// How a picture moves: its latent along a closed curve through keys, its time round and round.

// A closed Catmull-Rom spline through the keys, whose length goes evenly from key to key; turn: 0,
// and 1, at the first.
export function latent(keys, turn) {
  const n = keys.length,
    u = (((turn % 1) + 1) % 1) * n,
    k = Math.min(Math.floor(u), n - 1),
    s = u - k;
  const weights = [
    ((2 - s) * s - 1) * s,
    (3 * s - 5) * s * s + 2,
    ((4 - 3 * s) * s + 1) * s,
    (s - 1) * s * s,
  ].map(w => w / 2);
  const near = [-1, 0, 1, 2].map(i => keys[(k + i + n) % n]);
  const z = near[0].map((_, i) => weights.reduce((sum, w, j) => sum + w * near[j][i], 0));
  const own = Math.hypot(...z);
  const meant = (1 - s) * Math.hypot(...near[1]) + s * Math.hypot(...near[2]);
  return own > 1e-6 * meant ? z.map(v => (v * meant) / own) : z;
}

export const clock = (time, turns, turn) => time + turns * (((turn % 1) + 1) % 1);

export const moves = entry => Boolean(entry.keys?.length > 1 || entry.time !== null);

// The step from one pixel to the next, to the right and down: the short side spans 2 / zoom.
export function axes(height, width, {zoom, rotate}) {
  const pixel = 2 / (Math.min(height, width) * zoom),
    angle = (rotate * Math.PI) / 180;
  const c = pixel * Math.cos(angle),
    s = pixel * Math.sin(angle);
  return {pixel, right: [c, -s], down: [s, c]};
}
