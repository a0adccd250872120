"""The measure of dullness, on pictures whose answer is known."""

import numpy as np
import pytest

from cppnart.cppn.dullness import measure

SIDE = np.linspace(0, 1, 64)
X, Y = np.meshgrid(SIDE, SIDE)


def test_one_tone_is_as_dull_as_can_be():
    flat = measure(np.full((64, 64), 0.5))
    assert (flat.entropy, flat.edges, flat.flat, flat.noise, flat.contrast) == (0, 0, 1, 0, 0)
    assert flat.dullness() > 0.5


def test_nearly_one_tone_is_dull_too():
    assert measure(0.5 + 0.01 * np.sin(9 * X)).dullness() > 0


def test_a_speck_on_a_plain_is_dull():
    speck = np.where(np.hypot(X - 0.5, Y - 0.5) < 0.05, 1.0, 0.2)
    assert measure(speck).dullness() > 0


def test_white_noise_is_rejected_as_noise_and_for_nothing_else():
    noise = measure(np.random.default_rng(1).random((64, 64)))
    assert noise.noise == pytest.approx(1, abs=0.05)
    assert noise.entropy > 0.95
    assert noise.dullness() == pytest.approx(noise.noise - 0.3)
    assert noise.dullness(noise=1.1) == 0


def test_a_checkerboard_has_twice_the_energy_of_noise():
    assert measure(np.indices((64, 64)).sum(0) % 2).noise == pytest.approx(2, abs=0.05)


def test_waves_over_a_slope_are_not_dull():
    picture = 0.5 + 0.3 * np.sin(12 * X + 4 * Y * Y) + 0.2 * (Y - 0.5)
    assert measure(picture).dullness() == 0


def test_all_tones_alike_have_entropy_one():
    assert measure(np.arange(4096).reshape(64, 64) / 4096).entropy == pytest.approx(1, abs=1e-3)


def test_values_beyond_the_range_count_as_its_ends():
    wild = np.where(X > 0.5, 7.0, -7.0)
    tame = np.where(X > 0.5, 1.0, 0.0)
    assert measure(wild) == measure(tame)


def test_the_rule_grows_with_what_is_wrong():
    contrasts = [measure(0.5 + a * np.sin(9 * X)).dullness() for a in (0.4, 0.05, 0.01)]
    assert contrasts == sorted(contrasts)


@pytest.mark.parametrize("shape", [(64,), (64, 4), (8, 8, 3)])
def test_only_pictures_of_one_scalar_are_measured(shape):
    with pytest.raises(ValueError, match=r"expected \(h, w\), 8 or more a side"):
        measure(np.zeros(shape))
