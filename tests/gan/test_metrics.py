"""Metrics, each against an independent implementation or a closed form."""

import sys
import types

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.stats import wasserstein_distance

from cppnart.gan.metrics import evaluate
from cppnart.gan.metrics.classifier import train_classifier
from cppnart.gan.metrics.distances import frechet, kernel_distance, precision_recall
from cppnart.gan.metrics.inception import NAME, inception_distances, inception_weights
from cppnart.gan.metrics.patches import sliced, sliced_wasserstein, small_pictures

from .pictures import folder_of
from .small import small_train


def features(count: int, width: int, seed: int, shift: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    mix = np.random.default_rng(99).standard_normal((width, width))
    return random.standard_normal((count, width)) @ mix + shift


# --- Frechet ---


def test_the_frechet_distance_is_that_with_a_root_of_matrices():
    a, b = features(400, 5, 1), 1.5 * features(300, 5, 2, 0.7)
    first, second = np.cov(a.T), np.cov(b.T)
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(
        first + second - 2 * sqrtm(first @ second).real
    )
    assert frechet(a, b) == pytest.approx(expected, rel=1e-8)


def test_the_frechet_distance_of_numbers_has_a_closed_form():
    a = np.random.default_rng(1).normal(0, 1, (500, 1))
    b = 3 * a + 2
    # (difference of means)^2 + (difference of deviations)^2
    expected = (b.mean() - a.mean()) ** 2 + (b.std(ddof=1) - a.std(ddof=1)) ** 2
    assert frechet(a, b) == pytest.approx(expected, rel=1e-9)


def test_a_set_has_no_distance_from_itself_even_in_a_plane():
    a = features(40, 3, 1)
    flat = np.hstack([a, a[:, :1]])  # a covariance without an inverse
    assert frechet(flat, flat) == pytest.approx(0, abs=1e-6)


# --- Kernel ---


def test_the_kernel_distance_is_the_unbiased_sum_over_pairs():
    a, b = features(12, 4, 1), features(12, 4, 2, 0.5)

    def k(x, y):
        return (float(x @ y) / 4 + 1) ** 3

    n = len(a)
    own = sum(k(x[i], x[j]) for x in (a, b) for i in range(n) for j in range(n) if i != j)
    across = sum(k(x, y) for x in a for y in b)
    expected = own / (n * (n - 1)) - 2 * across / n**2
    assert kernel_distance(a, b, np.random.default_rng(0)) == pytest.approx(expected, rel=1e-9)


def test_the_kernel_distance_of_two_draws_is_about_nothing_and_grows_with_a_shift():
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, 900, 4))
    near, far = (kernel_distance(a, b + s, np.random.default_rng(1)) for s in (0.0, 1.0))
    assert abs(near) < 0.05
    assert far > 1


# --- Precision and recall ---


def test_precision_and_recall_are_those_of_a_search_through_all_pairs():
    real, made = features(60, 3, 1), features(50, 3, 2, 1.0)

    def covered(points, among):
        inside = 0
        for p in points:
            for q in among:
                near = np.sort(np.linalg.norm(among - q, axis=1))[3]
                if np.linalg.norm(p - q) <= near:
                    inside += 1
                    break
        return inside / len(points)

    expected = covered(made, real), covered(real, made)
    assert precision_recall(real, made) == pytest.approx(expected)
    assert 0 < expected[0] < 1


def test_samples_of_one_kind_have_precision_and_no_recall():
    random = np.random.default_rng(0)
    real = np.concatenate([random.normal(0, 1, (200, 2)), random.normal(50, 1, (200, 2))])
    precision, recall = precision_recall(real, random.normal(0, 0.5, (200, 2)))
    assert precision > 0.9
    assert recall < 0.5


