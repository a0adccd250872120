"""What the frames of films show: compared with pictures rendered on their own."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from cppnart.fields import numpy_backend
from cppnart.render.api import render
from cppnart.render.colour import srgb_decode
from cppnart.render.motion.film_recipe import FilmRecipe, new_film_recipe
from cppnart.render.motion.moving import MIX, Moving, fade
from cppnart.render.motion.sound import Drive
from cppnart.render.motion.timeline import Timeline
from cppnart.render.prepare import prepare
from cppnart.render.recipe import Recipe
from cppnart.render.renderer import render_frames

SIZE = "64x40"


def key(source: str | int | Recipe, **look) -> Recipe:
    look = {"size": SIZE, "dither": False, **look}
    return prepare(source, **look).recipe


def film(*keys: Recipe, frames: int = 12, **parameters) -> FilmRecipe:
    usual = {"path": "spline", "ease": "linear", "loop": True, "fps": 30.0}
    return new_film_recipe(list(keys), frames=frames, **{**usual, **parameters})


def frames_of(recipe: FilmRecipe, *numbers: int, exact: bool = False) -> list[np.ndarray]:
    timeline = Timeline(recipe)
    settings = timeline.settings(threads=2)
    settings.exact = exact
    return list(render_frames((timeline.shot(n) for n in numbers), settings))


def differ(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


@pytest.mark.parametrize("style", ["marble", "atlas", "classic", "tile"])
def test_the_first_frame_is_the_picture_itself(style):
    (frame,) = frames_of(film(key(42, style=style), turns=1), 0)
    assert differ(frame, render(42, style=style, size=SIZE, dither=False)) <= 1


def test_time_goes_round_once_and_the_loop_closes():
    still = key(42, style="ripples")
    loop = film(still, turns=1, frames=10)
    first, third, last = frames_of(loop, 0, 3, 10)
    np.testing.assert_array_equal(first, last)
    # a film measures the slopes that light depends on once, at its beginning
    assert differ(third, render(still, time=0.3)) <= 4
    assert differ(first, third) > 20


def test_a_walk_through_latents_passes_them_and_leaves_the_network_as_it_is():
    first = key(7, style="agate")
    second = msgspec.structs.replace(first, latent=[0.5, -1, 0.3, 1.2, 0, 0.8, -0.4, 1])
    walk = film(first, second, path="sphere", frames=8)
    a, b, back = frames_of(walk, 0, 4, 8)
    assert differ(a, render(first)) <= 1
    assert differ(b, render(second)) <= 1
    np.testing.assert_array_equal(a, back)


@pytest.mark.parametrize("path", ["spline", "sphere", "line", "fade"])
def test_a_walk_between_seeds_passes_their_pictures(path):
    keys = [key(seed, style="atlas") for seed in (1, 2, 3)]
    shown = frames_of(film(*keys, path=path, frames=9), 0, 3, 6)
    for frame, own in zip(shown, keys, strict=True):
        assert differ(frame, render(own)) <= 2


def test_networks_with_other_activations_morph_too():
    keys = [key(5, style="fourier", activation=name, width=8, depth=2) for name in ("tanh", "sin")]
    shown = frames_of(film(*keys, frames=20, ease="linear", loop=False), 0, 1, 10, 18, 19)
    assert differ(shown[0], render(keys[0])) <= 2
    assert differ(shown[-1], render(keys[1])) <= 2
    steps = [np.abs(a.astype(float) - b).mean() for a, b in pairwise(shown)]
    assert steps[0] < steps[1]
    assert steps[3] < steps[2]
    crossfade = (srgb_decode(shown[0] / 255) + srgb_decode(shown[-1] / 255)) / 2
    assert np.abs(srgb_decode(shown[2] / 255) - crossfade).mean() > 0.01  # not just a mixture


def test_pictures_of_different_structure_cross_fade_in_linear_light():
    a, b = key(1, style="deco", samples=1), key(2, style="agate", samples=1)
    first, middle, last = frames_of(
        film(a, b, path="spline", frames=5, loop=False), 0, 2, 4, exact=True
    )
    light = (srgb_decode(first / 255.0) + srgb_decode(last / 255.0)) / 2
    assert np.abs(srgb_decode(middle / 255.0) - light).max() < 0.012
    assert differ(first, render(a, exact=True)) <= 1
    assert differ(last, render(b, exact=True)) <= 1


def test_a_faded_picture_is_the_mixture_of_its_parts_as_programs():
    pictures = [prepare(s, style=t).picture for s, t in ((1, "deco"), (2, "emblem"))]
    points = np.random.default_rng(0).uniform(-1, 1, (2, 50))
    inputs = {"x": points[0], "y": points[1], "pixel": 0.01}
    own = [numpy_backend.evaluate(p.program(), inputs, np.float64) for p in pictures]
    both = Moving(fade(*pictures))
    for mix in (0.0, 0.25, 1.0):
        at = both.at({MIX: mix}).program()
        found = numpy_backend.evaluate(at, inputs, np.float64)
        np.testing.assert_allclose(found, own[0] + mix * (own[1] - own[0]), atol=1e-5)


def test_breathing_stays_near_the_picture_and_comes_back():
    still = key(42, style="classic")
    first, half, last = frames_of(film(still, breathe=0.4, frames=16), 0, 8, 16)
    assert differ(first, render(still)) <= 1
    np.testing.assert_array_equal(first, last)
    assert 0.5 < np.abs(first.astype(float) - half).mean() < 60


def test_the_camera_shows_the_view_that_a_picture_shows():
    still = key(42)
    walk = film(still, zoom=(1.0, 9.0), rotate=(0.0, 30.0), loop=False, frames=3)
    middle, end = frames_of(walk, 1, 2)
    assert differ(middle, render(still, zoom=3.0, rotate=15.0)) <= 1
    assert differ(end, render(still, zoom=9.0, rotate=30.0)) <= 1


def test_sound_moves_the_palette_and_the_zoom():
    loud = np.array([0.0, 0.0, 1.0, 0.0])
    quiet = np.zeros(4)
    drive = Drive(bass=loud, mid=quiet, treble=quiet, onset=loud, seconds=4 / 30).to_text()
    still = key(42, style="classic", palette="ember", color="palette")
    walk = film(still, frames=4, drive=drive, breathe=0.1)
    shots = [Timeline(walk).shot(n) for n in range(4)]
    zooms = [view.zoom for _, view in shots]
    assert zooms[0] == 1 == min(zooms)
    assert zooms[2] == max(zooms) > 1.02


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"frames": 0}, "0 frames: expected 1 to"),
        ({"path": "zigzag"}, "path 'zigzag': expected spline, sphere, line, fade"),
        ({"ease": "bounce"}, "ease 'bounce': expected linear, smooth, ends"),
        ({"turns": 0.5}, "turns 0.5: expected a whole number"),
        ({"turns": float("nan")}, "turns nan"),
        ({"breathe": -1.0}, "breathe -1"),
        ({"drive": "1 1 nothing"}, "does not describe a sound"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        Timeline(film(key(42, style="classic"), **parameters))


def test_frames_are_the_same_without_the_kernel():
    timeline = Timeline(film(key(42, style="classic", samples=1), breathe=0.4))
    shots = [timeline.shot(n) for n in (0, 5)]
    kernel = render_frames(shots, timeline.settings())
    torch = render_frames(shots, timeline.settings(device="cpu:0"))
    for a, b in zip(kernel, torch, strict=True):
        assert differ(a, b) <= 1
