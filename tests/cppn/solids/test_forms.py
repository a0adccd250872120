"""Random solids and solid textures: the same ones everywhere, whole, and not next to nothing."""

import numpy as np
import pytest

from cppnart.cppn.seeds import Stream
from cppnart.cppn.solids.forms import FORMS
from cppnart.cppn.solids.generate import file_name, generate_solid
from cppnart.cppn.solids.space import Space, rotation
from cppnart.cppn.solids.textures import TEXTURES, generate_texture
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.program import Affine


def numbers(program) -> np.ndarray:
    parts = [
        np.concatenate([o.weight.ravel(), o.bias])
        for o in program.operations
        if isinstance(o, Affine)
    ]
    return np.concatenate(parts)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_a_solid_of_one_piece_within_the_box(form):
    drawn = generate_solid(3, form)
    side = np.linspace(-1, 1, 48)
    x, y, z = (axis.ravel() for axis in np.meshgrid(side, side, side, indexing="ij"))
    found = dict(
        zip(
            drawn.program.output_names,
            evaluate(drawn.program, {"x": x, "y": y, "z": z}).T,
            strict=True,
        )
    )
    inside = found["occupancy"] > 0
    assert 0.01 < inside.mean() < 0.55
    border = np.maximum(np.abs(x), np.maximum(np.abs(y), np.abs(z))) == 1
    assert inside[border].mean() < 0.01
    for name in ("value", "shade", "accent"):
        assert 0 <= found[name].min() < found[name].max() <= 1
    assert drawn.look in drawn.form.looks


@pytest.mark.parametrize("form", FORMS)
def test_a_seed_is_the_same_solid_every_time_and_another_seed_another(form):
    first, again, other = (numbers(generate_solid(s, form).program) for s in (5, "5", 6))
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_seeds_have_forms_of_all_kinds():
    found = {file_name(seed, None, "").split("-")[0] for seed in range(120)}
    assert found == set(FORMS)
    assert file_name("a quiet sea", "knot", ".stl") == "knot-a-quiet-sea.stl"


def test_unknown_forms_and_textures_are_refused_with_suggestions():
    with pytest.raises(ValueError, match=r"vesel.*vessel"):
        generate_solid(1, "vesel")
    with pytest.raises(ValueError, match=r"marbel.*marble"):
        generate_texture(1, "marbel")


@pytest.mark.parametrize("kind", TEXTURES)
def test_textures_use_the_whole_palette_within_the_box(kind):
    points = np.random.default_rng(0).uniform(-1, 1, (3, 4000))
    for seed in range(3):
        drawn = generate_texture(seed, kind)
        values = evaluate(drawn.program, dict(zip("xyz", points, strict=True)))
        assert values.min() >= 0
        assert values.max() <= 1
        assert np.ptp(np.percentile(values[:, 0], (5, 95))) > 0.3


def test_rotations_keep_lengths_and_hands():
    for seed in range(20):
        turn = rotation(Stream(seed))
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(turn) == pytest.approx(1)


def measured(space: Space, values, points: np.ndarray) -> np.ndarray:
    program = space.b.build(**{f"v{i}": value for i, value in enumerate(values)})
    return evaluate(program, dict(zip("xyz", points.T, strict=True)))


def test_pieces_of_forms_are_what_they_say():
    s = Space(Stream(0))
    at = np.random.default_rng(1).uniform(-1, 1, (500, 3))
    a, b = s.x, s.y
    np.testing.assert_allclose(measured(s, s.largest(a, b), at)[:, 0], at[:, :2].max(1), atol=1e-6)
    np.testing.assert_allclose(measured(s, s.smallest(a, b), at)[:, 0], at[:, :2].min(1), atol=1e-6)
    start, end = np.array([-0.5, 0, 0]), np.array([0.5, 0.4, 0])
    limb = measured(s, s.limb(s.point, start, end, 0.2, 0.1), at)[:, 0]
    share = np.clip((at - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
    far = np.linalg.norm(at - start - share[:, None] * (end - start), axis=1)
    np.testing.assert_allclose(limb, 0.2 - 0.1 * share - far, atol=2e-3)
    folded = measured(s, s.mirrored_in(s.point, np.array([1.0, -1, 0]), np.array([0.0, 0, 1])), at)
    assert (folded[:, 0] >= folded[:, 1] - 1e-6).all()
    assert (folded[:, 2] >= -1e-6).all()
    lengths = np.linalg.norm(folded, axis=1)
    np.testing.assert_allclose(lengths, np.linalg.norm(at, axis=1), atol=1e-6)
    angle = measured(s, s.half_angle(*(v[None] for v in s.direction(s.point[:2], 1e-4))), at)
    np.testing.assert_allclose(2 * angle[:, 0], np.arctan2(at[:, 1], at[:, 0]), atol=2e-3)
