"""What a trained generator is used for, all of it through the renderer."""

import numpy as np
import pytest
import torch
from PIL import Image

import cppnart
from cppnart.fields import files
from cppnart.fields.coordinates import pixel_centers
from cppnart.gan.generators import build_generator
from cppnart.gan.model import Model, load_model, save_model
from cppnart.gan.project import find, interpolate, project
from cppnart.gan.samples import extrapolate, sample, walk
from cppnart.render.metadata import read_recipe


def model_of(channels: int = 3, classes: int = 0, width: int = 16, height: int = 16) -> Model:
    """An untrained generator, with room for a Gaussian of latents."""
    spec = {"kind": "fmm", "latent": 6, "channels": channels, "classes": classes}
    spec |= {"resolution": min(width, height), "width": 16, "style": 16, "features": 4}
    return Model(build_generator(spec, seed=3), width, height, 1000, "gan")


def direct(model: Model, seed: str, width: int, height: int, reach: float = 1.0) -> np.ndarray:
    """A sample asked of the generator itself, (H, W, channels) in [0, 1]."""
    points = torch.from_numpy(pixel_centers(width, height) * reach).float()
    z, label = torch.from_numpy(model.draw(seed)), model.label_of(seed)
    labels = None if label is None else torch.tensor([label])
    images = model.images_of(z[None], labels, points.reshape(1, height, width, 2))
    return (images[0].permute(1, 2, 0).numpy() + 1) / 2


def near(picture: np.ndarray, expected: np.ndarray) -> bool:
    """Within two levels: the renderer has four samples in a pixel and dithers."""
    return float(np.abs(picture / 255 - expected).mean()) < 0.01


def test_one_sample_is_a_picture_of_what_the_generator_says():
    model = model_of()
    picture = sample(model, seeds="5", size=64)
    assert picture.shape == (64, 64, 3)
    assert near(picture, direct(model, "5", 64, 64))
    assert not near(picture, direct(model, "6", 64, 64))


def test_a_picture_of_a_sample_carries_its_recipe(tmp_path):
    made = sample(model_of(), seeds="5", size=48, output=tmp_path / "five.png")
    assert (made.width, made.height) == (48, 48)
    assert '"field"' in read_recipe(tmp_path / "five.png")
    larger = cppnart.render(str(tmp_path / "five.png"), size=96)
    assert near(larger, direct(model_of(), "5", 96, 96))


def test_a_sample_is_a_field_file_that_renders_like_any_other(tmp_path):
    model = model_of()
    sample(model, seeds="5", output=tmp_path / "five.safetensors")
    program, note = files.load(tmp_path / "five.safetensors")
    assert program.output_names == ("red", "green", "blue")
    assert note["made"] == "gan"
    assert near(
        cppnart.render(str(tmp_path / "five.safetensors"), size=40), direct(model, "5", 40, 40)
    )


def test_alpha_is_kept():
    model = model_of(4)
    picture = sample(model, seeds="1", size=32)
    assert picture.shape == (32, 32, 4)
    assert near(picture[..., 3:], direct(model, "1", 32, 32)[..., 3:])


def test_a_frame_that_is_not_square_keeps_its_shape(tmp_path):
    model = model_of(width=16, height=24)
    assert sample(model, seeds="1", size=32).shape == (48, 32, 3)
    assert sample(model, seeds="1", size="30x20").shape == (20, 30, 3)
    assert near(sample(model, seeds="1", size=32), direct(model, "1", 32, 48))


def test_a_grid_has_a_sample_of_each_seed(tmp_path):
    model = model_of(1)
    counts = []
    made = sample(
        model,
        grid="3x2",
        size=24,
        output=tmp_path / "grid.png",
        progress=lambda done, total: counts.append((done, total)),
    )
    assert made.pictures == 6
    assert counts[-1] == (6, 6)
    page = np.asarray(Image.open(tmp_path / "grid.png"))
    gap = (page.shape[1] - 3 * 24) // 4
    cell = page[gap : gap + 24, gap : gap + 24]
    assert near(cell, direct(model, "0", 24, 24).repeat(3, 2))
    assert sample(model, seeds="0:4", size=24).shape[0] < page.shape[0] + 1


def test_truncation_brings_samples_together():
    model = model_of()
    apart, close, same = (
        np.abs(
            sample(model, seeds="1", size=16, truncation=t).astype(float)
            - sample(model, seeds="2", size=16, truncation=t)
        ).mean()
        for t in (1.0, 0.2, 0.0)
    )
    assert apart > 2 * close
    assert same == 0


def test_learned_latents_are_drawn_from_their_gaussian():
    plain = model_of()
    factor = torch.diag(torch.tensor([2.0, 1, 1, 1, 1, 0]))
    mean = torch.arange(6.0)
    model = Model(plain.generator, 16, 16, 0, "glo", mean, factor)
    expected = mean.numpy() + factor.numpy() @ plain.draw("9")
    assert np.allclose(model.draw("9"), expected, atol=1e-6)
    assert np.allclose(model.draw("9", truncation=0), mean)


