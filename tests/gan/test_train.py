"""Training: what a run leaves behind, that it goes on to the same bits, and when it stops."""

import json
import math

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from safetensors import safe_open

from cppnart.fields.coordinates import pixel_centers
from cppnart.gan.generators import build_generator
from cppnart.gan.model import load_model
from cppnart.gan.previews import write_film
from cppnart.gan.train import train

from .pictures import folder_of
from .small import SETTINGS, lines, small_train, state_of


@pytest.fixture(autouse=True)
def _own_cache_and_no_films(tmp_path, monkeypatch):
    monkeypatch.setenv("CPPNART_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("cppnart.gan.train.write_film", lambda folder: None)


@pytest.fixture
def pictures(tmp_path):
    return folder_of(tmp_path / "pictures", 10, width=8, height=8)


# --- What a run leaves behind ---


def test_a_run_leaves_snapshots_pictures_a_film_and_statistics(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr("cppnart.gan.train.write_film", write_film)
    run = tmp_path / "run"
    said, seen = [], []
    done = small_train(pictures, run, say=said.append, report=seen.append)
    assert (done.why, done.step, done.images) == ("images", 6, 24)
    assert [line["images"] for line in lines(run)] == [8, 16, 24]
    assert {"generator", "discriminator", "r1", "r2", "augment", "rate"} <= set(lines(run)[0])
    assert [p.name for p in sorted((run / "previews").iterdir())] == [
        f"images-{n:010d}.png" for n in (0, 8, 16, 24)
    ]
    for name in ("reals.png", "training.mp4", "generator.safetensors", "run.json"):
        assert (run / name).stat().st_size > 100
    assert (run / "snapshots/images-0000000024.safetensors").exists()
    assert [report.images for report in seen] == [0, 8, 16, 24]
    assert seen[1].left > 0
    assert seen[-1].left == 0
    assert any("gamma 0.0" in text for text in said)
    assert any("augmentation: ada" in text for text in said)
    assert any("parameters: generator" in text for text in said)


def test_a_snapshot_gives_the_averaged_generator_back(tmp_path, pictures):
    run = tmp_path / "run"
    small_train(pictures, run)
    model = load_model(run)
    state = state_of(run)
    for name, value in model.generator.state_dict().items():
        assert torch.equal(value, state[f"average.{name}"])
    assert (model.width, model.height, model.images) == (8, 8, 24)
    assert model.generator.spec["width"] == 8
    assert model.note["data"] == str(pictures)


def test_a_sample_of_a_snapshot_is_a_field(tmp_path, pictures):
    from cppnart.fields.numpy_backend import evaluate

    run = tmp_path / "run"
    small_train(pictures, run)
    model = load_model(run)
    z = model.draw("7")
    points = pixel_centers(8, 8)
    program = evaluate(model.program(z), {"x": points[:, 0], "y": points[:, 1]})
    coords = torch.from_numpy(points.astype(np.float32)).reshape(1, 8, 8, 2)
    image = model.images_of(torch.from_numpy(z)[None], None, coords)[0]
    expected = (image.permute(1, 2, 0).reshape(64, 3).numpy() + 1) / 2
    assert np.abs(program - expected).max() < 1e-4


@pytest.mark.parametrize("objective", ["gan", "wgan-gp", "vae", "vae-gan", "glo"])
def test_every_objective_trains(tmp_path, pictures, objective):
    done = small_train(pictures, tmp_path / "run", objective=objective)
    assert done.images == 24
    assert all(math.isfinite(value) for value in done.losses.values())
    model = load_model(tmp_path / "run")
    assert (model.mean is not None) == (objective == "glo")
    assert np.isfinite(model.draw("1")).all()


@pytest.mark.parametrize("generator", ["cppn2016", "poly"])
def test_every_generator_trains(tmp_path, pictures, generator):
    assert small_train(pictures, tmp_path / "run", generator=generator, images=8).images == 8


def test_alpha_labels_crops_and_a_frame_that_is_not_square_go_together(tmp_path):
    for name in ("a", "b"):
        folder_of(tmp_path / f"d/{name}", 4, width=24, height=36, mode="RGBA")
    small_train(
        tmp_path / "d",
        tmp_path / "run",
        resolution="8x12",
        anyres=True,
        mirror=True,
        conditional=True,
        augment="diffaugment",
        images=12,
    )
    model = load_model(tmp_path / "run")
    assert (model.width, model.height, model.channels, model.classes) == (8, 12, 4, 2)
    assert model.program(model.draw("1"), 1).output_names == ("red", "green", "blue", "alpha")


def test_the_set_discriminator_needs_no_grid(tmp_path, pictures):
    settings = {k: v for k, v in SETTINGS.items() if "generator" in k}
    small = {"discriminator.width": 8, "discriminator.tokens": 4, "discriminator.blocks": 1}
    run = tmp_path / "run"
    done = train(
        pictures,
        run=run,
        discriminator="set",
        batch=4,
        images=8,
        resolution="8",
        settings={**settings, **small},
    )
    assert done.images == 8


def test_a_discriminator_in_bfloat16_hears_nearly_the_same(tmp_path, pictures):
    wide = {"discriminator.width": 16}
    whole, half = (
        small_train(pictures, tmp_path / name, precision=name, settings=wide, images=8)
        for name in ("float32", "bfloat16")
    )
    assert whole.losses != half.losses
    for name in ("discriminator", "generator", "r1"):
        assert half.losses[name] == pytest.approx(whole.losses[name], rel=0.1, abs=0.01)
    weights = [state_of(tmp_path / name) for name in ("float32", "bfloat16")]
    assert all(value.dtype == weights[0][name].dtype for name, value in weights[1].items())


def test_the_average_follows_the_generator(tmp_path, pictures):
    run = tmp_path / "run"
    small_train(pictures, run, images=4, settings={"objective.rate": "0.1"})
    after = state_of(run)
    name = "levels.0.first.weight"
    # so early the average forgets everything: its half-life is a share of what was seen
    assert torch.allclose(after[f"average.{name}"], after[f"network.generator.{name}"])
    small_train(None, run, resume=True, images=400, check_every=100)
    after = state_of(run)
    assert not torch.equal(after[f"average.{name}"], after[f"network.generator.{name}"])


def test_a_dry_run_writes_nothing_and_says_what_a_run_would_be(tmp_path, pictures):
    cost = small_train(pictures, tmp_path / "run", dry_run=True, images=3_600_000, minutes=5)
    assert not (tmp_path / "run").exists()
    own = {k[10:]: v for k, v in SETTINGS.items() if k.startswith("generator.")}
    built = build_generator({"kind": "fmm", "channels": 3, "resolution": 8, **own})
    assert cost["parameters"]["generator"] == sum(p.numel() for p in built.parameters())
    assert cost["minutes"] == pytest.approx(3_600_000 / cost["images a second"] / 60, rel=0.01)
    assert cost["images"] == pytest.approx(cost["images a second"] * 300, rel=0.01)
    assert "ConvDiscriminator" in cost["networks"]["discriminator"]


def test_tensorboard_gets_the_losses(tmp_path, pictures):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    small_train(pictures, tmp_path / "run", tensorboard=True)
    log = EventAccumulator(str(tmp_path / "run")).Reload()
    lines = [json.loads(x) for x in (tmp_path / "run/stats.jsonl").read_text().splitlines()]
    for name in ("generator", "r1", "augment"):
        told = [(event.step, event.value) for event in log.Scalars(name)]
        assert told == [(line["step"], pytest.approx(line[name])) for line in lines]


def test_minutes_end_a_run(tmp_path, pictures):
    done = small_train(pictures, tmp_path / "run", images=None, minutes=0.02)
    assert done.why == "minutes"
    assert done.seconds < 30
    assert done.images > 0


def test_previews_show_pictures_made_again_where_their_latents_are_known(tmp_path, pictures):
    widths = {}
    for objective in ("gan", "glo", "vae"):
        small_train(pictures, tmp_path / objective, objective=objective, images=4)
        with Image.open(tmp_path / objective / "previews/images-0000000000.png") as page:
            widths[objective] = page.width
    assert widths["glo"] == widths["vae"] > 1.4 * widths["gan"]


def test_a_run_may_begin_with_the_generator_of_another(tmp_path, pictures):
    small_train(pictures, tmp_path / "glo", objective="glo", images=8)
    small_train(
        pictures,
        tmp_path / "gan",
        start=str(tmp_path / "glo"),
        images=4,
        settings={"objective.rate": "0.000001"},
    )
    first, second = load_model(tmp_path / "glo"), load_model(tmp_path / "gan")
    for name, value in first.generator.state_dict().items():
        if value.is_floating_point():
            raw = state_of(tmp_path / "glo")[f"average.{name}"]
            assert torch.allclose(second.generator.state_dict()[name], raw, atol=1e-4)
    assert torch.equal(first.mean, second.mean)
    assert torch.equal(first.factor, second.factor)
    small_train(None, tmp_path / "gan", resume=True, images=8)
    assert torch.equal(first.mean, load_model(tmp_path / "gan").mean)
    with pytest.raises(ValueError, match="its generator has width 8, and this one 16"):
        small_train(
            pictures,
            tmp_path / "other",
            start=str(tmp_path / "glo"),
            settings={"generator.width": 16},
        )


# --- Options ---


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"objective": "ban"}, "objective 'ban': expected one of gan, wgan-gp"),
        ({"generator": "x"}, "generator 'x': expected one of"),
        ({"augment": "x"}, "augment 'x'"),
        ({"batch": 0}, "batch 0"),
        ({"device": "abacus"}, "device 'abacus': torch cannot use it here"),
        ({"seed": -1}, "seed -1"),
        ({"precision": "float16"}, "precision 'float16': expected float32 or bfloat16"),
        ({"images": None}, "how long: give minutes or images"),
        ({"images": 0}, "images 0"),
        ({"minutes": -1.0}, "minutes -1"),
        ({"check_every": 0}, "check every 0"),
        ({"resolution": "big"}, "resolution 'big': expected 64, or 48x72"),
        ({"conditional": True}, "conditional: .* has no labels"),
        ({"settings": {"width": 3}}, "setting 'width': expected PART.NAME"),
        ({"settings": {"objective.speed": 3}}, "setting objective.speed: expected among rate"),
        ({"settings": {"objective.rate": "fast"}}, "objective.rate 'fast': expected a number"),
        ({"settings": {"generator.wide": 3}}, "unknown option 'wide'"),
        ({"settings": {"generator.width": 10**9}}, "width 1000000000: expected"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path, pictures, given, message):
    with pytest.raises(ValueError, match=message):
        small_train(pictures, tmp_path / "run", **given)
    assert not (tmp_path / "run/run.json").exists()


