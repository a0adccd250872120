"""From a seed to a program: options, latents, tones, and what never changes."""

import json
import subprocess
import sys

import numpy as np
import pytest

from cppnart.cppn import generate as module
from cppnart.cppn import styles
from cppnart.cppn.generate import generate, seed_latent
from cppnart.cppn.style import Options, Style
from cppnart.fields.numpy_backend import evaluate

NAMES = styles.names()
SIDE = (np.arange(48) + 0.5) / 24 - 1
X, Y = (v.ravel() for v in np.meshgrid(SIDE, SIDE))


def outputs(program, x=X, y=Y, dtype=np.float64, **inputs):
    """The outputs by name, each (N,)."""
    if "t" in program.input_names:
        inputs.setdefault("t", 0.0)
    table = evaluate(program, {"x": x, "y": y, **inputs}, dtype)
    return dict(zip(program.output_names, table.T, strict=True))


def fingerprint(program):
    """All that a program is, in comparable form."""
    parts = [program.inputs, program.outputs]
    for operation in program.operations:
        for name, value in vars(operation).items():
            parts.append((name, value.tobytes() if isinstance(value, np.ndarray) else value))
    return parts


@pytest.mark.parametrize("style", NAMES)
def test_a_seed_gives_the_same_program_every_time(style):
    np.random.seed(0)  # noqa: NPY002 - the global generator has no say
    first = generate(7, style)
    np.random.seed(1)  # noqa: NPY002
    second = generate("7", style)
    assert fingerprint(first.program) == fingerprint(second.program)
    assert fingerprint(first.open_program) == fingerprint(second.open_program)
    assert first.traits == second.traits
    assert (first.latent == second.latent).all()


@pytest.mark.parametrize("style", NAMES)
def test_other_seeds_give_other_pictures(style):
    values = [outputs(generate(seed, style).program)["value"] for seed in range(4)]
    for i in range(4):
        for j in range(i):
            assert np.abs(values[i] - values[j]).mean() > 0.02


@pytest.mark.parametrize("style", NAMES)
def test_outputs_are_tones(style):
    for seed in (0, 42, "a tower of song", "0x9f3c"):
        drawn = generate(seed, style)
        expected = ("value", "shade", "accent", *(("alpha",) if drawn.style.alpha else ()))
        assert drawn.program.output_names == expected
        out = outputs(drawn.program)
        value = out["value"]
        assert np.percentile(value, 1) > -0.05
        assert np.percentile(value, 99) < 1.05
        assert value.std() > 0.08
        assert np.abs(out["shade"] - 0.5).max() < 1.5
        assert np.abs(out["accent"]).max() < 5
        if drawn.style.alpha:
            assert out["alpha"].min() >= 0
            assert out["alpha"].max() <= 1
            assert 0.2 < out["alpha"].mean() < 0.9


@pytest.mark.parametrize("style", NAMES)
def test_wide_frames_and_long_zooms_out_stay_finite(style):
    x, y = np.random.default_rng(3).uniform(-1, 1, (2, 2000))
    program = generate(3, style).program
    for far in (4.0, 60.0, 3000.0):
        table = outputs(program, far * x, far * y, np.float32)
        assert all(np.isfinite(column).all() for column in table.values())


@pytest.mark.parametrize("style", NAMES)
def test_single_precision_shows_the_same_picture(style):
    """No style subtracts large numbers from each other, at least not where people look."""
    x, y = np.random.default_rng(4).uniform(-1, 1, (2, 4000)).astype(np.float32)
    program = generate(8, style).program
    single = outputs(program, 2 * x, y, np.float32)
    double = outputs(program, 2 * x.astype(float), y.astype(float))
    for name, column in double.items():
        assert np.abs(np.clip(single[name], 0, 1) - np.clip(column, 0, 1)).max() < 1e-3


@pytest.mark.parametrize("style", NAMES)
def test_the_latent_moves_the_picture_smoothly(style):
    drawn = generate(11, style)
    z = drawn.latent.astype(float)
    folded = outputs(drawn.program)["value"]
    still = outputs(drawn.open_program, z=z)["value"]
    assert np.abs(folded - still).max() < 2e-3  # folding rounds the biases once more
    direction = np.random.default_rng(5).normal(size=len(z))
    direction /= np.linalg.norm(direction)
    steps = [
        np.abs(outputs(drawn.open_program, z=z + size * direction)["value"] - still).mean()
        for size in (0.0001, 0.001, 2.0)
    ]
    assert 0 < steps[0] < 0.01
    assert steps[0] < steps[1] < 0.06
    assert steps[2] > 0.01


