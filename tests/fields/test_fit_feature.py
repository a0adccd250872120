"""What a network has learnt, shown: fields that excite it more than anything it has seen."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import cppnart
from cppnart.fields import files
from cppnart.fields.features import FeatureTask
from cppnart.fields.fit_feature import fit_feature
from cppnart.fields.vision import load

from .textures import SIDE, TEXTURES, Eye, drawn, taught, textures


@pytest.fixture(scope="module")
def eye() -> Eye:
    return taught()


@pytest.fixture(scope="module")
def busy(eye) -> int:
    """A channel of the layer ``wide`` that its textures do excite."""
    with torch.no_grad():
        seen = eye.wide(eye.narrow((textures(256, 9)[0] - 0.5) * 4))
    return int(seen.mean((0, 2, 3)).argmax())


def activations(eye: Eye, **sought) -> np.ndarray:
    """Of everything that the network has learnt from, and as much again."""
    task = FeatureTask(load(eye), size=SIDE, **sought)
    return np.concatenate(
        [task.activations(textures(256, 1000 + seed)[0]).numpy() for seed in range(8)]
    )


def test_the_network_knows_its_textures(eye):
    pictures, kinds = textures(400, 5)
    assert float((eye(pictures).argmax(1) == kinds).float().mean()) > 0.9


@pytest.mark.parametrize(
    "sought",
    [{"layer": "wide"}, {"layer": "wide.0"}, {"layer": "wide", "unit": (4, 5)}, {"class_": "dots"}],
)
def test_a_picture_excites_what_is_chosen_more_than_any_that_was_learnt_from(eye, busy, sought):
    if "class_" not in sought:
        sought = {**sought, "channel": busy}
    plain = {("category" if name == "class_" else name): v for name, v in sought.items()}
    seen = activations(eye, **plain)
    made = fit_feature(eye, size=SIDE, steps=200, **sought)
    assert (made.task, made.method, made.step) == ("feature", "lucid", 200)
    assert made.scores["activation"] > 1.2 * seen.max()
    assert made.scores["activation"] > 5 * seen.mean()


def test_moves_make_a_picture_that_excites_when_it_is_moved(eye, busy):
    made = fit_feature(eye, size=SIDE, steps=150, layer="wide", channel=busy, transforms=True)
    seen = activations(eye, layer="wide", channel=busy)
    assert made.scores["activation"] > 1.2 * seen.max()


def test_several_differ_more_the_more_they_are_to(eye, busy):
    both = [
        fit_feature(
            eye, size=SIDE, steps=120, layer="wide", channel=busy, count=3, diversity=diversity
        )
        for diversity in (0.0, 0.5)
    ]
    plain, apart = (made.scores for made in both)
    assert apart["similarity"] < plain["similarity"] - 0.1
    assert apart["activation"] > 1.2 * activations(eye, layer="wide", channel=busy).max()


def test_a_field_renders_like_its_preview_at_any_size(eye, busy, tmp_path: Path):
    field, shown = tmp_path / "f.safetensors", {}
    made = fit_feature(
        eye,
        size=SIDE,
        steps=30,
        layer="wide",
        channel=busy,
        output=field,
        previews=2,
        show=shown.__setitem__,
    )
    assert made.path == str(field)
    assert (made.parameters, made.program.parameters) == (8451, 8451)
    rendered = cppnart.render(field, size=512, samples=1, dither=False, exact=True)
    error = np.abs(rendered.astype(int) - shown[30])
    assert rendered.std() > 5
    assert error.max() <= 1
    large = cppnart.render(field, size=1024).reshape(512, 2, 512, 2, 3).mean((1, 3))
    assert np.abs(large - shown[30]).mean() < 2
    _, note = files.load(field)
    assert (note["layer"], note["channel"], note["model"]) == ("wide", busy, "Eye")
    assert note["scores"]["activation"] == made.scores["activation"]


def test_several_fields_are_numbered_beside_a_picture_of_all(eye, tmp_path: Path):
    output = tmp_path / "f.safetensors"
    made = fit_feature(eye, size=SIDE, steps=20, class_=1, count=2, output=output)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "f-1.safetensors",
        "f-2.safetensors",
        "f.png",
    ]
    assert made.path == str(tmp_path / "f.png")
    assert [m.path for m in made.members] == [str(tmp_path / f"f-{n}.safetensors") for n in (1, 2)]
    own = [member.scores["activation"] for member in made.members]
    assert own[0] != own[1]
    assert made.scores["activation"] == pytest.approx(np.mean(own), abs=2e-3)
    with Image.open(made.path, formats=["PNG"]) as page:
        second = np.asarray(page)[32 : 32 + 512, 2 * 32 + 512 : 2 * 32 + 1024]
    rendered = cppnart.render(made.members[1].path, size=512, samples=1, dither=False, exact=True)
    assert np.abs(rendered.astype(int) - second).max() <= 1


@pytest.mark.parametrize(
    "given", [{}, {"transforms": True, "count": 2, "diversity": 1.0, "ema": 0.9}]
)
def test_a_run_goes_on_to_the_same_bits(tmp_path: Path, given):
    given = {"layer": "wide", "channel": 2, "size": SIDE, "steps": 12, **given}
    whole = fit_feature(drawn(), **given)
    run = tmp_path / "run"
    part = fit_feature(drawn(), seconds=1e-9, folder=run, **given)
    assert part.step < 12
    rest = fit_feature(drawn(), folder=run, resume=True, **given)
    assert rest.step == 12
    for one, other in zip(whole.members, rest.members, strict=True):
        assert files.to_bytes(one.program) == files.to_bytes(other.program)
    with pytest.raises(ValueError, match="has channel 2, not 3"):
        fit_feature(drawn(), folder=run, resume=True, **{**given, "channel": 3})


def test_a_seed_is_a_picture(tmp_path: Path):
    given = {"layer": "wide", "channel": 2, "size": SIDE, "steps": 3}
    first, again, other = (fit_feature(drawn(), seed=seed, **given) for seed in (1, 1, 2))
    assert files.to_bytes(first.program) == files.to_bytes(again.program)
    assert files.to_bytes(first.program) != files.to_bytes(other.program)


class Shy(nn.Module):
    """Sees nothing in a grey picture, and with ``never`` nothing at all."""

    def __init__(self, never: bool = False) -> None:
        super().__init__()
        self.edges = nn.Sequential(nn.Conv2d(3, 1, 3), nn.ReLU())
        with torch.no_grad():
            self.edges[0].weight.zero_()
            self.edges[0].weight[:, :, 1] = torch.tensor([-1.0, 0.0, 1.0])
            self.edges[0].bias.fill_(-9.0 if never else -0.01)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.edges(pictures)
        return made


def test_a_channel_that_grey_leaves_cold_is_found_nevertheless():
    made = fit_feature(Shy(), layer="edges", channel=0, size=SIDE, steps=60)
    assert made.scores["activation"] > 0.2
    assert made.remark is None
    made = fit_feature(Shy(never=True), layer="edges", channel=0, size=SIDE, steps=3)
    assert made.remark == "nothing excited channel 0 of layer edges of Shy: it may be dead"


def test_a_film_leads_from_field_to_field_through_their_weights(tmp_path: Path):
    made = [
        fit_feature(
            drawn(),
            layer="wide",
            channel=channel,
            size=SIDE,
            steps=25,
            output=tmp_path / f"{channel}.safetensors",
        )
        for channel in (2, 3)
    ]
    paths = [member.path for member in made]
    still = {"samples": 1, "dither": False, "exact": True}
    frames = tmp_path / "frames"
    cppnart.walk(
        *paths, size="32x32", samples=1, exact=True, fps=4, duration=1.25, ease="linear",
        path="line", output=frames,
    )  # fmt: skip
    films = [np.asarray(Image.open(path)) for path in sorted(frames.glob("*.png"))]
    assert len(films) == 5
    for number, frame in enumerate(films):
        share = number / 4
        operations = []
        for a, b in zip(made[0].program.operations, made[1].program.operations, strict=True):
            if hasattr(a, "weight"):
                weight = a.weight + share * (b.weight - a.weight)
                a = type(a)(a.sources, weight, a.bias + share * (b.bias - a.bias), a.activations)
            operations.append(a)
        first = made[0].program
        path = tmp_path / "between.safetensors"
        files.save(path, type(first)(first.inputs, tuple(operations), first.outputs))
        expected = cppnart.render(path, size=32, **still)
        assert np.abs(frame.astype(int) - expected).max() <= 2
    assert np.abs(films[0].astype(int) - films[-1]).max() > 10


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": 0}, "count 0: expected 1 to 64"),
        ({"diversity": 1.0}, "diversity: give a count"),
        ({"channel": 99}, "channel 99: layer wide of Eye has 0 to 15"),
        ({"resume": True}, "give the folder"),
        ({"output": "f.png"}, "f.png: a field is kept in a .safetensors file"),
        ({"precision": "float8"}, "precision 'float8'"),
    ],
)
def test_mistakes(given, message):
    with pytest.raises(ValueError, match=message):
        fit_feature(drawn(), **{"layer": "wide", "channel": 2, "size": SIDE, "steps": 2, **given})
    assert len(TEXTURES) == 4
