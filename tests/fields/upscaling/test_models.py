"""Upscalers: the published one to its formulas, the light one as a program, both in files."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.upscaling.light import Light
from cppnart.fields.upscaling.liif import Liif, Perceptron
from cppnart.fields.upscaling.models import load_upscaler, save_upscaler

SMALL = {"encoder_options": {"blocks": 1, "channels": 4}}


def drawn(model: nn.Module, seed: int = 0) -> nn.Module:
    """A model with weights that matter, whatever it begins with."""
    random = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        nn.init.normal_(parameter, 0, 0.3, generator=random)
    return model.eval().requires_grad_(False)


def published(features, layers, coordinates, cells, *, unfold, ensemble, cell):
    """LIIF's equations (1) to (5), point by point in float64.

    features (C, H, W); coordinates (N, 2) in [-1, 1], y before x; cells (N, 2) likewise.
    """
    channels, height, width = features.shape
    if unfold:
        padded = np.pad(features, ((0, 0), (1, 1), (1, 1)))
        near = np.empty((channels, 9, height, width))
        for k, (i, j) in enumerate(product(range(3), range(3))):
            near[:, k] = padded[:, i : i + height, j : j + width]
        features = near.reshape(channels * 9, height, width)
    centres = [-1 + (2 * np.arange(n) + 1) / n for n in (height, width)]
    made = []
    for (y, x), (cell_y, cell_x) in zip(coordinates, cells, strict=True):
        answers, areas = [], []
        for vy, vx in product((-1, 1), (-1, 1)) if ensemble else ((0, 0),):
            shifted = np.clip(
                [y + vy / height + 1e-6 * ensemble, x + vx / width + 1e-6 * ensemble],
                -1 + 1e-6,
                1 - 1e-6,
            )
            i, j = (int(np.abs(c - s).argmin()) for c, s in zip(centres, shifted, strict=True))
            away = (y - centres[0][i]) * height, (x - centres[1][j]) * width
            values = np.concatenate([features[:, i, j], away])
            if cell:
                values = np.concatenate([values, [cell_y * height, cell_x * width]])
            for number, (weight, bias) in enumerate(layers):
                values = weight @ values + bias
                if number < len(layers) - 1:
                    values = np.maximum(values, 0)
            answers.append(values)
            areas.append(abs(away[0] * away[1]) + 1e-9)
        weights = np.array(areas[::-1]) / sum(areas)
        made.append((weights[:, None] * np.array(answers)).sum(0))
    return np.array(made) * 0.5 + 0.5


@pytest.mark.parametrize("unfold", [True, False])
@pytest.mark.parametrize("ensemble", [True, False])
@pytest.mark.parametrize("cell", [True, False])
@pytest.mark.parametrize("factor", [2, 3, 3.7])
def test_liif_is_what_its_paper_says(unfold, ensemble, cell, factor):
    options = {"unfold": unfold, "ensemble": ensemble, "cell": cell}
    model = drawn(Liif(hidden=[6, 5], **options, **SMALL))
    picture = torch.rand(1, 3, 5, 7, generator=torch.Generator().manual_seed(1))
    rows, columns = round(5 * factor), round(7 * factor)
    y, x = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns)
    points = np.stack([x.T.ravel() * 7, y.T.ravel() * 5], 1)
    side = 1 / factor
    got = model(picture, torch.tensor(points[None], dtype=torch.float32), torch.tensor([side]))
    features = model.encoder(picture * 2 - 1)[0].double().numpy()
    linear = [layer for layer in model.imnet.layers if isinstance(layer, nn.Linear)]
    layers = [(layer.weight.double().numpy(), layer.bias.double().numpy()) for layer in linear]
    coordinates = np.stack([points[:, 1] / 5 * 2 - 1, points[:, 0] / 7 * 2 - 1], 1)
    cells = np.tile([2 * side / 5, 2 * side / 7], (len(points), 1))
    expected = published(features, layers, coordinates, cells, **options)
    np.testing.assert_allclose(got[0].numpy(), expected, atol=1e-5)


def test_the_published_network_has_its_published_size():
    unused = 2 * (3 * 3 + 3)  # two shifts of colours that it holds and passes over
    assert sum(p.numel() for p in Liif().parameters()) + unused == 1_567_323


@pytest.mark.parametrize("shape", [(5, 7), (1, 4), (1, 1), (6, 2)])
@pytest.mark.parametrize("factor", [1.0, 2.5, 8.0])
def test_the_light_upscaler_is_a_program(shape, factor):
    height, width = shape
    model = drawn(Light(blocks=1, channels=4, codes=5, width=6, depth=2))
    picture = torch.rand(1, 3, height, width)
    points = (torch.rand(1, 200, 2) * 1.2 - 0.1) * torch.tensor([width, height])
    encoded = model.encode(picture)
    expected = model.decode(encoded, points, torch.tensor([1 / factor]))[0]
    pixel = 2 / min(shape)
    program = model.program(encoded[0], 1 / factor, (width / 2, height / 2), pixel)
    x, y = ((points[0, :, k] - n / 2) * pixel for k, n in enumerate((width, height)))
    got = evaluate(program, {"x": x.numpy(), "y": y.numpy()}, np.float64)
    np.testing.assert_allclose(got, expected.numpy(), atol=2e-5)


def test_an_untrained_light_upscaler_begins_near_the_bilinear_picture():
    picture = torch.rand(1, 3, 6, 6)
    centres = torch.stack(torch.meshgrid(torch.arange(6), torch.arange(6), indexing="xy"), 2) + 0.5
    points = centres.reshape(1, 36, 2).float()
    made = Light(blocks=1, channels=4)(picture, points, torch.tensor([0.5]))
    torch.testing.assert_close(made[0], picture[0].flatten(1).T, atol=0.1, rtol=0)
    assert not torch.equal(made[0], picture[0].flatten(1).T)


@pytest.mark.parametrize("encoder", ["edsr-baseline", "rdn"])
def test_no_feature_depends_on_pixels_beyond_its_reach(encoder):
    options = {"blocks": 2, "channels": 4}
    if encoder == "rdn":
        options |= {"layers": 2, "growth": 4}
    model = drawn(Liif(encoder, [4], encoder_options=options))
    side = 2 * model.reach + 3
    picture = torch.rand(1, 3, side, side, requires_grad=True)
    model.encode(picture)[0, :, side // 2, side // 2].sum().backward()
    touched = picture.grad.abs().sum(1)[0].nonzero()
    assert int((touched - side // 2).abs().max()) == model.reach


# --- Files ---


def checkpoint(model: Liif, **changes) -> dict:
    """As LIIF's own training writes one, with weights that it has and never uses."""
    tensors = {**model.state_dict(), "encoder.sub_mean.weight": torch.eye(3)[..., None, None]}
    args = {
        "encoder_spec": {"name": "edsr-baseline", "args": {"no_upsampling": True}},
        "imnet_spec": {"name": "mlp", "args": {"out_dim": 3, "hidden_list": [8, 8]}},
    }
    return {"model": {"name": "liif", "args": {**args, **changes}, "sd": tensors}, "epoch": 1000}


