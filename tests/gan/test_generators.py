"""Generators as fields: their samples as programs, their frequencies, their slopes."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cppnart.fields.coordinates import View
from cppnart.gan.generators import GENERATORS, build_generator

from .fields import SMALL, colours_of, latents, raster, small

POINTS = raster(6, 4)


# --- Fields ---


@pytest.mark.parametrize("spec", SMALL, ids=str)
def test_a_value_depends_on_its_point_alone(spec):
    g = small(spec)
    z = latents(2, 5)
    with torch.no_grad():
        whole = g(z, raster(24, 16))
        part = g(z, raster(24, 16)[:, 3:9, 10:20])
        points = g(z, raster(24, 16).reshape(1, -1, 2)[:, [0, 200, 383]])
        turned = g(z, raster(24, 16).transpose(1, 2))
        both = torch.cat([raster(24, 16)[:, :8], raster(24, 16)[:, 8:]])
        each = g(z, both)
    np.testing.assert_allclose(part, whole[:, 3:9, 10:20], atol=2e-5)
    np.testing.assert_allclose(points, whole.reshape(2, -1, 3)[:, [0, 200, 383]], atol=2e-5)
    np.testing.assert_allclose(turned, whole.transpose(1, 2), atol=2e-5)
    np.testing.assert_allclose(each[0], whole[0, :8], atol=2e-5)
    np.testing.assert_allclose(each[1], whole[1, 8:], atol=2e-5)


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_generator_is_rebuilt_from_its_specification(kind):
    g = build_generator({"kind": kind, "latent": 6, "channels": 4, "resolution": 16}, seed=5)
    other = build_generator(g.spec, seed=5)
    assert other.spec == g.spec
    assert g.spec["channels"] == 4
    z = latents(1, 6)
    assert torch.equal(g(z, POINTS), other(z, POINTS))
    assert not torch.equal(g(z, POINTS), build_generator(g.spec, seed=6)(z, POINTS))
    state = torch.random.get_rng_state()
    build_generator(g.spec)
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("kind", GENERATORS)
def test_untrained_samples_are_pictures_neither_grey_nor_glaring_nor_all_alike(kind):
    g = build_generator({"kind": kind})
    with torch.no_grad():
        values = g(latents(12, g.spec["latent"]), raster(32, 32))
    contrast = values.std((1, 2)).mean(1)
    assert contrast.median() > 0.12
    assert (values.abs() > 0.98).float().mean() < 0.4
    assert values.mean().abs() < 0.35
    assert values.mean((1, 2)).std(0).min() > 0.1
    # smooth: neighbours differ by little of the contrast
    step = (values[:, 1:] - values[:, :-1]).abs().mean()
    assert step < 0.25 * values.std()


@pytest.mark.parametrize("kind", GENERATORS)
def test_labels_change_samples_and_are_asked_for(kind):
    g = build_generator({"kind": kind, "latent": 6, "classes": 4, "resolution": 16})
    z = latents(1, 6).expand(2, -1)
    values = g(z, POINTS, torch.tensor([0, 3]))
    assert (values[0] - values[1]).abs().max() > 0.01
    assert torch.equal(values[1], g(z, POINTS, torch.tensor([3, 3]))[0])
    with pytest.raises(ValueError, match="takes 2 of them"):
        g(z, POINTS)
    with pytest.raises(ValueError, match="label 4: expected from 0 to 3"):
        g.program(z[0], 4)
    with pytest.raises(ValueError, match="takes none"):
        build_generator({"kind": kind, "latent": 6})(z, POINTS, torch.tensor([0, 3]))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "dcgan"}, "generator 'dcgan': expected one of cppn2016, fmm, poly"),
        ({}, "generator None"),
        ({"kind": "fmm", "depth": 3}, "unknown option 'depth': expected among kind, latent"),
        ({"kind": "fmm", "form": "gated"}, "form"),
        ({"kind": "fmm", "latent": "many"}, "latent"),
        ({"kind": "poly", "channels": 5}, "channels 5: expected a number from 1 to 4"),
        ({"kind": "fmm", "levels": 9}, "levels 9"),
        ({"kind": "cppn2016", "scale": -1.0}, "scale -1"),
    ],
)
def test_bad_specifications_are_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        build_generator(spec)


def test_bad_shapes_are_refused():
    g = small(SMALL[3])
    z = latents(2, 5)
    with pytest.raises(ValueError, match=r"latents of shape \(2, 4\)"):
        g(z[:, :4], POINTS)
    with pytest.raises(ValueError, match="coordinates of shape"):
        g(z, POINTS.expand(3, -1, -1, -1))
    with pytest.raises(ValueError, match="spacing 0"):
        g(z, POINTS, spacing=0)
    with pytest.raises(ValueError, match="a latent of 4 numbers: expected 5"):
        g.program(z[0, :4])
    with pytest.raises(ValueError, match="left < right"):
        g.program(z[0], region=(1, -1, -1, 1))
    with pytest.raises(ValueError, match="coordinates that span"):
        g(z, 1e6 * POINTS)
    with pytest.raises(ValueError, match="coordinates that span"):
        g(z, POINTS * float("nan"))


# --- Programs ---


@given(st.data())
@settings(max_examples=40)
def test_a_sample_folds_into_a_program_exactly(data):
    spec = data.draw(st.sampled_from(SMALL))
    classes = data.draw(st.sampled_from([0, 3]))
    channels = data.draw(st.integers(1, 4))
    g = small(spec, classes=classes, channels=channels).eval()
    z = latents(1, 5, data.draw(st.integers(0, 99)))
    label = data.draw(st.integers(0, 2)) if classes else None
    labels = None if label is None else torch.tensor([label])
    spacing = data.draw(st.sampled_from([None, 0.05, 0.4]))
    width, height = data.draw(st.integers(4, 24)), data.draw(st.integers(4, 24))
    view = View(
        (data.draw(st.floats(-1, 1)), data.draw(st.floats(-1, 1))),
        data.draw(st.floats(0.4, 20)),
        data.draw(st.sampled_from([0, 90, 33])),
    )
    points = raster(width, height, view)
    low, high = points.reshape(-1, 2).amin(0).tolist(), points.reshape(-1, 2).amax(0).tolist()
    program = g.program(z[0], label, spacing, (*low, *high))
    assert program.output_names == ("red", "green", "blue", "alpha")[: 3 + (channels % 2 == 0)]
    with torch.no_grad():
        values = (g(z, points, labels, spacing=spacing)[0].reshape(-1, channels) + 1) / 2
    order = {1: [0, 0, 0], 2: [0, 0, 0, 1], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]
    for dtype in (np.float32, np.float64):
        np.testing.assert_allclose(colours_of(program, points, dtype), values[:, order], atol=1e-4)


@pytest.mark.parametrize("kind", GENERATORS)
def test_the_usual_generators_fold_too_and_render(kind, tmp_path):
    import cppnart
    from cppnart.fields import files

    g = build_generator({"kind": kind, "channels": 4}).eval()
    z = latents(1, g.spec["latent"])
    program = g.program(z[0])
    points = raster(48, 27)
    with torch.no_grad():
        values = (g(z, points)[0].reshape(-1, 4) + 1) / 2
    np.testing.assert_allclose(colours_of(program, points), values, atol=1e-4)
    files.save(tmp_path / "sample.safetensors", program)
    picture = cppnart.render(
        tmp_path / "sample.safetensors", size="48x27", samples=1, exact=True, transparent=True
    )
    got = np.asarray(getattr(picture, "pixels", picture), float).reshape(-1, 4) / 255
    # what is transparent has no colour
    seen = values.numpy() * values[:, 3:].numpy()
    np.testing.assert_allclose(got * got[:, 3:], seen, atol=3 / 255)


def test_outside_its_region_a_table_has_its_border_and_pointwise_generators_go_on():
    spec = SMALL[3]
    points = raster(8, 8, View(zoom=0.4))
    z = latents(1, 5)
    inside = (points.abs() <= 1).all(-1).reshape(-1)
    for multiscale, exact in ((True, False), (False, True)):
        g = small(spec, multiscale=multiscale).eval()
        got = colours_of(g.program(z[0], region=(-1, -1, 1, 1)), points)
        with torch.no_grad():
            values = (g(z, points)[0].reshape(-1, 3) + 1) / 2
        np.testing.assert_allclose(got[inside], values[inside], atol=1e-4)
        assert (np.abs(got[~inside] - values[~inside].numpy()).max() < 1e-4) == exact


# --- Frequencies ---


def test_features_beyond_what_samples_show_fade_by_stylegan3s_rule():
    from cppnart.gan.generators import fourier

    lengths = np.array([0.5, 1.0, 1.5, 2.0, 3.0])
    frequency = torch.tensor(np.stack([0.6 * lengths, 0.8 * lengths], 1))
    left = fourier.fade(frequency, torch.tensor([0.25, 0.125], dtype=torch.float64))
    for row, spacing in zip(left.numpy(), (0.25, 0.125), strict=True):
        rate = 1 / spacing
        band = 0.75 * rate / 2
        expected = np.clip(1 - (lengths - band) / (rate / 2 - band), 0, 1)
        np.testing.assert_allclose(row, np.tile(expected, 2), atol=1e-12)


def test_in_training_nothing_fades():
    for resolution in (16, 28, 64):
        g = build_generator({"kind": "fmm", "latent": 4, "resolution": resolution})
        z = latents(1, 4)
        points = raster(resolution, resolution)
        with torch.no_grad():
            faded = g(z, points, spacing=2 / resolution)
            assert torch.allclose(faded, g(z, points), atol=1e-6)


def shrunk(pictures: torch.Tensor, size: int) -> np.ndarray:
    """Pictures (B, H, W, C) brought to a smaller size by Lanczos' filter."""
    channels = pictures.movedim(-1, 1).flatten(0, 1).numpy()
    small_ones = [
        np.asarray(Image.fromarray(c).resize((size, size), Image.Resampling.LANCZOS))
        for c in channels
    ]
    return np.stack(small_ones).reshape(len(pictures), -1, size, size).transpose(0, 2, 3, 1)


