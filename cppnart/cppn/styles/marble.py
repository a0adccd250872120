"""Marble: two rounds of domain warping, and veins that follow them."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Inigo Quilez, "Domain warping" (https://iquilezles.org/articles/warp/), with small networks
    in the place of noise: f(p + a h(p + b g(p))). The warp, and fine veins along the flow, are
    strongest round one focal point and fade away from it: quiet areas beside a busy one."""
    c = Canvas(stream, o, time=True)
    point = c.turned(c.point, stream.number(0, 6.2832), stream.number(1.0, 1.9))
    focus = stream.uniform(-0.5, 0.5, 2) * o.scale
    near = c.bell(c.away(c.point, focus), o.scale * stream.number(0.55, 0.9))

    first = c.net(point, 4, gain=1.35, time=0.25)
    strength = c.b.affine(near, [[stream.number(0.8, 1.4)]], 0.3)
    once = c.moved(point, c.b.product(first[:2], strength))
    second = c.net([once, first[2:]], 4, gain=1.35, latent=0.3)
    twice = c.moved(once, c.b.product(second[:2], strength), 1.1)
    last = c.net([twice, second[2:]], 3, gain=1.35, latent=0.3)

    flow = c.b.affine([last[:1], second[2:3], near], [[1.0, 0.45, 0.4]])
    broad = c.bands(flow, 8, 1.0, stream.number(2.0, 4.0), 1, sharpness=5.0)
    across = c.b.affine([flow, last[1:2]], [[1.0, stream.number(0.2, 0.8)]])
    veins = c.bands(across, 4, 5.0, stream.number(8.0, 11.0), 1, sharpness=2.6)
    patches = c.b.affine([near, second[3:]], [[9.0, 1.0]], -5.5, "sigmoid")
    value = c.b.combine(
        (0.7, broad),
        (stream.number(0.6, 1.0), flow),
        (stream.number(0.2, 0.45), c.b.product(veins, patches)),
    )
    shade = c.b.affine([second[:2], first[2:3]], [[0.6, 0.4, 0.5]])
    return c.finish(value, shade, last[2:])


STYLE = Style(
    "marble",
    "Liquid stone: twofold domain warping and fine veins round a focal point.",
    draw,
    scale=1.3,
    depth=2,
    width=24,
    activation=("sin", "tanh"),
    time=True,
    noise=0.15,
    edges=0.25,
    finish="relief",
)
