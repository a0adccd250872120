"""Augmentation: what it does to pictures, and that it can be differentiated twice."""

import math

import pytest
import torch

from cppnart.gan.augment import (
    DRAWS,
    PER_CHANGE,
    RISE,
    Augment,
    ada,
    diffaugment,
    premultiplied,
    sample,
)


def pictures(count: int = 3, channels: int = 3, side: int = 8) -> torch.Tensor:
    random = torch.Generator().manual_seed(1)
    return torch.rand(count, channels, side, side, generator=random, dtype=torch.float64) * 2 - 1


def middle(count: int = 3) -> torch.Tensor:
    """Draws at which nothing happens: no change has a probability of more than a half."""
    return torch.full((count, DRAWS), 0.5, dtype=torch.float64)


def draws(count: int = 3) -> torch.Tensor:
    return torch.rand(count, DRAWS, generator=torch.Generator().manual_seed(2)).double()


def test_an_augmentation_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="augment 'blur': expected none, diffaugment, ada"):
        Augment("blur")


def test_what_is_transparent_has_no_colour():
    images = pictures(channels=4)
    images[:, 3, :2] = -1
    made = premultiplied(images)
    assert (made[:, :3, :2] == 0).all()
    torch.testing.assert_close(made[:, 0], images[:, 0] * (images[:, 3] + 1) / 2)
    assert torch.equal(made[:, 3], images[:, 3])
    assert premultiplied(pictures()) is not None


def test_diffaugment_brightens_by_what_was_drawn():
    draw = middle()
    draw[:, 0] = torch.tensor([0.0, 0.5, 0.9])
    draw[:, 5:7] = 0  # the cut-out lies in a corner
    images = pictures()
    change = (diffaugment(images, draw) - images)[:, :, 4:, 4:]
    expected = torch.tensor([-0.5, 0.0, 0.4], dtype=torch.float64)
    torch.testing.assert_close(change.mean((1, 2, 3)), expected)
    assert change.std((1, 2, 3)).max() < 1e-12


def test_diffaugment_moves_by_whole_pixels_and_cuts_a_window_out():
    draw = middle()
    draw[:, 3] = torch.tensor([0.0, 0.5, 0.99])
    draw[:, 5:7] = 0.99
    images = pictures(side=16)
    made = diffaugment(images, draw)
    for picture, original, by in zip(made, images, (-2, 0, 2), strict=True):
        moved = torch.zeros_like(original)
        source = original[:, :, max(0, -by) : 16 - max(0, by)]
        moved[:, :, max(0, by) : 16 - max(0, -by)] = source
        moved[:, 15 - 4 :, 15 - 4 :] = 0
        torch.testing.assert_close(picture, moved)


def test_where_a_picture_with_alpha_was_moved_away_is_nothing():
    draw = middle()
    draw[:, 3] = 0.99
    draw[:, 5:7] = 0.99
    made = diffaugment(premultiplied(pictures(channels=4)), draw)
    assert (made[:, :3, :, 0] == 0).all()
    assert (made[:, 3, :, 0] == -1).all()


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("kind", ["diffaugment", "ada"])
def test_transparent_pixels_never_get_a_colour(kind, channels):
    images = pictures(channels=channels)
    made = Augment(kind, 0.9)(images, draws())
    assert made.shape == images.shape
    assert torch.isfinite(made).all()
    if channels == 4:
        blank = torch.zeros_like(images)
        blank[:, 3] = -1
        torch.testing.assert_close(Augment(kind, 0.9)(blank, draws()), blank)


def test_ada_without_any_chance_changes_nothing():
    images = pictures()
    torch.testing.assert_close(ada(images, draws(), 1e-12), images)
    assert Augment("ada", 0.0)(images, draws()) is images


def test_ada_mirrors_and_turns_by_quarters():
    images = pictures(1)
    draw = torch.full((1, DRAWS), 0.999, dtype=torch.float64)
    draw[:, 0] = 0.0
    torch.testing.assert_close(ada(images, draw, 0.5), images.flip(3))
    draw[:, 0], draw[:, 1], draw[:, 2] = 0.999, 0.0, 0.3
    made = ada(images, draw, 0.5)
    turns = [torch.rot90(images, n, (2, 3)) for n in (1, -1)]
    assert min(float((made - turned).abs().max()) for turned in turns) < 1e-9


def test_ada_turns_hue_and_keeps_grey():
    grey = pictures(1, 1).expand(1, 3, 8, 8)
    colour = torch.zeros(1, 3, 8, 8, dtype=torch.float64)
    colour[:, 0] = 1
    draw = torch.full((1, DRAWS), 0.999, dtype=torch.float64)
    draw[:, 20], draw[:, 21] = 0.0, 0.5 + 1 / 3  # by 120 degrees: red becomes green
    torch.testing.assert_close(ada(grey, draw, 0.5), grey)
    made = ada(colour, draw, 0.5)[0, :, 4, 4]
    torch.testing.assert_close(made, torch.tensor([0, 1, 0], dtype=torch.float64))


@pytest.mark.parametrize("kind", ["diffaugment", "ada"])
def test_the_gradient_of_the_gradient_is_right(kind):
    images = pictures(2, 4, 5).requires_grad_()
    draw = draws(2)
    augment = Augment(kind, 0.8)
    assert torch.autograd.gradcheck(lambda x: augment(x, draw), (images,))
    assert torch.autograd.gradgradcheck(lambda x: augment(x, draw).pow(3), (images,))


def test_sampling_is_that_of_torch():
    images, grid = pictures(2, 3, 6), pictures(2, 5, 2).permute(0, 2, 3, 1)[..., :2] * 1.3
    ours = sample(images, grid)
    theirs = torch.nn.functional.grid_sample(images, grid, align_corners=False)
    torch.testing.assert_close(ours, theirs)


def test_the_probability_follows_the_sign_of_the_logits():
    augment = Augment("ada")
    augment.adapt(0.9, 64)
    assert augment.p == pytest.approx(64 * PER_CHANGE / RISE)
    augment.adapt(0.2, 64)
    augment.adapt(0.2, 64)
    assert augment.p == 0
    for _ in range(math.ceil(RISE / (64 * PER_CHANGE)) + 5):
        augment.adapt(1.0, 64)
    assert augment.p == 1


def test_without_ada_the_probability_stays():
    augment = Augment("diffaugment")
    augment.adapt(1.0, 64)
    assert augment.p == 0
