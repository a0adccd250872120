"""Training pictures: every source, the decoded form, batches and crops."""

import gzip
import json
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cppnart.gan.data import Batches, open_pictures, open_source
from cppnart.gan.data.batches import Share, Window, cut, draw_window

from .pictures import folder_of, picture, zip_of


@pytest.fixture
def opened(tmp_path):
    return lambda data, **options: open_pictures(data, cache=tmp_path / "cache", **options)


def idx(path: Path, array: np.ndarray) -> Path:
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(head + array.tobytes()))
    return path


# --- Sources ---


def test_a_folder_is_read_nested_with_mixed_sizes_and_modes(tmp_path, opened):
    folder_of(tmp_path / "d/a", 3, width=20, height=20)
    folder_of(tmp_path / "d/b/c", 2, width=40, height=30, mode="L")
    picture(9, 33, 33, "P").save(tmp_path / "d/a/z.gif")
    (tmp_path / "d/notes.txt").write_text("no picture")
    found = opened(tmp_path / "d", resolution=16)
    assert len(found) == 6
    assert found.stacked.shape == (6, 16, 16, 3)
    assert found.labels.tolist() == [0, 0, 0, 0, 1, 1]
    assert found.small == 0


def test_pictures_are_cut_to_the_frame_and_resized(tmp_path, opened):
    folder_of(tmp_path / "d", 2, width=64, height=32)
    wide = Image.new("RGB", (64, 32), "red")
    wide.paste((0, 0, 255), (16, 0, 48, 32))  # the middle, which a square keeps
    wide.save(tmp_path / "d/000.png")
    found = opened(tmp_path / "d", resolution=(16, 16))
    assert (found[0][:, 3:-3] == [0, 0, 255]).all()  # the filter sees a little of what is beside


def test_decoding_happens_once(tmp_path, opened, monkeypatch):
    folder_of(tmp_path / "d", 4)
    first = opened(tmp_path / "d", resolution=8)
    monkeypatch.setattr("cppnart.gan.data.pictures._decode", None)
    again = opened(tmp_path / "d", resolution=8)
    assert np.array_equal(first.stacked, again.stacked)
    assert isinstance(again.store, np.memmap)
    assert first.identity == again.identity


def test_a_cache_that_was_cut_short_is_made_again(tmp_path, opened):
    folder_of(tmp_path / "d", 4)
    first = np.array(opened(tmp_path / "d", resolution=8).stacked)
    (store,) = (tmp_path / "cache").glob("*/pixels.bin")
    store.write_bytes(store.read_bytes()[:-5])
    assert np.array_equal(opened(tmp_path / "d", resolution=8).stacked, first)


def test_a_changed_folder_is_decoded_again(tmp_path, opened):
    folder_of(tmp_path / "d", 4)
    first = opened(tmp_path / "d", resolution=8).identity
    picture(77).save(tmp_path / "d/new.png")
    again = opened(tmp_path / "d", resolution=8)
    assert len(again) == 5
    assert again.identity != first


def test_alpha_is_kept_and_grey_is_grey_unless_said_otherwise(tmp_path, opened):
    folder_of(tmp_path / "rgba", 3, mode="RGBA")
    folder_of(tmp_path / "grey", 3, mode="L")
    assert opened(tmp_path / "rgba").form.channels == 4
    assert opened(tmp_path / "grey").form.channels == 1
    assert set(np.unique(opened(tmp_path / "rgba")[0][..., 3])) == {0, 255}
    flat = opened(tmp_path / "rgba", channels=3)
    assert (flat[0][0, 0] == 255).all()  # what was transparent lies on white
    assert opened(tmp_path / "grey", channels=4)[0][..., 3].min() == 255


def test_a_number_alone_takes_the_shape_that_most_pictures_have(tmp_path, opened):
    folder_of(tmp_path / "d", 5, width=48, height=96)
    form = opened(tmp_path / "d", resolution=24).form
    assert (form.width, form.height) == (24, 48)