def test_an_option_that_is_not_known_is_refused(tmp_path, pictures):
    with pytest.raises(TypeError, match="colour: unknown option"):
        small_train(pictures, tmp_path / "run", colour=3)


# --- Snapshots from elsewhere ---


def test_snapshots_of_other_shapes_are_refused(tmp_path, pictures):
    run = tmp_path / "run"
    small_train(pictures, run, images=4)
    path = run / "generator.safetensors"
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def written(tensors, metadata):
        safetensors.torch.save_file(tensors, path, metadata)
        return path

    name = "generator.levels.0.first.weight"
    shape = tuple(tensors[name].shape)
    wrong = {**tensors, name: torch.zeros(3, 5)}
    with pytest.raises(ValueError, match=rf"array '{name}' has shape \(3, 5\): expected"):
        load_model(written(wrong, metadata))
    assert shape != (3, 5)
    fewer = {k: v for k, v in tensors.items() if k != name}
    with pytest.raises(ValueError, match=f"array '{name}' is missing"):
        load_model(written(fewer, metadata))
    with pytest.raises(ValueError, match="'other' does not belong"):
        load_model(written({**tensors, "other": torch.zeros(2)}, metadata))
    with pytest.raises(ValueError, match="not finite"):
        load_model(written({**tensors, name: tensors[name] * math.nan}, metadata))
    about = json.loads(metadata["cppnart"])
    about["generator"]["width"] = 4000
    with pytest.raises(ValueError, match=r"more arrays than there are|expected"):
        load_model(written(tensors, {"cppnart": json.dumps(about)}))
    with pytest.raises(ValueError, match="no snapshot of a generator"):
        load_model(written(tensors, {}))
    path.write_bytes(b"hello, this is no snapshot")
    with pytest.raises(ValueError, match="not"):
        load_model(path)
    with pytest.raises(ValueError, match="expected the folder of a 'gan train' run"):
        load_model(tmp_path)
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nothing.safetensors")


def test_the_previews_show_real_pictures_beside_samples(tmp_path, pictures):
    run = tmp_path / "run"
    small_train(pictures, run, images=4)
    real = np.asarray(Image.open(run / "reals.png"))
    page = np.asarray(Image.open(run / "previews/images-0000000000.png"))
    assert page.shape[1] > 1.9 * real.shape[1]
    assert any(
        np.array_equal(page[y : y + real.shape[0], x : x + real.shape[1]], real)
        for y in range(page.shape[0] - real.shape[0] + 1)
        for x in range(0, 80)
    )
