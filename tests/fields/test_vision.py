"""Networks that look: where a layer is watched, and where networks come from."""

import sys
import urllib.error
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from cppnart.fields import torchvision
from cppnart.fields.torchvision import part_of_torchvision
from cppnart.fields.vision import Vision, load

from .textures import TEXTURES, drawn

PICTURES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


class Stern(nn.Module):
    """Fails when it is called."""

    def forward(self, x):
        raise AssertionError("this ran")


def test_nothing_runs_after_the_layer():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), Stern())
    expected = net[0](PICTURES)
    torch.testing.assert_close(Vision("net", net).layer(PICTURES, "0"), expected)
    with pytest.raises(AssertionError, match="this ran"):
        Vision("net", net).outputs(PICTURES)
    assert not net[0]._forward_hooks


def test_what_is_seen_is_not_changed_by_what_works_in_place_after_it():
    eye = Vision("eye", drawn())
    expected = eye.module.narrow[0]((PICTURES - 0.5) * 4)
    assert float(expected.min()) < 0
    outputs, seen = eye.outputs(PICTURES, "narrow.0")
    torch.testing.assert_close(seen, expected)
    torch.testing.assert_close(eye.layer(PICTURES, "narrow.0"), expected)
    torch.testing.assert_close(outputs, eye.module(PICTURES))


def test_a_layer_that_runs_twice_is_seen_the_first_time():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3)

        def forward(self, x):
            return self.conv(self.conv(x))

    eye = Vision("twice", Twice())
    once = eye.module.conv(PICTURES)
    torch.testing.assert_close(eye.layer(PICTURES, "conv"), once)
    torch.testing.assert_close(eye.outputs(PICTURES, "conv")[1], once)


@pytest.mark.parametrize("rectify", [nn.ReLU(True), nn.functional.relu, torch.relu, Tensor.relu])
def test_slopes_reach_a_picture_through_rectifiers_that_it_leaves_cold(rectify):
    class Rectifier(nn.Module):
        def forward(self, x):
            return rectify(1 * x)

    eye = Vision("net", Rectifier(), (0.0,) * 2, (1.0,) * 2)
    pictures = torch.full((3, 2, 4, 4), -1.0)
    pictures[0, 0] = 1  # half of what is asked for is alive here,
    pictures[1, 0, 0, 0] = 1  # one in thirty-two here, and nothing there
    wants = torch.ones(2, 4, 4)
    wants[1, 3] = -1
    pictures.requires_grad_()
    seen = eye.outputs(pictures)[0]
    torch.testing.assert_close(seen, pictures.clamp(min=0))
    (-(seen * wants).sum()).backward()
    alive = (pictures.detach() > 0).float()
    torch.testing.assert_close(pictures.grad[0], -wants * alive[0])
    for cold in (1, 2):
        torch.testing.assert_close(pictures.grad[cold], -wants.clamp(min=0))
    with torch.no_grad():
        torch.testing.assert_close(eye.outputs(pictures)[0], seen)