def test_a_stylegan_zip_has_its_labels(tmp_path, opened):
    labels = [[f"a/{n}.png", n % 3] for n in range(6)]
    found = opened(zip_of(tmp_path / "d.zip", 6, labels))
    assert found.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert found.classes == 3
    assert np.array_equal(found[2], np.asarray(picture(2)))


def test_a_folder_may_have_a_dataset_json(tmp_path):
    folder_of(tmp_path / "d", 3)
    pairs = [["000.png", 2], ["001.png", 0], ["002.png", 1]]
    (tmp_path / "d/dataset.json").write_text(json.dumps({"labels": pairs}))
    assert open_source(tmp_path / "d").labels == [2, 0, 1]


def test_idx_files_are_read_with_the_labels_beside_them(tmp_path, opened):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (5, 12, 12), np.uint8)
    idx(tmp_path / "train-images-idx3-ubyte.gz", pixels)
    idx(tmp_path / "train-labels-idx1-ubyte.gz", np.array([3, 1, 4, 1, 5], np.uint8))
    found = opened(tmp_path)
    assert found.form.channels == 1
    assert np.array_equal(found.stacked[..., 0], pixels)
    assert found.labels.tolist() == [3, 1, 4, 1, 5]


def test_mnist(data, opened):
    found = opened(data / "mnist")
    assert found.stacked.shape == (60000, 28, 28, 1)
    assert found.classes == 10
    assert np.bincount(found.labels).min() > 5000


def test_emoji_with_their_transparency(data, opened):
    found = opened(data / "noto-emoji-72.zip", resolution=32)
    assert found.form.channels == 4
    assert len(found) > 3500
    assert found.broken == ()
    assert found.stacked[..., 3].min() == 0


def fake_torchvision() -> types.SimpleNamespace:
    class Toys:
        def __init__(self, root, train=True, download=False):
            assert train
            assert download
            self.targets = [0, 1, 1]

        def __len__(self):
            return 3

        def __getitem__(self, number):
            return picture(number), self.targets[number]

    return types.SimpleNamespace(__all__=("Toys",), Toys=Toys)


def test_a_data_set_of_torchvision_by_its_name(tmp_path, opened, monkeypatch):
    monkeypatch.setattr(
        "cppnart.gan.data.vision.part_of_torchvision", lambda name: fake_torchvision()
    )
    found = opened("torchvision:Toys")
    assert found.labels.tolist() == [0, 1, 1]
    assert np.array_equal(found[1], np.asarray(picture(1)))
    with pytest.raises(ValueError, match=r"did you mean torchvision:Toys\?"):
        open_source("torchvision:toys")


# --- Bad input ---


def test_an_empty_folder_and_one_picture_are_refused(tmp_path, opened):
    (tmp_path / "d").mkdir()
    with pytest.raises(ValueError, match="no pictures in it"):
        opened(tmp_path / "d")
    folder_of(tmp_path / "d", 1)
    with pytest.raises(ValueError, match="one picture: a generator learns from many"):
        opened(tmp_path / "d")
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "not there")


def test_broken_pictures_are_listed_and_skipped(tmp_path, opened):
    folder_of(tmp_path / "d", 6)
    whole = (tmp_path / "d/001.png").read_bytes()
    (tmp_path / "d/001.png").write_bytes(whole[:60])
    (tmp_path / "d/004.png").write_text("hello")
    for _ in range(2):  # decoded, and from the cache
        found = opened(tmp_path / "d", resolution=8)
        assert len(found) == 4
        assert [name for name, _ in found.broken] == ["001.png", "004.png"]
        assert "damaged" in found.broken[0][1]


def test_labels_stay_with_their_pictures_when_one_is_broken(tmp_path, opened):
    for number in range(4):
        folder_of(tmp_path / f"d/{number}", 1)
    (tmp_path / "d/1/000.png").write_text("hello")
    assert opened(tmp_path / "d").labels.tolist() == [0, 2, 3]


def test_it_is_refused_when_over_half_are_broken(tmp_path, opened):
    folder_of(tmp_path / "d", 5)
    for number in (0, 2, 4):
        (tmp_path / f"d/00{number}.png").write_text("hello")
    with pytest.raises(ValueError, match=r"more than half of 5 pictures cannot be read.*000\.png"):
        opened(tmp_path / "d")
    assert not any((tmp_path / "cache").iterdir())


