"""What particular styles promise, and what all of them are."""

import math

import numpy as np
import pytest

from cppnart.cppn import styles
from cppnart.cppn.generate import generate
from cppnart.fields.numpy_backend import evaluate

RNG = np.random.default_rng(8)
X, Y = RNG.uniform(-1, 1, (2, 3000))


def at(program, x, y):
    inputs = {"x": x, "y": y, **({"t": 0.25} if "t" in program.input_names else {})}
    return evaluate(program, inputs)


def test_there_are_many_styles_each_with_a_line_about_it():
    assert len(styles.names()) >= 18
    for name in styles.names():
        style = styles.get(name)
        assert style.name == name
        assert 10 < len(style.description) < 100
        assert style.description.endswith(".")
        assert style.latent >= 1


@pytest.mark.parametrize("seed", range(3))
def test_tiles_repeat_without_a_seam(seed):
    program = generate(seed, "tile").program
    here = at(program, X, Y)
    for dx, dy in ((2, 0), (0, 2), (-2, 4)):
        assert np.abs(at(program, X + dx, Y + dy) - here).max() < 1e-4
    edge = np.linspace(-1, 1, 200)
    ones = np.ones(200)
    assert np.abs(at(program, -ones, edge) - at(program, ones, edge)).max() < 1e-4
    assert np.abs(at(program, edge, -ones) - at(program, edge, ones)).max() < 1e-4


def test_tiles_are_not_small_tiles_repeated():
    program = generate(1, "tile").program
    assert np.abs(at(program, X + 1, Y) - at(program, X, Y)).mean() > 0.05


@pytest.mark.parametrize("style", ["kaleidoscope", "emblem"])
@pytest.mark.parametrize("n", [3, 5, 8, 12])
def test_a_kaleidoscope_is_the_same_turned_and_mirrored(style, n):
    program = generate(2, style, symmetry=n).program
    here = at(program, X, Y)
    assert np.abs(at(program, X, -Y) - here).max() < 1e-3
    for k in (1, n - 1):
        c, s = math.cos(2 * math.pi * k / n), math.sin(2 * math.pi * k / n)
        difference = np.abs(at(program, c * X - s * Y, s * X + c * Y) - here)
        assert np.quantile(difference, 0.999) < 1e-3
        assert difference.mean() < 1e-4


@pytest.mark.parametrize("style", ["totem", "deco"])
def test_mirrored_styles_are_the_same_on_both_sides(style):
    program = generate(3, style).program
    assert np.abs(at(program, -X, Y) - at(program, X, Y)).max() < 1e-3


def test_an_emblem_covers_its_middle_and_leaves_the_corners():
    program = generate(4, "emblem").program
    alpha = program.output_names.index("alpha")
    assert at(program, np.zeros(1), np.zeros(1))[0, alpha] > 0.999
    corners = np.array([-1.0, -1.0, 1.0, 1.0]), np.array([-1.0, 1.0, -1.0, 1.0])
    assert at(program, *corners)[:, alpha].max() < 1e-3


def test_more_octaves_only_add_finer_detail():
    """A print twice as large shows what one octave more would add."""
    step = 2e-3

    def bent(seed, depth):
        """How much the value bends within a small step, on average."""
        program = generate(seed, "canyon", depth=depth).program
        left, here, right = (at(program, X + dx, Y)[:, 0] for dx in (-step, 0, step))
        return np.abs(left - 2 * here + right).mean()

    assert sum(bent(seed, 7) for seed in range(4)) > 1.5 * sum(bent(seed, 3) for seed in range(4))


def test_the_eclipse_has_a_dark_disc():
    program = generate(6, "eclipse").program
    value = at(program, X, Y)[:, 0]
    radius = np.hypot(X, Y)
    assert np.median(value[radius < 0.15]) < 0.15
    assert value.max() > 0.7


def test_colours_and_finishes_that_styles_prefer_exist():
    from cppnart.render.colouring import MODES
    from cppnart.render.finishes import parse_finish
    from cppnart.render.palettes import PALETTES

    for name in styles.names():
        style = styles.get(name)
        assert style.color in MODES
        assert parse_finish(style.finish)
        assert set(style.palettes) <= set(PALETTES)