def test_a_given_latent_is_used_and_nothing_else_changes():
    own = generate(5)
    z = seed_latent(6, own.style)
    other = generate(5, latent=z)
    assert fingerprint(own.open_program) == fingerprint(other.open_program)
    assert fingerprint(own.program) != fingerprint(other.program)
    assert (other.latent == z).all()
    assert other.latent.dtype == np.float32


@pytest.mark.parametrize("style", [n for n in NAMES if styles.get(n).time])
def test_time_has_period_one(style):
    drawn = generate(2, style)
    assert dict(drawn.program.inputs)["t"] == 1
    start, half, end = (outputs(drawn.program, t=t)["value"] for t in (0.0, 0.5, 1.0))
    assert np.abs(start - end).max() < 2e-3
    assert np.abs(start - half).mean() > 1e-3


def test_styles_without_time_or_alpha_have_no_such_input_or_output():
    for name in NAMES:
        style = styles.get(name)
        program = generate(1, name).program
        assert ("t" in program.input_names) == style.time
        assert ("alpha" in program.output_names) == style.alpha
        assert "z" not in program.input_names


# --- Options ---


@pytest.mark.parametrize("style", NAMES)
def test_every_option_that_a_style_has_changes_it(style):
    other = {"scale": 3.7, "depth": 2, "width": 24, "activation": "atan", "symmetry": 9}
    plain = generate(4, style)
    for option in plain.style.option_names:
        if other[option] == plain.options[option]:
            other[option] += 1
        changed = generate(4, style, **{option: other[option]})
        assert changed.options[option] == other[option]
        assert fingerprint(changed.program) != fingerprint(plain.program)
        assert {**changed.options, option: 0} == {**plain.options, option: 0}
        if option == "activation":
            used = {
                name for op in changed.program.operations for name in getattr(op, "activations", ())
            }
            assert "atan" in used


@pytest.mark.parametrize("style", NAMES)
def test_the_smallest_options_work(style):
    smallest = {"scale": 0.01, "depth": 1, "width": 1, "symmetry": 1, "activation": "identity"}
    own = styles.get(style).option_names
    for options in ({name: smallest[name]} for name in own):
        out = outputs(generate(1, style, **options).program)
        assert all(np.isfinite(column).all() for column in out.values())
    generate(1, style, **{name: smallest[name] for name in own})


