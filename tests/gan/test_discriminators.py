"""Discriminators: what they look at, what they do not, and their slopes."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from cppnart.gan.discriminators import DISCRIMINATORS, build_discriminator

from .fields import numbers, raster, unsettled

SMALL: list[dict[str, Any]] = [
    {"kind": "conv", "width": 8, "resolution": 16},
    {"kind": "conv", "width": 8, "resolution": 16, "coords": True, "blocks": 2, "groups": 4},
    {"kind": "set", "width": 16, "tokens": 5, "heads": 2, "resolution": 16},
]


def small(spec: dict[str, Any], **more: Any) -> Any:
    return unsettled(build_discriminator({**spec, **more}, seed=3))


def pictures(count: int, height: int, width: int, channels: int = 3, seed: int = 0) -> Any:
    random = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(count, channels, height, width, generator=random) - 1


@pytest.mark.parametrize("spec", SMALL, ids=str)
@pytest.mark.parametrize(("height", "width"), [(16, 16), (16, 27), (33, 16), (7, 40), (4, 4)])
def test_pictures_of_any_size_and_aspect_get_a_logit_each(spec, height, width):
    d = small(spec, channels=4)
    images = pictures(3, height, width, 4)
    logits = d(images, raster(width, height))
    assert logits.shape == (3,)
    assert torch.isfinite(logits).all()
    alone = d(images[1:2], raster(width, height))
    assert torch.allclose(alone, logits[1:2], atol=1e-5)  # no normalisation over the batch


@pytest.mark.parametrize("spec", SMALL, ids=str)
def test_the_usual_first_weights_give_modest_logits_that_depend_on_the_picture(spec):
    d = build_discriminator(
        {"kind": spec["kind"], "coords": True} if "coords" in spec else {"kind": spec["kind"]}
    )
    logits = d(pictures(16, 64, 64), raster(64, 64)).detach()
    flat = d(torch.linspace(-1, 1, 16).reshape(-1, 1, 1, 1).expand(16, 3, 64, 64), raster(64, 64))
    assert logits.abs().max() < 5
    assert 0.01 < flat.detach().std() < 3


def test_a_convolutional_discriminator_is_its_formula():
    d = small(SMALL[0], blocks=2, resolution=8).double()
    w = {name: torch.from_numpy(value) for name, value in numbers(d).items()}
    images = pictures(2, 8, 8).double()

    def block(x: torch.Tensor, name: str) -> torch.Tensor:
        inner = functional.leaky_relu(x, 0.2)
        inner = functional.conv2d(inner, w[f"{name}.wide.weight"], w[f"{name}.wide.bias"], 1, 1)
        inner = functional.leaky_relu(inner, 0.2)
        return x + functional.conv2d(inner, w[f"{name}.last.weight"], w[f"{name}.last.bias"])

    x = functional.conv2d(images, w["first.weight"], w["first.bias"], 1, 1)
    x = block(block(x, "stages.0.0"), "stages.0.1")
    x = x.unfold(2, 2, 2).unfold(3, 2, 2).mean((4, 5))
    x = functional.conv2d(x, w["narrower.0.change.weight"])
    x = block(block(x, "stages.1.0"), "stages.1.1")
    features = torch.einsum("bchw,chw->bc", functional.leaky_relu(x, 0.2), w["places"])
    expected = features @ w["verdict.weight"] + w["verdict.bias"]
    np.testing.assert_allclose(d(images).detach(), expected, atol=1e-12)


def test_residual_branches_begin_at_zero():
    for spec in SMALL:
        d = build_discriminator({**spec, "blocks": 3})
        fewer = build_discriminator({**spec, "blocks": 3})
        with torch.no_grad():
            for name, parameter in fewer.named_parameters():
                if ".wide." in name or ".attention.ask" in name:
                    parameter.mul_(17)
        images = pictures(2, 16, 16)
        assert torch.equal(d(images, raster(16, 16)), fewer(images, raster(16, 16)))


def test_a_set_has_no_order_and_any_size():
    d = small(SMALL[2])
    random = torch.Generator().manual_seed(1)
    values = torch.rand(2, 50, 3, generator=random)
    coords = 2 * torch.rand(2, 50, 2, generator=random) - 1
    order = torch.randperm(50, generator=random)
    logits = d(values, coords)
    assert torch.allclose(d(values[:, order], coords[:, order]), logits, atol=1e-5)
    # and yet it sees which colour is where
    assert not torch.allclose(d(values[:, order], coords), logits, atol=1e-3)
    # twice the same points are the same set, as far as means can tell
    assert torch.allclose(d(values.repeat(1, 2, 1), coords.repeat(1, 2, 1)), logits, atol=1e-5)
    assert d(values[:, :7], coords[:, :7]).shape == (2,)
    assert torch.allclose(d(values, coords[:1])[0], logits[0], atol=1e-5)


def test_a_picture_is_the_set_of_its_pixels():
    d = small(SMALL[2])
    images, coords = pictures(2, 6, 9), raster(9, 6)
    points = images.permute(0, 2, 3, 1).reshape(2, 54, 3)
    assert torch.allclose(d(images, coords), d(points, coords.reshape(1, 54, 2)), atol=1e-6)


def test_a_discriminator_with_coordinates_sees_which_window_it_is_shown():
    d = small(SMALL[1])
    images = pictures(2, 16, 16)
    here, there = raster(16, 16), 0.25 * raster(16, 16) + 0.5
    both = d(images, torch.cat([here, there]))
    assert torch.allclose(both[0], d(images, here)[0], atol=1e-5)
    assert torch.allclose(both[1], d(images, there)[1], atol=1e-5)
    assert (d(images, here) - d(images, there)).abs().min() > 1e-4
    with pytest.raises(ValueError, match="coords: none"):
        d(images)


@pytest.mark.parametrize("spec", SMALL, ids=str)
def test_labels_change_the_verdict_by_a_product_with_the_features(spec):
    d = small(spec, classes=3)
    images, coords = pictures(1, 16, 16).expand(3, -1, -1, -1), raster(16, 16)
    logits = d(images, coords, torch.tensor([0, 1, 2]))
    assert logits.unique().numel() == 3
    with torch.no_grad():
        d.verdict.classes[2] = d.verdict.classes[0]
    logits = d(images, coords, torch.tensor([0, 1, 2]))
    assert torch.allclose(logits[0], logits[2], atol=1e-6)
    with pytest.raises(ValueError, match="takes 3 of them"):
        d(images, coords)
    with pytest.raises(ValueError, match="takes none"):
        small(spec)(images, coords, torch.tensor([0, 1, 2]))


@pytest.mark.parametrize("spec", SMALL, ids=str)
def test_discriminators_are_differentiable_twice(spec):
    d = small(spec, resolution=8).double()
    images = pictures(2, 5, 6).double().requires_grad_(True)
    coords = raster(6, 5).double()

    def judge(x: torch.Tensor) -> torch.Tensor:
        return d(x, coords).square().sum()

    assert torch.autograd.gradcheck(judge, (images,), fast_mode=True)
    assert torch.autograd.gradgradcheck(judge, (images,), fast_mode=True)


@pytest.mark.parametrize("kind", DISCRIMINATORS)
def test_a_discriminator_is_rebuilt_from_its_specification(kind):
    d = build_discriminator({"kind": kind, "resolution": 16, "classes": 2}, seed=4)
    other = build_discriminator(d.spec, seed=4)
    images, labels = pictures(2, 16, 16), torch.tensor([0, 1])
    assert torch.equal(d(images, raster(16, 16), labels), other(images, raster(16, 16), labels))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "resnet"}, "discriminator 'resnet': expected one of conv, set"),
        ({"kind": "conv", "tokens": 3}, "unknown option 'tokens'"),
        ({"kind": "conv", "width": 10, "groups": 4}, "groups 4: expected a divisor of width 10"),
        ({"kind": "set", "width": 10, "heads": 4}, "heads 4: expected a divisor of width 10"),
        ({"kind": "set", "channels": 0}, "channels 0"),
    ],
)
def test_bad_specifications_are_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        build_discriminator(spec)


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match="pictures of shape"):
        small(SMALL[0])(pictures(1, 3, 9))
    with pytest.raises(ValueError, match="pictures of shape"):
        small(SMALL[0])(pictures(1, 8, 8, 4))
    with pytest.raises(ValueError, match="values of shape"):
        small(SMALL[2])(torch.zeros(2, 9, 3), torch.zeros(1, 8, 2))
    with pytest.raises(ValueError, match="coords: none"):
        small(SMALL[2])(torch.zeros(2, 9, 3))
