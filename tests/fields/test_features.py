"""What excites a network: objectives, moves and diversity against plain computations."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from cppnart.fields.features import FeatureTask, Fields, sheet, similarity
from cppnart.fields.networks import lucid
from cppnart.fields.networks.trained import trainable
from cppnart.fields.vision import Vision, load

from .textures import drawn

CPU = torch.device("cpu")


def fields(count: int = 1, size: int = 6) -> Fields:
    made = []
    for seed in range(count):
        random = np.random.default_rng(seed)
        network = lucid(
            {"x": 1, "y": 1}, ("red", "green", "blue"), random, width=size, depth=2, start=1.0
        )
        made.append(trainable(network)[0])
    return Fields(made)


def task(**given) -> FeatureTask:
    given = {"layer": "wide", "channel": 3, "size": 32, **given}
    return FeatureTask(load(drawn()), **given)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("given", "of_map"),
    [
        ({}, lambda seen: seen[:, 3].mean((1, 2))),
        ({"unit": (2, 7)}, lambda seen: seen[:, 3, 7, 2]),
        ({"channel": 11, "layer": "wide.2"}, lambda seen: None),
    ],
)
def test_a_channel_is_its_mean_and_a_unit_its_place(given, of_map):
    eye, random = drawn(), generator(4)
    pictures = torch.rand(5, 3, 32, 32, generator=random)
    with torch.no_grad():
        early = eye.narrow((pictures - 0.5) * 4)
        seen = eye.wide(early)
        expected = of_map(seen)
        if expected is None:  # before the rectifier, which is none that works in place
            expected = eye.wide[:3](early)[:, 11].mean((1, 2))
    found = task(**given).activations(pictures)
    torch.testing.assert_close(found, expected)


def test_a_class_is_its_output_by_number_or_by_name():
    pictures = torch.rand(5, 3, 32, 32, generator=generator())
    with torch.no_grad():
        expected = drawn()(pictures)[:, 2]
    for category in (2, "2", "Checks"):
        seeks = task(channel=None, layer=None, category=category)
        torch.testing.assert_close(seeks.activations(pictures), expected)
        assert seeks.settings["class"] == 2


def test_tokens_are_places_and_their_last_axis_channels():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = nn.Flatten(2)
            self.mixed = nn.Linear(1024, 7)

        def forward(self, pictures):
            return self.mixed(self.tokens(pictures))

    seeks = FeatureTask(Vision("tokens", Tokens()), layer="mixed", channel=6, size=32)
    pictures = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        expected = seeks.network.module(pictures)[:, :, 6].mean(1)
    torch.testing.assert_close(seeks.activations(pictures), expected)


def test_pictures_have_the_points_of_pixel_centres_with_y_down():
    class Slope(nn.Module):
        def forward(self, points):
            return torch.cat([points, points[:, :1] * 0], 1)

    pictures = task(size=16).pictures(Fields([Slope()]), task(size=16)._points)
    centres = (torch.arange(16) + 0.5) / 8 - 1
    torch.testing.assert_close(pictures[0, 0], centres.expand(16, 16))
    torch.testing.assert_close(pictures[0, 1], centres[:, None].expand(16, 16))


@pytest.mark.parametrize("shape", [(4, 5, 3, 7), (4, 21, 5)])
def test_similarity_is_the_mean_cosine_of_gram_matrices(shape):
    features = torch.rand(shape, generator=generator())
    values = features.double().numpy()
    grams = []
    for picture in values:
        places = picture.reshape(5, -1) if len(shape) == 4 else picture.T
        grams.append(sum(np.outer(place, place) for place in places.T))
    cosines = [
        (a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum())
        for i, a in enumerate(grams)
        for j, b in enumerate(grams)
        if i != j
    ]
    assert float(similarity(features)) == pytest.approx(np.mean(cosines), rel=1e-5)
    assert float(similarity(features[:1].expand(3, *shape[1:]))) == pytest.approx(1, rel=1e-5)


def test_moves_are_small_turns_scalings_and_shifts_of_the_whole_picture():
    seeks = task(size=40)
    corners = [0, 39, 40 * 39, 40 * 40 - 1]
    plain = seeks._points[corners].double()
    scales, turns, shifts = [], [], []
    for seed in range(200):
        moved = seeks.moved(generator(seed))[corners].double()
        right, down = moved[1] - moved[0], moved[2] - moved[0]
        assert float(right @ down) == pytest.approx(0, abs=1e-5)
        assert float(right.norm()) == pytest.approx(float(down.norm()), rel=1e-5)
        scales.append(float((plain[1] - plain[0]).norm() / right.norm()))
        turns.append(math.degrees(math.atan2(float(right[1]), float(right[0]))))
        shifts.append(float(moved.mean(0).abs().max() * 20))  # in pixels
    assert 0.9 <= min(scales) < 0.91
    assert 1.09 < max(scales) <= 1.1
    assert -10 <= min(turns) < -9
    assert 9 < max(turns) <= 10
    assert 5 < max(shifts) <= 4 + math.sqrt(2) * 2 / 0.9
    torch.testing.assert_close(seeks.moved(generator(3)), seeks.moved(generator(3)))


def _value(seeks: FeatureTask, both: Fields, weight: float) -> float:
    """The loss, with the weight of the similarity given; it has no slope."""
    if not seeks.diversity:
        with torch.no_grad():
            return float(seeks.loss(both, generator(), CPU))
    scores = seeks.scores(both)
    return weight * scores["similarity"] - scores["activation"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"transforms": True},
        {"diversity": 0.7},
        {"diversity": 2.0, "channel": None, "category": 1},
    ],
)
def test_slopes_are_those_of_finite_differences(given):
    seeks = task(**{"layer": "wide.0", **given})
    seeks.network.module.double()
    both = fields(2).double()
    loss = seeks.loss(both, generator(), CPU)
    loss.backward()
    alone = [seeks.scores(Fields([member]))["activation"] for member in both.members]
    weight = seeks.diversity * math.sqrt(abs(alone[0] * alone[1]))
    for parameter in list(both.parameters())[:3]:
        flat, slopes = parameter.data.view(-1), parameter.grad.view(-1)
        for at in (0, flat.numel() - 1):
            around = []
            for step in (1e-6, -1e-6):
                before = float(flat[at])
                flat[at] = before + step
                around.append(_value(seeks, both, weight))
                flat[at] = before
            slope = (around[0] - around[1]) / 2e-6
            assert float(slopes[at]) == pytest.approx(slope, rel=1e-4, abs=1e-9)
    assert any(float(p.grad.abs().max()) > 1e-4 for p in both.parameters())


def test_several_fields_have_the_loss_and_the_scores_of_each_alone():
    three, seeks = fields(3), task()
    alone = [seeks.scores(Fields([member]))["activation"] for member in three.members]
    scores = seeks.scores(three)
    assert scores["activation"] == pytest.approx(np.mean(alone), rel=1e-5)
    assert 0 < scores["similarity"] < 1
    with torch.no_grad():
        plain = float(seeks.loss(three, generator(), CPU))
        apart = float(task(diversity=0.5).loss(three, generator(), CPU))
    assert plain == pytest.approx(-np.mean(alone), rel=1e-5)
    pairs = [
        seeks.scores(Fields([three.members[i], three.members[j]]))["similarity"]
        * math.sqrt(abs(alone[i] * alone[j]))
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    assert apart == pytest.approx(0.5 * np.mean(pairs) - np.mean(alone), rel=1e-5)


def test_a_sheet_has_each_picture_in_its_place():
    five = fields(5)
    page = sheet(five, 32)
    assert page.shape == (2 * 34 + 2, 3 * 34 + 2, 3)
    assert (page[:, :2] == page[0, 0]).all()
    fourth = sheet(Fields([five.members[3]]), 32)
    np.testing.assert_array_equal(page[36:68, 2:34], fourth)
    np.testing.assert_array_equal(page[36:68, 70:102], np.broadcast_to(page[0, 0], (32, 32, 3)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"category": 1}, "either a channel of a layer, or a class"),
        ({"channel": None}, "either a channel of a layer, or a class"),
        ({"layer": None}, "channel 3: of which layer"),
        ({"channel": 16}, "channel 16: layer wide of Eye has 0 to 15"),
        ({"channel": -1}, "channel -1: layer wide of Eye has 0 to 15"),
        ({"layer": "wise"}, "layer 'wise': Eye has none; close to it are wide"),
        ({"layer": "unused"}, "layer 'unused': Eye has it, but does not use it"),
        ({"unit": (10, 3)}, "unit 10,3: layer wide of Eye has 0,0 to 9,9"),
        ({"layer": "last", "unit": (0, 0)}, "unit 0,0: layer last of Eye has no map"),
        ({"layer": "last", "diversity": 1.0}, "layer last of Eye has no places"),
        ({"channel": None, "category": 4}, "class 4: Eye has 0 to 3"),
        ({"channel": None, "category": "dost"}, "class 'dost': Eye has none; close to it are dots"),
        ({"channel": None, "category": 1, "unit": (0, 0)}, "a class has no places"),
        (
            {"channel": None, "layer": None, "category": 1, "diversity": 1.0},
            "diversity of a class: give a layer",
        ),
        ({"diversity": math.nan}, "diversity nan"),
        ({"size": 8}, "size 8: expected 16 to 2048"),
    ],
)
def test_what_is_not_there_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        task(**given)


def test_a_network_that_cannot_look_at_the_size_says_so():
    deep = nn.Sequential(*(nn.Conv2d(3, 3, 3, 2) for _ in range(5)))
    with pytest.raises(ValueError, match="deep cannot look at pictures of 16x16"):
        FeatureTask(Vision("deep", deep), layer="4", channel=0, size=16)