def test_published_checkpoints_are_read_key_for_key(tmp_path: Path):
    model = drawn(Liif(hidden=[8, 8], cell=False))
    torch.save(checkpoint(model, cell_decode=False), tmp_path / "a.pth")
    read = load_upscaler(tmp_path / "a.pth")
    assert read.spec["cell"] is False
    for name, tensor in model.state_dict().items():
        assert torch.equal(read.state_dict()[name], tensor)
    names = set(model.state_dict())
    assert {"encoder.head.0.weight", "encoder.body.15.body.2.bias"} <= names
    assert {"encoder.body.16.weight", "imnet.layers.0.weight", "imnet.layers.4.bias"} <= names


@pytest.mark.parametrize("model", [Light(blocks=1, channels=4), Liif(hidden=[4], **SMALL)])
def test_our_own_files_hold_half_of_the_bits(tmp_path: Path, model):
    model = drawn(model)
    save_upscaler(tmp_path / "a.safetensors", model, {"scores": {"x2": 1.0}})
    read = load_upscaler(tmp_path / "a.safetensors")
    assert read.spec == model.spec
    for name, tensor in model.state_dict().items():
        assert torch.equal(read.state_dict()[name], tensor.half().float())


class Harmful:
    def __reduce__(self):
        return print, ("this must never run",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model": Harmful()}, "this is not a checkpoint of LIIF"),
        ({"weights": 1}, "this is not a checkpoint of LIIF"),
        ({"drop": "imnet.layers.0.weight"}, "1 weights are missing, imnet.layers.0.weight first"),
        ({"add": "imnet.layers.9.weight"}, "1 weights have no place, imnet.layers.9.weight first"),
        ({"reshape": "imnet.layers.4.bias"}, r"imnet.layers.4.bias has the shape \(5,\), expected"),
    ],
)
def test_checkpoints_that_are_none_are_refused(tmp_path: Path, capsys, content, message):
    whole = content
    if {"drop", "add", "reshape"} & set(content):
        whole = checkpoint(drawn(Liif(hidden=[8, 8])))
        tensors = whole["model"]["sd"]
        tensors.pop(content.get("drop"), None)
        for name in filter(None, (content.get("add"), content.get("reshape"))):
            tensors[name] = torch.zeros(5)
    torch.save(whole, tmp_path / "a.pth")
    with pytest.raises(ValueError, match=message):
        load_upscaler(tmp_path / "a.pth")
    assert "never run" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth"])
def test_files_that_are_none_are_refused(tmp_path: Path, name):
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="this is not"):
        load_upscaler(tmp_path / name)
    with pytest.raises(OSError, match="none"):
        load_upscaler(tmp_path / f"none-{name}")


def test_absurd_sizes_in_a_file_are_refused_before_anything_is_made(tmp_path: Path):
    model = Light(blocks=1, channels=4)
    model.spec = {**model.spec, "channels": 10**9}
    save_upscaler(tmp_path / "a.safetensors", model)
    with pytest.raises(ValueError, match="channels 1000000000: expected a whole number"):
        load_upscaler(tmp_path / "a.safetensors")


def test_a_perceptron_has_the_names_of_published_ones():
    names = [name for name, _ in Perceptron(5, 3, [4, 4]).named_parameters()]
    assert names[::2] == ["layers.0.weight", "layers.2.weight", "layers.4.weight"]
