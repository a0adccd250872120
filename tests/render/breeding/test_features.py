"""Features of pictures, and novelty by brute force."""

import numpy as np
import pytest

from cppnart.render.breeding.features import FEATURES, features, novelty

Y, X = np.mgrid[0:64, 0:64] / 63.0


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat((np.clip(values, 0, 1) * 255).astype(np.uint8)[..., None], 3, 2)


def waves(angle: float, frequency: float = 20.0, phase: float = 0.0) -> np.ndarray:
    u = X * np.cos(angle) + Y * np.sin(angle)
    return grey(0.5 + 0.5 * np.sin(frequency * u + phase))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(features(one) - features(other)))


def test_features_have_one_length_and_are_finite() -> None:
    random = np.random.default_rng(1).integers(0, 256, (48, 80, 3), dtype=np.uint8)
    for picture in (random, waves(0.3), grey(np.zeros((32, 32)))):
        found = features(picture)
        assert found.shape == (FEATURES,)
        assert np.isfinite(found).all()


def test_a_small_change_is_nearer_than_a_large_one() -> None:
    base = waves(0.3)
    brighter = np.clip(base.astype(int) + 4, 0, 255).astype(np.uint8)
    assert apart(base, brighter) < 0.1
    assert apart(base, waves(0.3, 20.0, 0.2)) < apart(base, waves(0.3 + np.pi / 2))
    assert apart(base, waves(0.3, 22.0)) < apart(base, waves(0.3, 60.0))


def test_directions_detail_symmetry_and_colour_each_count() -> None:
    base = waves(0.0)
    tinted = base.copy()
    tinted[..., 2] //= 3
    disc = grey(1.0 * (np.hypot(X - 0.5, Y - 0.5) < 0.3))
    others = (waves(np.pi / 2), waves(0.0, 70.0), tinted, disc)
    assert all(apart(base, other) > 0.3 for other in others)


def test_a_picture_is_as_symmetric_as_its_mirror_says() -> None:
    disc = grey(1.0 * (np.hypot(X - 0.5, Y - 0.5) < 0.3))
    half = grey(X)
    mirrored, flipped, turned = features(disc)[-9:-6]
    assert min(mirrored, flipped, turned) > 0.35
    assert features(half)[-9] < -0.3
    assert features(half)[-8] > 0.35


@pytest.mark.parametrize(
    ("own", "others", "nearest"), [(6, 20, 4), (5, 0, 15), (1, 3, 2), (1, 0, 3)]
)
def test_novelty_is_the_mean_distance_to_the_nearest(own: int, others: int, nearest: int) -> None:
    random = np.random.default_rng(5)
    a, b = random.normal(size=(own, FEATURES)), random.normal(size=(others, FEATURES))
    everything = np.concatenate([a, b])
    for number, got in enumerate(novelty(a, b, nearest)):
        distances = sorted(
            np.linalg.norm(a[number] - other)
            for place, other in enumerate(everything)
            if place != number
        )
        expected = np.mean(distances[:nearest]) if distances else 0.0
        assert got == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 4), (16, 64, 3)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="pixels of shape"):
        features(np.zeros(shape, np.uint8))