def test_features_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="expected two or more rows of one width"):
        frechet(np.zeros((4, 3)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="expected more than 3"):
        precision_recall(np.zeros((3, 2)), np.zeros((9, 2)))


# --- Patches ---


def test_a_sliced_distance_of_numbers_is_the_wasserstein_distance():
    random = np.random.default_rng(0)
    a, b = random.normal(0, 1, (300, 1)), random.normal(1, 2, (300, 1))
    expected = wasserstein_distance(a[:, 0], b[:, 0])
    assert sliced(a, b, random) == pytest.approx(expected, rel=1e-9)


def test_a_shift_has_a_sliced_distance_of_its_mean_projection():
    a = np.random.default_rng(0).normal(0, 1, (100, 6))
    shift = np.array([3.0, 0, 0, 0, 0, 0])
    found = sliced(a, a + shift, np.random.default_rng(1))
    directions = np.random.default_rng(2).standard_normal((100_000, 6))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    assert found == pytest.approx(np.abs(directions @ shift).mean(), rel=0.15)


def test_pictures_of_other_textures_are_further_away_than_others_of_the_same():
    random = torch.Generator().manual_seed(0)

    def smooth(count, blur):
        noise = torch.randn(count, 3, 32, 32, generator=random)
        return torch.nn.functional.avg_pool2d(noise, blur, 1, blur // 2)[..., :32, :32] * blur / 2

    a, b, c = smooth(150, 5), smooth(150, 5), smooth(150, 3)
    own = sliced_wasserstein(a, b, np.random.default_rng(0))
    other = sliced_wasserstein(a, c, np.random.default_rng(0))
    assert set(own) == {"32x32", "16x16", "mean"}
    assert other["mean"] > 3 * own["mean"]


def test_small_pictures_keep_the_distances_of_the_data():
    images = torch.rand(50, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    (a,) = small_pictures([images])
    flat = images.flatten(1).numpy()
    assert a.shape == (50, 50)  # as many components as pictures, if they are fewer
    assert np.linalg.norm(a[0] - a[1]) == pytest.approx(np.linalg.norm(flat[0] - flat[1]), rel=1e-4)


# --- Classifier ---


def test_a_classifier_learns_the_labels_and_judges_pictures_it_did_not_learn_from():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 400)
    images = torch.randn(400, 1, 12, 12, generator=torch.Generator().manual_seed(0)) * 0.3
    for number, label in enumerate(labels):
        images[number, 0, :, 4 * label : 4 * label + 4] += 1
    judge = train_classifier(lambda numbers: images[torch.from_numpy(numbers)], labels)
    assert judge.accuracy > 0.95
    features, shares = judge.look(images[:10])
    assert features.shape == (10, 64)
    assert np.allclose(shares.sum(1), 1)
    noise = train_classifier(
        lambda numbers: images[torch.from_numpy(numbers)], random.integers(0, 3, 400)
    )
    assert noise.accuracy < 0.7


def test_too_few_pictures_make_no_classifier():
    with pytest.raises(ValueError, match="too few for a classifier"):
        train_classifier(lambda n: torch.zeros(len(n), 1, 8, 8), np.zeros(50, np.int64))


# --- Inception ---


def test_without_weights_it_is_said_where_they_are_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=rf"no weights of Inception: put {NAME}.*--incept"):
        inception_weights(None)
    with pytest.raises(FileNotFoundError, match="no such file of Inception's weights"):
        inception_weights(tmp_path / "x.pth")
    kept = tmp_path / "hub/checkpoints" / NAME
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x")
    assert inception_weights(None) == kept


def test_without_torchmetrics_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    torch.save({"fc.weight": torch.zeros(1)}, tmp_path / "w.pth")
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    monkeypatch.setitem(sys.modules, "torchmetrics.image.fid", None)
    images = torch.zeros(4, 3, 8, 8)
    with pytest.raises(ImportError, match=r"pip install 'cppnart\[metrics\]'"):
        inception_distances(images, images, tmp_path / "w.pth")


def test_torchmetrics_is_given_levels_and_the_weights(tmp_path, monkeypatch):
    torch.save({"fc.weight": torch.zeros(1)}, tmp_path / "w.pth")
    seen = []

    class Measure:
        def __init__(self, feature, **more):
            assert feature == ("inception-v3-compat", ["2048"], str(tmp_path / "w.pth"))
            self.pair = bool(more)

        def update(self, images, real):
            assert images.dtype == torch.uint8
            seen.append((images.shape, int(images.min()), int(images.max()), real))

        def compute(self):
            return (torch.tensor(0.25), torch.tensor(0.0)) if self.pair else torch.tensor(3.5)

    for name, attribute in (
        ("fid", "FrechetInceptionDistance"),
        ("kid", "KernelInceptionDistance"),
    ):
        module = types.ModuleType(f"torchmetrics.image.{name}")
        setattr(module, attribute, Measure)
        module.NoTrainInceptionV3 = lambda *words: words
        monkeypatch.setitem(sys.modules, f"torchmetrics.image.{name}", module)
    for name in ("torchmetrics", "torchmetrics.image"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    grey = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)
    found = inception_distances(grey, grey, tmp_path / "w.pth")
    assert found == {"FID": 3.5, "KID": 0.25}
    assert seen[0] == ((1, 3, 8, 8), 0, 255, True)
    assert {real for *_, real in seen} == {True, False}


class _Runs:
    """What a pickle would run."""

    def __reduce__(self):
        return print, ("it ran",)


@pytest.mark.parametrize("content", [[1], {"other": torch.zeros(1)}, {"fc.weight": _Runs()}])
def test_a_file_that_holds_no_weights_is_refused_and_never_run(tmp_path, capsys, content):
    torch.save(content, tmp_path / "w.pth")
    images = torch.zeros(4, 3, 8, 8)
    with pytest.raises(ValueError, match="not weights of Inception"):
        inception_distances(images, images, tmp_path / "w.pth")
    assert capsys.readouterr().out == ""


# --- All of it ---


def test_evaluate_reports_every_measure_by_its_own_name(tmp_path, monkeypatch):
    monkeypatch.setenv("CPPNART_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    for name in ("a", "b"):
        folder_of(tmp_path / f"d/{name}", 20, width=16, height=16, mode="RGBA")
    small_train(tmp_path / "d", tmp_path / "run", images=4, resolution="16", conditional=True)
    found = evaluate(tmp_path / "run", samples=40)
    assert found["samples"] == found["pictures"] == 40
    assert found["sliced wasserstein"]["mean"] > 0
    assert set(found["pictures at 16 pixels"]) == {"precision", "recall"}
    assert 0 <= found["classifier"]["sure of 90%"] <= 1
    assert set(found["classifier"]["classes"]) == {"0", "1"}
    assert found["inception"].startswith("no weights of Inception")
    assert "FID" not in str({k: v for k, v in found.items() if k != "inception"})
    assert evaluate(tmp_path / "run", samples=40) == found
    with pytest.raises(ValueError, match="samples 3: expected 32"):
        evaluate(tmp_path / "run", samples=3)
    with pytest.raises(FileNotFoundError):
        evaluate(tmp_path / "run", samples=40, inception=tmp_path / "none.pth")