def alias(g: Any, size: int, fading: bool) -> float:
    """How far pictures drawn small are from large ones brought to their size."""
    z = latents(6, g.spec["latent"])
    with torch.no_grad():
        drawn = g(z, raster(size, size), spacing=2 / size if fading else None).numpy()
        large = g(z, raster(128, 128))
    return float(np.sqrt(np.mean((drawn - shrunk(large, size)) ** 2)))


def with_details(**more: Any) -> Any:
    """A generator in which high frequencies are as strong as low ones, as one may learn."""
    g = build_generator({"kind": "fmm", "resolution": 64, "latent": 8, "width": 32, **more}, seed=1)
    with torch.no_grad():
        for level, part in zip(g.levels, g.shown, strict=True):
            lengths = g.frequencies[part].norm(dim=1)
            level.first.weight[:, level.sources :] *= (2 * lengths).clamp(min=1).repeat(2)
    return g


@pytest.mark.parametrize("multiscale", [True, False])
def test_a_small_rendering_is_nearer_to_a_large_one_seen_small(multiscale):
    g = with_details(multiscale=multiscale)
    assert alias(g, 8, True) < 0.85 * alias(g, 8, False)


def test_a_small_rendering_is_a_large_one_seen_small_where_waves_only_add_up():
    g = with_details(levels=1, layers=1)
    with torch.no_grad():
        g.levels[0].first.bias += 100  # beyond the bend of the rectifiers
        g.levels[0].colour.weight *= 0.1  # before that of tanh
        g.levels[0].colour.weight -= g.levels[0].colour.weight.mean(1, keepdim=True)
        for layer in (g.levels[0].first, g.levels[0].colour):
            layer.factors.weight.zero_()
    assert alias(g, 10, True) < 0.25 * alias(g, 10, False)