def test_pictures_are_normalised_and_the_network_learns_nothing():
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
    eye = Vision("net", nn.Sequential(nn.Identity(), nn.Dropout(0.9)).train(), mean, std)
    own = PICTURES.clone().requires_grad_()
    seen = eye.outputs(own)[0]
    by_hand = (PICTURES.numpy() - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    np.testing.assert_allclose(seen.detach(), by_hand, atol=1e-6)
    seen.sum().backward()
    assert own.grad is not None
    assert not any(p.requires_grad for p in load(drawn()).module.parameters())


def test_a_module_that_is_given_stays_as_it_is():
    mine = drawn().train()
    eye = load(mine)
    assert mine.training
    assert all(p.requires_grad for p in mine.parameters())
    assert (eye.name, eye.classes) == ("Eye", TEXTURES)


def test_layers_that_make_several_things_are_refused():
    net = nn.Sequential(nn.Flatten(2), nn.LSTM(1024, 3))
    with pytest.raises(ValueError, match="layer 1 of net: a tuple, not one tensor"):
        Vision("net", net).layer(PICTURES, "1")


def test_classes_of_one_name_are_told_by_number():
    eye = Vision("eye", drawn(), classes=("crane", "owl", "crane"))
    assert eye.number_of("owl", 3) == 1
    with pytest.raises(ValueError, match="class 'crane': there are several, 0, 2"):
        eye.number_of("crane", 3)
    with pytest.raises(ValueError, match="class 'owl': the names are not known"):
        eye.number_of("owl", 5)


# --- One's own ---


def test_a_network_of_ones_own_is_found_in_the_current_folder(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "network_of_ones_own"
    text = "from torch import nn\ndef make(): return nn.Conv2d(3, 5, 3)\nnone = dict\n"
    (tmp_path / f"{name}.py").write_text(text)
    before = sys.path.copy()
    try:
        eye = load(f"{name}:make")
        assert (eye.name, eye.module.out_channels) == (f"{name}:make", 5)
        with pytest.raises(TypeError, match="made a dict, not a torch module"):
            load(f"{name}:none")
        with pytest.raises(ValueError, match="has no attribute 'makes'"):
            load(f"{name}:makes")
    finally:
        sys.modules.pop(name, None)
    assert sys.path == before
    with pytest.raises(ValueError, match=r"expected package.module:callable \(No module named"):
        load("no_such_module:make")


def _as_safetensors(path: Path, state: dict[str, torch.Tensor]) -> Path:
    safetensors.torch.save_file(state, path.with_suffix(".safetensors"))
    return path.with_suffix(".safetensors")


def _as_checkpoint(path: Path, state: dict[str, torch.Tensor]) -> Path:
    kept = {"model": {f"module.{name}": value for name, value in state.items()}, "epoch": 3}
    torch.save(kept, path.with_suffix(".pth"))
    return path.with_suffix(".pth")


def _as_pth(path: Path, state: dict[str, torch.Tensor]) -> Path:
    torch.save(state, path.with_suffix(".pth"))
    return path.with_suffix(".pth")


@pytest.mark.parametrize("saved", [_as_safetensors, _as_pth, _as_checkpoint])
def test_weights_of_a_file_are_taken(tmp_path: Path, saved):
    other = drawn(7)
    path = saved(tmp_path / "weights", other.state_dict())
    eye = load(drawn(), path)
    torch.testing.assert_close(eye.module(PICTURES), other(PICTURES))


class Trap:
    def __reduce__(self):
        return (Path.touch, (Path("sprung"),))


def test_files_that_are_not_weights_are_refused_and_run_nothing(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"last.weight": Trap()}, "trap.pth")
    Path("text.safetensors").write_text("not weights")
    Path("list.pth").write_bytes(_as_pth(tmp_path / "a", [1, 2]).read_bytes())
    _as_safetensors(tmp_path / "other", nn.Linear(2, 2).state_dict())
    for name in ("trap.pth", "text.safetensors", "list.pth"):
        with pytest.raises(ValueError, match=f"{name}: expected a .safetensors or .pth file"):
            load(drawn(), name)
    assert not Path("sprung").exists()
    with pytest.raises(ValueError, match=r"other.safetensors: not the weights of Eye \(Error"):
        load(drawn(), "other.safetensors")
    with pytest.raises(FileNotFoundError):
        load(drawn(), "none.pth")


# --- Of torchvision ---


@pytest.fixture(scope="module")
def models():
    """torchvision.models, even of a torchvision that was compiled for another torch."""
    return part_of_torchvision("models")


@pytest.fixture
def resnet(models, tmp_path: Path) -> Path:
    """Weights of a resnet18 that has learnt nothing."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        state = models.resnet18().state_dict()
    return _as_pth(tmp_path / "resnet", state)


def test_layers_of_torchvision_are_those_that_it_extracts_itself(models, resnet):
    from torchvision.models.feature_extraction import create_feature_extractor

    eye = load("resnet18", resnet)
    normal = (PICTURES - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor(
        [0.229, 0.224, 0.225]
    )[:, None, None]
    names = {"layer3.1": "block", "layer2.0.relu": "relu", "fc": "out"}
    expected = create_feature_extractor(eye.module, names)(normal)
    for layer, name in names.items():
        torch.testing.assert_close(eye.layer(PICTURES, layer), expected[name])
    assert eye.size == 224
    assert eye.number_of("Tree Frog", 1000) == 31


def test_weights_of_other_classes_make_a_network_of_so_many(models, tmp_path: Path):
    state = models.squeezenet1_1(num_classes=7).state_dict()
    eye = load("squeezenet1_1", _as_safetensors(tmp_path / "w", state))
    outputs, _ = eye.outputs(torch.rand(1, 3, 64, 64))
    assert outputs.shape == (1, 7)
    with pytest.raises(ValueError, match="the names are not known, give a number from 0 to 6"):
        eye.number_of("tree frog", 7)


def test_weights_that_cannot_be_fetched_are_named_with_their_place(
    models, resnet, tmp_path: Path, monkeypatch
):
    asked = []

    def refused(url, *_, **__):
        asked.append(url)
        raise urllib.error.URLError("no such host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refused)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    folder = tmp_path / "hub" / "checkpoints"
    with pytest.raises(OSError, match="the weights of resnet18 cannot be fetched") as caught:
        load("resnet18")
    assert asked[0].startswith("https://")
    assert asked[0] in str(caught.value)
    assert f"put it into {folder}" in str(caught.value)
    file = folder / asked[0].rpartition("/")[2]
    # a person does as told
    file.write_bytes(resnet.read_bytes())
    for weights in (None, "IMAGENET1K_V1"):
        seen = load("resnet18", weights).layer(PICTURES, "layer1")
        torch.testing.assert_close(seen, load("resnet18", resnet).layer(PICTURES, "layer1"))
    file.write_bytes(b"cut short")
    with pytest.raises(ValueError, match=f"{file.name}: cannot be read .*delete it"):
        load("resnet18")


def test_names_close_to_a_model_are_told(models):
    with pytest.raises(ValueError, match=r"model 'resnet19': torchvision has none.*resnet18"):
        load("resnet19", "w.pth")


def test_data_sets_of_torchvision_come_from_the_same_place():
    assert "MNIST" in part_of_torchvision("datasets").__all__


def test_a_torchvision_that_does_not_fit_is_told_from_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    part_of_torchvision.cache_clear()
    with pytest.raises(ImportError, match=r"torchvision \S+ does not fit torch \S+ .*pytorch.org"):
        load("resnet18", "w.pth")

    def absent(name):
        raise torchvision.PackageNotFoundError(name)

    monkeypatch.setattr(torchvision, "version", absent)
    with pytest.raises(ImportError, match="torchvision is not installed"):
        load("resnet18", "w.pth")


def test_a_network_of_ones_own_needs_no_torchvision(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert load(drawn()).layer(PICTURES, "wide").shape == (2, 16, 10, 10)
