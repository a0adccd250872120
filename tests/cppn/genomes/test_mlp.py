"""Networks of styles as parents: their order stays, their chance changes."""

import dataclasses

import numpy as np
import pytest

from cppnart.cppn.generate import generate
from cppnart.cppn.genomes import mlp
from cppnart.cppn.seeds import Stream
from cppnart.fields import numpy_backend
from cppnart.fields.alike import alike
from cppnart.fields.program import Builder

STYLES = ("kaleidoscope", "tile", "horizon", "classic", "neat")


def value(program, x, y, z):
    inputs = {"x": x, "y": y, "z": z}
    if "t" in program.input_names:
        inputs["t"] = 0.0
    names = list(program.output_names)
    return numpy_backend.evaluate(program, inputs)[:, names.index("value")]


@pytest.mark.parametrize("style", STYLES)
def test_a_mutant_differs_in_numbers_alone_and_follows_its_seed(style):
    parent = mlp.numbers_of(generate(3, style))
    child = mlp.mutated(parent, Stream("a"))
    assert alike([parent.program, child.program])
    assert not np.array_equal(parent.latent, child.latent)
    again = mlp.mutated(parent, Stream("a"))
    for one, other in zip(child.program.operations, again.program.operations, strict=True):
        if hasattr(one, "weight"):
            np.testing.assert_array_equal(one.weight, other.weight)
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 300))
    before = value(parent.program, x, y, parent.latent)
    assert np.abs(value(child.program, x, y, child.latent) - before).max() > 1e-3


def test_a_kaleidoscope_stays_one():
    drawn = generate(3, "kaleidoscope", symmetry=6)
    child = mlp.mutated(mlp.numbers_of(drawn), Stream("a"), strength=1.0)
    r, angle = np.random.default_rng(2).uniform(0.1, 1, (2, 200))
    turned = [angle + k * np.pi / 3 for k in range(6)]
    spokes = [value(child.program, r * np.cos(a), r * np.sin(a), child.latent) for a in turned]
    assert np.ptp(spokes, axis=0).max() < 1e-3
    mirrored = value(child.program, r * np.cos(-angle), r * np.sin(-angle), child.latent)
    assert np.abs(mirrored - spokes[0]).max() < 1e-3


def test_a_tile_goes_on_meeting_itself_at_its_edges():
    child = mlp.mutated(mlp.numbers_of(generate(5, "tile")), Stream("b"), strength=1.0)
    x, y = np.random.default_rng(2).uniform(-1, 1, (2, 200))
    for shift in ((2.0, 0.0), (0.0, 2.0)):
        there = value(child.program, x + shift[0], y + shift[1], child.latent)
        assert np.abs(there - value(child.program, x, y, child.latent)).max() < 1e-3


def test_no_strength_changes_nothing_and_more_changes_more():
    parent = mlp.numbers_of(generate(3, "sine"))
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 200))
    before = value(parent.program, x, y, parent.latent)

    def change(strength):
        child = mlp.mutated(parent, Stream("a"), strength=strength)
        return np.abs(value(child.program, x, y, child.latent) - before).mean()

    assert change(0.0) == 0
    assert change(0.02) < change(0.5)


def test_a_child_of_two_has_each_unit_of_one_of_them():
    first, second = (mlp.numbers_of(generate(seed, "classic")) for seed in (1, 2))
    child = mlp.crossed(first, second, Stream("a"))
    shares = []
    for one, other, own, free in zip(
        first.program.operations,
        second.program.operations,
        child.program.operations,
        first.free,
        strict=True,
    ):
        if free is None:
            continue
        from_first = (own.weight == one.weight).all(1)
        from_second = (np.where(free[0], own.weight == other.weight, True)).all(1)
        assert (from_first | from_second).all()
        shares.append(from_second & ~from_first)
    assert 0.35 < np.concatenate(shares).mean() < 0.65
    assert all(
        z in (a, b) for z, a, b in zip(child.latent, first.latent, second.latent, strict=True)
    )


def test_networks_of_different_structure_do_not_cross():
    first, second = (mlp.numbers_of(generate(1, style)) for style in ("classic", "sine"))
    with pytest.raises(ValueError, match="different structure"):
        mlp.crossed(first, second, Stream("a"))


def test_a_field_from_a_file_changes_what_somebody_chose():
    b = Builder(x=1, y=1)
    hidden = b.affine([b["x"], b["y"]], [[1, 0], [0.3, -0.7]], [0, 0.2], "sin")
    field = b.build(value=b.affine(hidden, [[1.4, -0.6]]))
    parent = mlp.numbers_of_field(field)
    children = [mlp.mutated(parent, Stream(n), strength=1.0).program for n in range(8)]
    assert all(child.operations[0].weight[0].tolist() == [1, 0] for child in children)
    assert len({tuple(child.operations[0].weight[1]) for child in children}) > 2
    assert len({tuple(child.operations[1].weight[0]) for child in children}) > 2


# --- How generate takes them ---


def test_bred_weights_stand_in_for_those_that_the_seed_draws():
    drawn = generate(3, "sine")
    child = mlp.mutated(mlp.numbers_of(drawn), Stream("a"))
    made = generate(3, "sine", latent=child.latent, weights=child.program)
    assert made.raw is child.program
    assert made.program.output_names == drawn.program.output_names
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 4000))
    low, high = np.percentile(value(made.open_program, x, y, made.latent), [3, 97])
    assert low < 0.2
    assert high > 0.8


def test_weights_of_another_kind_are_refused():
    program = generate(3, "sine").raw
    with pytest.raises(ValueError, match="as style 'emblem' has them"):
        generate(3, "emblem", weights=program)
    huge = dataclasses.replace(
        program,
        operations=tuple(
            dataclasses.replace(o, weight=o.weight * 0 + np.float32(3e38))
            if hasattr(o, "weight")
            else o
            for o in program.operations[:-1]
        )
        + program.operations[-1:],
    )
    with pytest.raises(ValueError, match="not finite"), np.errstate(all="ignore"):
        generate(3, "sine", weights=huge)