def test_each_sample_may_have_a_spacing_of_its_own():
    g = build_generator({"kind": "fmm", "latent": 4, "resolution": 32})
    z = latents(1, 4).expand(2, -1)
    both = g(z, POINTS, spacing=torch.tensor([0.5, 0.01]))
    assert torch.allclose(both[0], g(z[:1], POINTS, spacing=0.5)[0], atol=1e-5)
    assert torch.allclose(both[1], g(z[:1], POINTS, spacing=0.01)[0], atol=1e-5)
    assert (both[0] - both[1]).abs().max() > 1e-3


# --- Slopes ---


@pytest.mark.parametrize("spec", SMALL, ids=str)
@pytest.mark.parametrize("scattered", [False, True])
def test_generators_are_differentiable_twice(spec, scattered):
    g = small(spec).double()
    points = 0.7 * raster(2, 3).double() + 0.03
    if scattered:
        points = points.reshape(1, -1, 2)[:, [5, 0, 3]]
    z = latents(2, 5).double().requires_grad_(True)
    last = [p for n, p in g.named_parameters() if n.endswith("weight")][-1]

    def loss(z: torch.Tensor) -> torch.Tensor:
        return g(z, points).square().sum((1, 2)).sum()

    assert torch.autograd.gradcheck(loss, (z,), atol=1e-5)
    assert torch.autograd.gradgradcheck(loss, (z,), atol=1e-5)
    (slope,) = torch.autograd.grad(loss(z), z, create_graph=True)
    slope.square().sum().backward()
    assert last.grad is not None
    assert last.grad.abs().max() > 0
