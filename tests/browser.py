"""Runs shaders in a headless Chromium, in software, and reads back what they compute."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cppnart.fields import glsl
from cppnart.fields.program import Program

FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # nothing may leave the machine
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDTH = 64

DRAW = """
({source, textures, uniforms, width, height, targets}) => {
  const canvas = document.createElement('canvas');
  canvas.width = width; canvas.height = height;
  const gl = canvas.getContext('webgl2', {antialias: false});
  if (!gl) throw new Error('no WebGL2');
  if (!gl.getExtension('EXT_color_buffer_float')) throw new Error('no float targets');
  const program = gl.createProgram();
  const vertex = '#version 300 es\\nin vec2 P; void main() { gl_Position = vec4(P, 0.0, 1.0); }';
  for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, source]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text); gl.compileShader(shader);
    const log = gl.getShaderInfoLog(shader);
    if (log || !gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(log);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS))
    throw new Error(gl.getProgramInfoLog(program));
  gl.useProgram(program);
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const image = (w, h, data) => {
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, w, h, 0, gl.RGBA, gl.FLOAT, data);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  };
  textures.forEach(([name, w, h, data], unit) => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    image(w, h, new Float32Array(bytes(data).buffer));
    gl.uniform1i(gl.getUniformLocation(program, name), unit);
  });
  gl.activeTexture(gl.TEXTURE0 + textures.length);
  const locate = name => gl.getUniformLocation(program, name);
  gl.uniform2f(locate('Resolution'), width, height);
  for (const [name, numbers] of uniforms) gl.uniform1fv(locate(name), numbers);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(0);
  gl.vertexAttribPointer(gl.getAttribLocation(program, 'P'), 2, gl.FLOAT, false, 0, 0);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  const attachments = [];
  for (let i = 0; i < targets; i++) {
    image(width, height, null);
    attachments.push(gl.COLOR_ATTACHMENT0 + i);
    const texture = gl.getParameter(gl.TEXTURE_BINDING_2D);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, attachments[i], gl.TEXTURE_2D, texture, 0);
  }
  gl.drawBuffers(attachments);
  gl.viewport(0, 0, width, height);
  gl.drawArrays(gl.TRIANGLES, 0, 3);
  const results = attachments.map(attachment => {
    const data = new Float32Array(4 * width * height);
    gl.readBuffer(attachment);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.FLOAT, data);
    const text = [];
    const octets = new Uint8Array(data.buffer);
    for (let i = 0; i < octets.length; i += 8192)
      text.push(String.fromCharCode(...octets.subarray(i, i + 8192)));
    return btoa(text.join(''));
  });
  const error = gl.getError();
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  if (error) throw new Error('WebGL error ' + error);
  return results;
}
"""


class Browser:
    """One open page."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def evaluate(self, program: Program, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """The outputs of the program's GLSL function at points (N, input_size): (N, outputs)."""
        n, size = points.shape
        rows, texels = -(-n // WIDTH), max(1, -(-size // 4))
        data = np.zeros((rows * WIDTH, 4 * texels), np.float32)
        data[:n, :size] = points
        # texel t of a point lies t rows below its first
        image = data.reshape(rows, WIDTH, texels, 4).transpose(0, 2, 1, 3)
        function = glsl.glsl_function(program)
        shader = glsl.Shader(
            _around(program, function.source, texels),
            {**function.textures, "Points": image.reshape(rows * texels, WIDTH, 4)},
        )
        targets = -(-len(program.outputs) // 4)
        out = self.draw(shader, WIDTH, rows, targets)
        return np.concatenate(list(out), -1).reshape(rows * WIDTH, -1)[:n, : len(program.outputs)]

    def draw(
        self, shader: glsl.Shader, width: int, height: int, targets: int = 1, **uniforms: Any
    ) -> NDArray[np.float32]:
        """What a fragment shader paints: (targets, height, width, 4), bottom row first."""
        textures = [
            (name, image.shape[1], image.shape[0], _base64(image))
            for name, image in shader.textures.items()
        ]
        arguments = {
            "source": shader.source,
            "textures": textures,
            "uniforms": [(name, np.ravel(v).tolist()) for name, v in uniforms.items()],
            "width": width,
            "height": height,
            "targets": targets,
        }
        parts = self._page.evaluate(DRAW, arguments)
        arrays = [np.frombuffer(base64.b64decode(part), "<f4") for part in parts]
        return np.stack(arrays).reshape(targets, height, width, 4)


@contextmanager
def launched(executable: str) -> Iterator[Any]:
    """Chromium itself for as long as the block lasts."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        if os.environ.get("CPPNART_REQUIRE_BROWSER", "0") not in ("", "0"):
            pytest.fail("playwright is not installed (pip install playwright)")
        pytest.skip("playwright is not installed (pip install playwright)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(executable: str) -> Iterator[Browser]:
    """A browser with an open page for as long as the block lasts."""
    with launched(executable) as browser:
        yield Browser(browser.new_page())


def _base64(array: NDArray[np.float32]) -> str:
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()


def _around(program: Program, function: str, texels: int) -> str:
    """A shader that calls the function at the points of a texture."""
    numbers = [f"T{i // 4}.{'xyzw'[i % 4]}" for i in range(program.input_size)]
    arguments = []
    at = 0
    for _, width in program.inputs:
        own = ", ".join(numbers[at : at + width])
        arguments.append(f"float[{width}]({own})" if width > 1 else own)
        at += width
    outputs = len(program.outputs)
    targets = -(-outputs // 4)
    results = [f"C{i}" for i in range(4 * targets)]
    lines = [
        "#version 300 es",
        "precision highp float; precision highp int; precision highp sampler2D;",
        "uniform highp sampler2D Points;",
        *(f"layout(location = {i}) out vec4 Out{i};" for i in range(targets)),
        function,
        "void main() {",
        "  ivec2 At = ivec2(gl_FragCoord.xy);",
        *(
            f"  vec4 T{i} = texelFetch(Points, ivec2(At.x, At.y * {texels} + {i}), 0);"
            for i in range(texels)
        ),
        *(f"  float {name} = 0.0;" for name in results),
        f"  field({', '.join(arguments + results[:outputs])});",
        *(f"  Out{i} = vec4({', '.join(results[4 * i : 4 * i + 4])});" for i in range(targets)),
        "}",
    ]
    return "\n".join(lines)
