"""Pictures within a size of file."""

from pathlib import Path

import numpy as np
import pytest
import torch

import cppnart
from cppnart.fields import compressing, entropy, files
from cppnart.fields.compressing import budget, code_length
from cppnart.fields.fit_image import fit_image
from cppnart.fields.images import ImageTask
from cppnart.fields.torch_backend import ProgramModule


def picture() -> np.ndarray:
    y, x = np.mgrid[0:48, 0:64] / 48
    waves = np.stack([np.sin(9 * x * y), np.cos(8 * y), np.sin(7 * x + 3 * y)], -1)
    return ((waves * 0.45 + 0.5) * 255).astype(np.uint8)


def test_a_picture_fits_into_its_size_and_renders(tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    made = fit_image(picture(), compress="2kB", steps=150, batch=1024, output=path)
    assert path.stat().st_size == made.scores["bytes"] <= 2000
    assert f"{path.stat().st_size} bytes" in str(made)
    program, note = files.load(path)
    read = ImageTask(picture()).scores(ProgramModule(program))["psnr"]
    assert read == pytest.approx(made.scores["psnr"], abs=1e-3)
    assert read > 22
    assert note["size"] == [64, 48, 3]
    written = cppnart.render(path, output=tmp_path / "a.png")
    assert (tmp_path / "a.png").exists()
    assert written is not None


def test_more_bytes_are_a_better_picture() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    scores = [
        fit_image(noise, compress=size, steps=120, batch=512).scores for size in ("900B", "2kB")
    ]
    assert scores[0]["bytes"] <= 900
    assert scores[1]["bytes"] <= 2000
    assert scores[1]["psnr"] > scores[0]["psnr"] + 0.3


def test_a_compressed_fit_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    fitting = {"compress": "1kB", "steps": 24, "batch": 256}
    fit_image(picture(), **fitting, output=tmp_path / "whole.safetensors")
    fit_image(picture(), **fitting, seconds=1e-9, folder=tmp_path / "run")
    rest = tmp_path / "rest.safetensors"
    fit_image(picture(), **fitting, folder=tmp_path / "run", resume=True, output=rest)
    assert rest.read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


def test_the_estimate_of_a_size_is_near_it() -> None:
    random = np.random.default_rng(1)
    spread = np.repeat(np.geomspace(0.1, 4, 96), 96).reshape(96, 96)
    plane = np.rint(random.laplace(0, spread)).astype(np.int64)
    table = torch.from_numpy(plane.reshape(-1, 1).astype(np.float32))
    estimate = float(code_length(table, (96, 96))) / 8
    assert estimate == pytest.approx(len(entropy.encode([plane])), rel=0.12)


@pytest.mark.parametrize(
    ("text", "size"), [("0.5bpp", 62), ("20kB", 20000), (" .25 MB", 250000), ("900B", 900)]
)
def test_sizes(text: str, size: int) -> None:
    assert budget(text, 1000) == size


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"compress": "small"}, "compress 'small': expected a size as 0.3bpp"),
        ({"compress": "300B"}, "compress to 300 bytes: a field takes more than"),
        ({"compress": "9kB", "method": "siren"}, "only with method grid"),
        ({"compress": "9kB", "holdout": "odd"}, "nothing held out"),
    ],
)
def test_mistakes(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_image(picture(), **given)


def test_what_is_still_too_large_gets_larger_steps() -> None:
    options = compressing.options_of(64, 48, 1000)
    network = compressing.build("grid", {"x": 1, "y": 1}, ("red",), 0, options)
    module = ProgramModule(network.program, {0})
    compressing.rounded(module)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if "table" in name:
                parameter.normal_(0, 0.3, generator=torch.Generator().manual_seed(0))
    as_it_is = len(compressing.packed(p := module.program(), compressing._steps(p), {}))
    data = compressing.within(module, as_it_is - 300, {})
    assert len(data) <= as_it_is - 300
    read = files.from_bytes(data)[0].operations[2].table
    given = module.program().operations[2].table
    assert np.abs(read - given).max() < 0.2 < np.abs(given).max()
