"""Training an upscaler on a folder of photographs."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cppnart.fields.parallel import Group
from cppnart.fields.upscaling.fit_upscaler import fit_upscaler, read_photographs
from cppnart.fields.upscaling.models import load_upscaler
from cppnart.fields.upscaling.task import UpscalingTask, luma_psnr, rgb_psnr, shrunk

from ...processes import in_two_processes

OPTIONS = {"blocks": 1, "channels": 8, "codes": 8, "width": 16, "depth": 2}


def photograph(seed: int, side: int = 72) -> np.ndarray:
    """Stripes with sharp edges all over, which a straight line between pixels blurs."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side]
    turn, width = random.uniform(0, np.pi), random.uniform(5, 12)
    stripes = np.floor((x * np.cos(turn) + y * np.sin(turn)) / width) % 2
    return (stripes[..., None] * random.integers(100, 256, 3)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "more").mkdir()
    for number in range(6):
        name = f"more/{number}.png" if number % 2 else f"{number}.png"
        Image.fromarray(photograph(number)).save(tmp_path / name)
    return tmp_path


def settings(**given):
    return {"held_out": 2, "batch": 4, "side": 16, "options": OPTIONS, **given}


def test_it_learns_to_do_better_than_it_begins(folder: Path, tmp_path: Path):
    given = settings(rate=4e-3)
    few = fit_upscaler(folder, steps=1, **given)
    more = fit_upscaler(folder, steps=300, output=tmp_path / "a.safetensors", **given)
    factors = [4, 2, 3, 6, 8]
    assert list(more.scores) == [f"{kind}_x{f}" for kind in ("psnr", "rgb") for f in factors]
    for name in ("psnr_x2", "rgb_x2", "psnr_x6"):
        assert more.scores[name] > few.scores[name] + 1
    assert load_upscaler(tmp_path / "a.safetensors").spec["channels"] == 8


def test_a_run_goes_on_to_the_same_bits(folder: Path, tmp_path: Path):
    whole = settings(steps=6, output=tmp_path / "whole.safetensors")
    fit_upscaler(folder, **whole)
    part = settings(steps=6, output=tmp_path / "part.safetensors", folder=tmp_path / "run")
    assert fit_upscaler(folder, seconds=1e-9, **part).step < 6
    fit_upscaler(folder, resume=True, **part)
    models = [load_upscaler(tmp_path / f"{name}.safetensors") for name in ("whole", "part")]
    for a, b in zip(*(model.parameters() for model in models), strict=True):
        assert torch.equal(a, b)


def test_crops_are_what_a_picture_shows_at_the_points_that_are_asked_for():
    task = UpscalingTask([photograph(1)], [], batch=3, side=8)
    seen = []

    def model(small, points, cell):
        seen.append((small, points, cell))
        return torch.zeros(3, points.shape[1], 3)

    task.loss(model, torch.Generator().manual_seed(5), torch.device("cpu"))
    small, points, cell = seen[0]
    assert small.shape == (3, 3, 8, 8)
    assert points.shape == (3, 64, 2)
    assert ((points > 0) & (points < 8)).all()
    # pixels of the large crop have their centres at odd multiples of half a cell
    halves = points / cell[0] * 2
    torch.testing.assert_close(halves, 2 * (halves / 2 - 0.5).round() + 1, atol=1e-3, rtol=0)


def test_processes_share_what_one_would_draw():
    def batch(**given) -> list[torch.Tensor]:
        seen = []
        task = UpscalingTask([photograph(1), photograph(2)], [], batch=4, side=8, **given)

        def model(small, points, cell):
            seen.extend([small, points])
            return torch.zeros(len(small), points.shape[1], 3)

        loss = task.loss(model, torch.Generator().manual_seed(5), torch.device("cpu"))
        return [*seen, loss]

    whole, *shares = batch(), *(batch(group=Group(rank, 2)) for rank in (0, 1))
    for number in (0, 1):  # small pictures, points
        for rank, share in enumerate(shares):
            assert torch.equal(share[number], whole[number][rank::2])
    torch.testing.assert_close(sum(share[2] for share in shares) / 2, whole[2])
    with pytest.raises(ValueError, match="batch 5: expected a multiple of 2 processes"):
        UpscalingTask([photograph(1)], [], batch=5, group=Group(0, 2))


TRAINING = """
import sys
from cppnart.fields.upscaling.fit_upscaler import fit_upscaler
fit_upscaler(sys.argv[1], held_out=2, batch=4, side=16, steps=6, folder=sys.argv[2],
             options={"blocks": 1, "channels": 8, "codes": 8, "width": 16, "depth": 2},
             output=sys.argv[3])
"""


def test_two_processes_come_to_the_model_of_one(folder: Path, tmp_path: Path):
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    fit_upscaler(folder, output=one, **settings(steps=6))
    words = (str(folder), str(tmp_path / "run"), str(two))
    in_two_processes(TRAINING, *words, cache=tmp_path / "cache")
    models = [load_upscaler(path) for path in (one, two)]
    for a, b in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(a, b, atol=1e-3, rtol=0)  # which files round to half precision
    assert len((tmp_path / "run/stats.jsonl").read_text().splitlines()) == 1  # of the first alone


def test_small_pictures_are_made_as_pillow_makes_them():
    picture = photograph(3) // 2 + 64  # whose cubic never leaves the range, which Pillow cuts twice
    wanted = Image.fromarray(picture).resize((24, 18), Image.Resampling.BICUBIC)
    made = shrunk(torch.tensor(picture).permute(2, 0, 1)[None].float() / 255, 18, 24)
    levels = (made[0].permute(1, 2, 0) * 255).round().numpy()
    assert np.abs(levels - np.asarray(wanted)).max() <= 1


def test_luma_is_that_of_studio_range():
    true, made = torch.zeros(1, 3, 9, 9), torch.full((1, 3, 9, 9), 51 / 255)
    error = 51 / 255 * (65.481 + 128.553 + 24.966) / 255
    assert luma_psnr(made, true, 2) == pytest.approx(-20 * np.log10(error), abs=1e-4)


def test_the_error_of_colours_is_over_all_channels_without_a_border():
    true, made = torch.zeros(1, 3, 9, 9), torch.zeros(1, 3, 9, 9)
    made[:, 0, 4, 4] = 51 / 255
    made[:, 1, :3] = 1  # the border
    error = (51 / 255) ** 2 / (3 * 3 * 3)
    assert rgb_psnr(made, true, 3) == pytest.approx(-10 * np.log10(error), abs=1e-4)


def test_what_cannot_be_used_is_named(folder: Path):
    (folder / "broken.png").write_bytes(b"no picture")
    Image.fromarray(photograph(9, 20)).save(folder / "tiny.png")
    (folder / "notes.txt").write_text("not a picture, and not meant as one")
    pictures, passed_over = read_photographs(folder, 64)
    assert len(pictures) == 6
    assert [Path(name).name for name in passed_over] == ["broken.png", "tiny.png"]
    assert passed_over[str(folder / "tiny.png")] == "20x20: smaller than 64 pixels"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "magic"}, "model 'magic': expected light, liif"),
        ({"held_out": 6}, "6 photographs of 64 pixels a side or more: expected over 6"),
        ({"photographs": "nowhere"}, "nowhere: there is no such folder"),
    ],
)
def test_mistakes(folder: Path, given, message):
    with pytest.raises(ValueError, match=message):
        fit_upscaler(given.pop("photographs", folder), **settings(steps=1, **given))
