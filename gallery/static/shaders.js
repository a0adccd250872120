// One WebGL2 context for all pictures: their shaders, and painting with them.

import {axes, clock, latent} from './motion.js';

const VERTEX = `#version 300 es
void main() { gl_Position = vec4(vec2[3](vec2(-1, -1), vec2(3, -1), vec2(-1, 3))[gl_VertexID], 0, 1); }`;
const KEPT = 80; // compiled shaders

const source = document.createElement('canvas');
const gl = source.getContext('webgl2', {
  alpha: true,
  premultipliedAlpha: false,
  antialias: false,
  depth: false,
  preserveDrawingBuffer: true,
  powerPreference: 'high-performance',
});

export const available = Boolean(gl);
export const lost = () => gl.isContextLost();

let parallel = gl?.getExtension('KHR_parallel_shader_compile');
const programs = new Map();
const tables = new Map();

// Whether shaders compile beside the page; where they do not, each makes it wait.
export const beside = () => Boolean(parallel);
export const compiled = entry => programs.get(entry.shader)?.ready;

// Calls back when a context that was lost has come back, and knows nothing any more.
export function restored(back) {
  source.addEventListener('webglcontextrestored', () => {
    parallel = gl.getExtension('KHR_parallel_shader_compile');
    programs.clear();
    tables.clear();
    back();
  });
}
source.addEventListener('webglcontextlost', event => event.preventDefault());

// The shader of an entry, which compiles if it has not been yet; those of needed texts stay.
export function compile(entry, needed) {
  let found = programs.get(entry.shader);
  if (found)
    programs.delete(entry.shader); // to the end: used last
  else {
    const program = gl.createProgram(),
      shaders = [];
    for (const [kind, text] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, entry.shader],
    ]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
      shaders.push(shader);
    }
    gl.linkProgram(program);
    found = {program, shaders, ready: false, failed: false};
  }
  programs.set(entry.shader, found);
  for (const [text, old] of programs) {
    if (programs.size <= KEPT) break;
    if (needed.has(text)) continue;
    gl.deleteProgram(old.program);
    old.shaders.forEach(shader => gl.deleteShader(shader));
    programs.delete(text);
  }
  return found;
}

// Whether it can draw; asks the driver nothing that would make it wait.
export function ready(found) {
  if (found.ready || found.failed) return found.ready;
  if (parallel && !gl.getProgramParameter(found.program, parallel.COMPLETION_STATUS_KHR))
    return false;
  if (!gl.getProgramParameter(found.program, gl.LINK_STATUS)) {
    found.failed = !gl.isContextLost();
    if (found.failed)
      console.error(found.shaders.map(shader => gl.getShaderInfoLog(shader)).join('\n'));
    return false;
  }
  const locate = (known, name) => (known[name] ??= gl.getUniformLocation(found.program, name));
  found.at = new Proxy({}, {get: locate});
  return (found.ready = true);
}

const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));

function texture(key, table) {
  if (!tables.has(key)) {
    const {width, height, channels, numbers} = table;
    if (tables.size > 2 * KEPT) {
      for (const old of tables.values()) gl.deleteTexture(old);
      tables.clear();
    }
    const made = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, made);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
    gl.texImage2D(
      gl.TEXTURE_2D,
      0,
      [gl.R32F, gl.RG32F, gl.RGB32F, gl.RGBA32F][channels - 1],
      width,
      height,
      0,
      [gl.RED, gl.RG, gl.RGB, gl.RGBA][channels - 1],
      gl.FLOAT,
      new Float32Array(bytes(numbers).buffer),
    );
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
    tables.set(key, made);
  }
  return tables.get(key);
}

// Draws the rows [top, top + rows) of a picture of width x height pixels at the lower left corner
// of the context's own canvas. what: {entry, program, view, turn}.
export function paint(what, width, height, top, rows, samples) {
  const {entry, view, turn} = what;
  const {program, at} = what.program;
  const {pixel, right, down} = axes(height, width, view);
  const bottom = height - top - rows;
  const place = i => view.center[i] - (width / 2) * right[i] - (bottom - height / 2) * down[i];
  if (source.width < width || source.height < rows) {
    source.width = Math.max(source.width, width);
    source.height = Math.max(source.height, rows);
  }
  gl.useProgram(program);
  gl.viewport(0, 0, width, rows);
  gl.uniform2f(at.Origin, place(0), place(1));
  gl.uniform2f(at.Right, ...right);
  gl.uniform2f(at.Up, -down[0], -down[1]);
  gl.uniform1f(at.Pixel, pixel);
  gl.uniform1i(at.Samples, samples);
  gl.uniform1f(at.Dither, entry.dither ? 1 : 0);
  if (entry.keys) gl.uniform1fv(at.Z, latent(entry.keys, turn));
  if (entry.time !== null) gl.uniform1f(at.T, clock(entry.time, entry.turns, turn));
  Object.entries(entry.tables).forEach(([name, key], unit) => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture(key, entry.textures[key]));
    gl.uniform1i(at[name], unit);
  });
  gl.enable(gl.SCISSOR_TEST);
  gl.scissor(0, 0, width, rows);
  gl.drawArrays(gl.TRIANGLES, 0, 3);
}

// Copies what was painted to a rectangle [left, top, width, height] of another canvas.
export function copy({ink, entry}, width, rows, to) {
  if (entry.transparent) ink.clearRect(...to);
  ink.drawImage(source, 0, source.height - rows, width, rows, ...to);
}

// Waits until it has been painted.
export const wait = () => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