def test_classes_are_asked_for_or_drawn_by_the_seed():
    model = model_of(classes=3)
    found = {model.label_of(str(seed)) for seed in range(40)}
    assert found == {0, 1, 2}
    a, b = (sample(model, seeds="1", label=label, size=16) for label in (0, 1))
    assert (a != b).any()
    with pytest.raises(ValueError, match="label 3: expected from 0 to 2"):
        sample(model, seeds="1", label=3)
    with pytest.raises(ValueError, match="label 1: expected none: it has no classes"):
        sample(model_of(), seeds="1", label=1)


def test_a_snapshot_makes_the_same_samples(tmp_path):
    model = model_of(classes=2)
    save_model(tmp_path / "m.safetensors", model)
    again = load_model(tmp_path / "m.safetensors")
    assert np.array_equal(sample(model, seeds="3", size=16), sample(again, seeds="3", size=16))


def test_a_sample_goes_on_beyond_its_frame():
    model = model_of()
    picture = extrapolate(model, seed=5, factor=3, size=90)
    assert near(picture, direct(model, "5", 90, 90, reach=3))
    assert near(picture[30:60, 30:60], direct(model, "5", 30, 30))


def test_a_walk_passes_its_seeds(tmp_path):
    import av

    model = model_of()
    made = walk(
        model,
        seeds="1,2,3",
        size=32,
        fps=10,
        duration=0.6,
        output=tmp_path / "walk.mov",
    )
    assert (made.frames, made.width, made.height) == (6, 32, 32)
    with av.open(str(tmp_path / "walk.mov")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) == 6
    for number, seed in ((0, "1"), (2, "2"), (4, "3")):
        error = np.abs(frames[number] / 255 - direct(model, seed, 32, 32)).mean()
        assert error < 0.04
        assert error < np.abs(frames[number] / 255 - direct(model, "8", 32, 32)).mean() / 2


def test_the_latent_of_a_sample_is_found_again(tmp_path):
    model = model_of()
    sample(model, seeds="5", size=16, output=tmp_path / "five.png")
    z, label, psnr = find(model, tmp_path / "five.png", 150)
    assert psnr > 30
    assert label is None
    assert z.shape == (6,)
    _, _, before = find(model, tmp_path / "five.png", 0)
    assert before < psnr - 3


def test_the_class_of_a_picture_is_found_with_it(tmp_path):
    model = model_of(classes=2)
    sample(model, seeds="5", label=1, size=16, output=tmp_path / "five.png")
    done = project(model, tmp_path / "five.png", steps=60, output=tmp_path / "found.safetensors")
    assert done.label == 1
    program, _ = files.load(tmp_path / "found.safetensors")
    assert program.input_names == ("x", "y")
    assert done.path == str(tmp_path / "found.safetensors")


def test_from_picture_to_picture(tmp_path):
    model = model_of()
    for seed in ("5", "6"):
        sample(model, seeds=seed, size=16, output=tmp_path / f"{seed}.png")
    pictures = (tmp_path / "5.png", tmp_path / "6.png")
    strip = interpolate(model, *pictures, steps=80, size=16, output=tmp_path / "strip.png")
    assert strip.pictures == 9
    page = np.asarray(Image.open(tmp_path / "strip.png"))
    gap = (page.shape[1] - 9 * 16) // 10
    first = page[gap : gap + 16, gap : gap + 16]
    last = page[gap : gap + 16, -gap - 16 : -gap]
    assert np.abs(first / 255 - direct(model, "5", 16, 16)).mean() < 0.05
    assert np.abs(last / 255 - direct(model, "6", 16, 16)).mean() < 0.05
    film = interpolate(
        model, *pictures, steps=5, size=16, fps=5, duration=1, output=tmp_path / "f.gif"
    )
    assert film.frames == 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, p: sample(m, grid="8"), "grid '8': expected COLUMNSxROWS"),
        (lambda m, p: sample(m, grid="0x4"), "grid '0x4'"),
        (lambda m, p: sample(m, seeds="9:3"), "seeds '9:3'"),
        (lambda m, p: sample(m, seeds="1", truncation=9), "truncation 9"),
        (lambda m, p: sample(m, seeds="1", size=0), "size 0"),
        (lambda m, p: sample(m, grid="2x2", output="x.txt"), "x.txt"),
        (lambda m, p: extrapolate(m, factor=0), "factor 0"),
        (lambda m, p: walk(m, seeds="1", output=p / "x.mp4"), "a walk goes between two or more"),
        (lambda m, p: walk(m, path="knot", output=p / "x.mp4"), "path 'knot'"),
        (lambda m, p: walk(m, duration=0, output=p / "x.mp4"), "duration 0"),
        (lambda m, p: walk(m, output=p / "x.txt"), "expected a name that ends in"),
        (lambda m, p: interpolate(m, "a.png", output=p / "x.mp4"), "1 picture: expected two"),
        (lambda m, p: project(m, "a.png", steps=-1), "steps -1"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, call, message):
    with pytest.raises(ValueError, match=message):
        call(model_of(), tmp_path)