@pytest.mark.parametrize("style", NAMES)
def test_options_that_a_style_lacks_are_refused_with_those_that_it_has(style):
    some = {"scale": 2.0, "depth": 2, "width": 8, "activation": "sin", "symmetry": 5}
    own = styles.get(style).option_names
    for option in set(some) - set(own):
        with pytest.raises(ValueError, match=f"has no option {option}: it has {', '.join(own)}"):
            generate(1, style, **{option: some[option]})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": "marbel"}, r"unknown style 'marbel' \(did you mean 'marble'\?\): expected marb"),
        ({"style": "?"}, "unknown style"),
        ({"seed": ""}, "expected an integer, a word, or a 0x hash"),
        ({"depth": 0}, "depth is 0: expected a whole number from 1 to 64"),
        ({"depth": 65}, "depth is 65"),
        ({"depth": 2.0}, "depth is 2.0"),
        ({"width": 100000}, "width is 100000: expected a whole number from 1 to 512"),
        ({"width": True}, "width is True"),
        ({"scale": 0}, "scale is 0: expected a number from 0.01 to 100"),
        ({"scale": float("nan")}, "scale is nan"),
        ({"scale": "2"}, "scale is '2'"),
        ({"activation": "sine"}, r"unknown activation 'sine' \(did you mean 'sin'\?\)"),
        ({"activation": "mixed"}, "unknown activation 'mixed'"),
        ({"latent": [1.0, 2.0]}, r"latent of shape \(2,\): style 'marble' takes 8 numbers"),
        ({"latent": 1.0}, r"latent of shape \(\)"),
        ({"latent": [float("inf")] * 8}, "expected finite numbers within 1000 of zero"),
        ({"latent": "zero"}, "latent: expected a list of numbers"),
        ({"style": "kaleidoscope", "symmetry": 0}, "symmetry is 0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        generate(**{"seed": 1, **options})
    assert "\n" not in str(caught.value)


def test_styles_are_found_in_any_case_and_the_default_without_a_name():
    assert styles.get(" Marble ").name == "marble"
    assert styles.get().name == styles.DEFAULT == NAMES[0]


def test_mixed_is_an_activation_where_the_style_mixes():
    assert generate(1, "sine", activation="tanh").options["activation"] == "tanh"
    assert generate(1, "totem").options["activation"] == "mixed"


def test_options_with_several_defaults_are_the_seeds_choice():
    picked = {generate(seed, "kaleidoscope").options["symmetry"] for seed in range(12)}
    assert len(picked) > 2


# --- Tones and the rule against dullness ---


def constant(stream, options):
    from cppnart.cppn.networks import Canvas

    c = Canvas(stream, options)
    return c.finish(c.b.constant(3.0), c.b.constant(0.0), c.sway(1, 0.1))


def test_a_style_that_can_only_be_dull_still_gives_its_least_dull_draw(monkeypatch):
    monkeypatch.setattr(styles, "get", lambda name: Style("grey", "Nothing.", constant))
    out = outputs(generate(1, "grey").program)
    assert np.isfinite(out["value"]).all()


def test_dull_draws_are_passed_over(monkeypatch):
    """Every other attempt of this style is flat."""
    tried = []

    def draw(stream, options):
        tried.append(stream.path[-1])
        flat = int(stream.path[-1]) < 3
        return (constant if flat else styles_get("sine").draw)(stream, Options(1.0, 3, 16, "sin"))

    styles_get = styles.get
    monkeypatch.setattr(styles, "get", lambda name: Style("half", "Half.", draw))
    generate(1, "half")
    assert tried == ["0", "1", "2", "3"]


def test_values_that_are_not_finite_are_an_error_that_names_the_style(monkeypatch):
    monkeypatch.setattr(
        module,
        "_probed",
        lambda program, z: {
            name: np.full((module.PROBE, module.PROBE), np.nan)
            for name in ("value", "shade", "accent")
        },
    )
    with pytest.raises(ValueError, match="style 'sine': these options give values that are not"):
        generate(1, "sine")


def test_tones_do_not_depend_on_where_the_picture_is_looked_at():
    """Normalisation is part of the program: a point has one value, in whatever company."""
    program = generate(42).program
    alone = outputs(program, X[:1], Y[:1])["value"][0]
    assert outputs(program)["value"][0] == pytest.approx(alone, abs=1e-12)


def test_no_seed_of_many_is_dull_in_the_default_style():
    from cppnart.cppn.dullness import measure

    for seed in range(1000, 1040):
        drawn = generate(seed)
        value = outputs(drawn.program)["value"].reshape(48, 48)
        assert measure(value).dullness(0.5) == 0


def test_traits_are_plain_data_and_say_what_it_is():
    for name in NAMES:
        drawn = generate(12, name)
        assert json.loads(json.dumps(drawn.traits)) == drawn.traits
        assert drawn.traits["style"] == name
        assert drawn.traits["parameters"] == drawn.program.parameters
        assert json.loads(json.dumps(drawn.options)) == drawn.options
        assert tuple(drawn.options) == drawn.style.option_names


def test_moods_differ_in_how_light_the_picture_is():
    medians = {}
    for seed in range(40):
        drawn = generate(seed)
        medians.setdefault(drawn.traits["mood"], []).append(
            np.median(outputs(drawn.program)["value"])
        )
    assert set(medians) == {"dark", "even", "light"}
    assert np.mean(medians["dark"]) < np.mean(medians["even"]) < np.mean(medians["light"])


# --- What never changes ---


def summary(program):
    """The sizes of the weights and a few of their sums, rounded: equal on every machine."""
    weights = [op.weight for op in program.operations if hasattr(op, "weight")]
    total = sum(float(np.abs(w.astype(float)).sum()) for w in weights)
    return [program.size, program.parameters, round(total, 2)]


@pytest.mark.parametrize(("seed", "style"), [(42, "marble"), ("word", "neat"), (7, "blossom")])
def test_a_seed_means_the_weights_that_it_always_meant(seed, style):
    """Pinned: a change here changes pictures that people have, and needs a new major version."""
    assert summary(generate(seed, style).open_program) == GOLDEN[str(seed), style]


def test_generating_imports_neither_numba_nor_torch_nor_pillow():
    code = (
        "import sys; from cppnart.cppn.generate import generate; generate(1);"
        "print([m for m in ('numba', 'torch', 'PIL', 'scipy') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


GOLDEN = {
    ("42", "marble"): [228, 3255, 898.43],
    ("word", "neat"): [111, 628, 275.23],
    ("7", "blossom"): [165, 460, 2208.08],
}
