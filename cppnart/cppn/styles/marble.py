"""Marble: two rounds of domain warping."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Inigo Quilez, "Domain warping" (https://iquilezles.org/articles/warp/), with small networks
    in the place of noise: f(p + a h(p + b g(p))). The warp is strongest round one focal point and
    fades away from it, which leaves quiet areas beside the busy one."""
    c = Canvas(stream, o, time=True)
    point = c.turned(c.point, stream.number(0, 6.2832), stream.number(1.0, 1.9))
    focus = stream.uniform(-0.5, 0.5, 2) * o.scale
    near = c.bell(c.moved(c.point, -focus), o.scale * stream.number(0.7, 1.1))

    first = c.net(point, 4, gain=1.5, time=0.25)
    strength = c.b.affine(near, [[stream.number(0.5, 1.1)]], 0.35)
    once = c.moved(point, c.b.product(first[:2], strength))
    second = c.net([once, first[2:]], 4, gain=1.5, latent=0.3)
    twice = c.moved(once, c.b.product(second[:2], strength), 1.1)
    last = c.net([twice, second[2:]], 2, gain=1.4, latent=0.3)
    value = c.b.affine([last[:1], second[2:3], near], [[1.0, 0.45, 0.4]])
    shade = c.b.affine([second[:2], first[2:3]], [[0.6, 0.4, 0.5]])
    return c.finish(value, shade, last[1:])


STYLE = Style(
    "marble",
    "Liquid stone: two rounds of domain warping round a focal point.",
    draw,
    scale=1.5,
    depth=2,
    width=16,
    activation="sin",
    time=True,
    finish="relief",
)