def test_smaller_pictures_are_enlarged_and_counted(tmp_path, opened):
    folder_of(tmp_path / "d", 3, width=40, height=40)
    picture(1, 12, 12).save(tmp_path / "d/001.png")
    found = opened(tmp_path / "d", resolution=32)
    assert found.small == 1
    assert found[1].shape == (32, 32, 3)


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a/../../b.png", "C:\\x.png"])
def test_a_zip_with_unsafe_names_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(ValueError, match="unsafe member name"):
        open_source(tmp_path / "d.zip")


def test_damaged_zips_are_refused(tmp_path, opened):
    zip_of(tmp_path / "d.zip")
    content = (tmp_path / "d.zip").read_bytes()
    (tmp_path / "d.zip").write_bytes(content[:100] + content[-30:])
    with pytest.raises(ValueError, match=r"d\.zip"):
        opened(tmp_path / "d.zip")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([["a/0.png", 1]], r"labels do not match: 'a/1.png' has none"),
        ([[f"a/{n}.png", 0] for n in range(7)], r"labels do not match: no picture 'a/6.png'"),
        ([[f"a/{n}.png", 0.5] for n in range(6)], r"label 0.5 of 'a/0.png'"),
        ([[f"a/{n}.png", -1] for n in range(6)], r"label -1"),
        (5, "expected"),
    ],
)
def test_labels_that_do_not_match_are_refused(tmp_path, labels, message):
    with pytest.raises(ValueError, match=message):
        open_source(zip_of(tmp_path / "d.zip", 6, labels))


def test_labels_of_another_number_of_pictures_are_refused(tmp_path):
    idx(tmp_path / "train-images-idx3-ubyte.gz", np.zeros((5, 8, 8), np.uint8))
    idx(tmp_path / "train-labels-idx1-ubyte.gz", np.zeros(4, np.uint8))
    with pytest.raises(ValueError, match="labels do not match: 4 for 5 pictures"):
        open_source(tmp_path)


def test_a_damaged_idx_file_is_refused(tmp_path):
    path = idx(tmp_path / "x-images-idx3-ubyte.gz", np.zeros((5, 8, 8), np.uint8))
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(ValueError, match=r"damaged|cut short"):
        open_source(path)
    path.write_bytes(b"hello, world, this is no idx")
    with pytest.raises(ValueError, match="damaged"):
        open_source(path)


@pytest.mark.parametrize("channels", [0, 2, 5])
def test_channels_that_make_no_sense_are_refused(tmp_path, opened, channels):
    folder_of(tmp_path / "d", 3)
    with pytest.raises(ValueError, match=r"expected 1 .* 3 .* 4"):
        opened(tmp_path / "d", channels=channels)


def test_a_resolution_that_makes_no_sense_is_refused(tmp_path, opened):
    folder_of(tmp_path / "d", 3)
    with pytest.raises(ValueError, match="expected sides of 8 to 2048"):
        opened(tmp_path / "d", resolution=4)


# --- Batches ---


def test_each_picture_comes_once_before_any_comes_again(tmp_path, opened):
    folder_of(tmp_path / "d", 10)
    batches = Batches(opened(tmp_path / "d"), 4, seed=3)
    seen = np.concatenate([batches.numbers(step) for step in range(5)])
    assert sorted(seen[:10]) == list(range(10))
    assert sorted(seen[10:]) == list(range(10))
    assert list(seen[:10]) != list(seen[10:])


def test_batches_are_drawn_by_the_step(tmp_path, opened):
    folder_of(tmp_path / "d", 10)
    pictures = opened(tmp_path / "d")
    first = Batches(pictures, 4, seed=1, mirror=True).at(7)
    again = Batches(pictures, 4, seed=1, mirror=True).at(7)
    other = Batches(pictures, 4, seed=2, mirror=True).at(7)
    assert (first.images == again.images).all()
    assert (first.images != other.images).any()
    assert first.images.shape == (4, 3, 16, 16)
    assert first.images.min() >= -1
    assert first.images.max() <= 1


def test_crops_that_were_cut_ahead_are_those_of_their_step(tmp_path, opened):
    folder_of(tmp_path / "d", 6, width=40, height=30)
    pictures = opened(tmp_path / "d", resolution=16, anyres=True)
    ahead = Batches(pictures, 4)
    for step in (0, 1, 2, 7, 3):
        assert np.array_equal(ahead.at(step).images, Batches(pictures, 4).at(step).images)


@pytest.mark.parametrize("anyres", [False, True])
def test_the_shares_of_two_processes_are_the_batch_of_one(tmp_path, opened, anyres):
    folder_of(tmp_path / "d", 6, width=40, height=30)
    pictures = opened(tmp_path / "d", resolution=(16, 16), anyres=anyres)
    whole = Batches(pictures, 4, mirror=True).at(1)
    parts = [Batches(pictures, 4, mirror=True, share=Share(rank, 2)).at(1) for rank in (0, 1)]
    for name in ("images", "numbers", *(("coords", "spacing") if anyres else ())):
        halves = [getattr(part, name) for part in parts]
        assert np.array_equal(np.concatenate(halves), getattr(whole, name))


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path, opened):
    folder_of(tmp_path / "d", 3)
    with pytest.raises(ValueError, match="batch 3: expected a multiple of 2 processes"):
        Batches(opened(tmp_path / "d"), 3, share=Share(0, 2))


def slope(width: int, height: int) -> np.ndarray:
    """A picture whose colours are its coordinates: red x, green y, from 0 to 1 over the frame."""
    y, x = np.mgrid[0:height, 0:width] + 0.5
    place = np.stack([x / width, y / height, 0 * x], -1)
    return np.round(place * 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(60, 60), (60, 100), (91, 60), (30, 32)])
def test_crops_come_with_the_coordinates_of_what_they_show(size):
    pixels = slope(size[1], size[0])
    random = np.random.default_rng(0)
    for _ in range(50):
        window = draw_window(size, (24, 24), random.random(3))
        made, coords = cut(pixels, window), window.coords()
        short = min(size)
        x = made[..., 0] / 255 * size[1] * 2 / short - size[1] / short
        y = made[..., 1] / 255 * size[0] * 2 / short - size[0] / short
        # to a grey level, and the filter's tail at the picture's own border
        assert np.abs(x - coords[..., 0]).max() < 0.035
        assert np.abs(y - coords[..., 1]).max() < 0.035
        gaps = np.diff(coords[..., 0], axis=1)
        assert np.allclose(gaps, window.spacing, atol=1e-6)


def test_crops_go_from_the_whole_picture_to_its_own_pixels():
    scales = [
        draw_window((96, 96), (24, 24), np.array([s, 0.5, 0.5])).scale for s in (0, 0.5, 0.9999)
    ]
    assert scales == pytest.approx([1, 2, 4], rel=1e-3)


def test_a_whole_picture_has_the_coordinates_of_a_rendered_one():
    from cppnart.fields.coordinates import pixel_centers

    window = Window((48, 72), 2.0, 0.0, 0.0, 24, 36)
    expected = pixel_centers(36, 24).reshape(24, 36, 2)
    assert np.allclose(window.coords(), expected, atol=1e-6)


def test_mirrored_crops_have_mirrored_windows(tmp_path, opened):
    folder_of(tmp_path / "d", 4)
    for number in range(4):
        Image.fromarray(slope(64, 64)).save(tmp_path / f"d/{number:03d}.png")
    pictures = opened(tmp_path / "d", resolution=16, anyres=True)
    batch = Batches(pictures, 8, mirror=True).at(0)
    rising = batch.images[:, 0, 8, -1] > batch.images[:, 0, 8, 0]
    assert rising.any()
    assert not rising.all()
    sign = np.where(rising, 1, -1)[:, None, None]
    assert np.abs(batch.images[:, 0].numpy() - sign * batch.coords[..., 0].numpy()).max() < 0.05
