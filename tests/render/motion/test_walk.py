"""Films from the function: what is in the files, as other readers see it."""

import os
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import cppnart
from cppnart.render.motion.plan import Motion, plan, seed_source

SMALL = {"style": "classic", "size": "64x48", "samples": 1}


def song(path: Path, seconds: float = 2.0) -> Path:
    """A bass tone that comes and goes twice a second."""
    t = np.arange(int(22050 * seconds)) / 22050
    tone = np.sin(2 * np.pi * 80 * t) * (np.sin(2 * np.pi * 2 * t) > 0)
    with wave.open(os.fspath(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22050)
        file.writeframes((tone * 20000).astype("<i2").tobytes())
    return path


def test_a_song_drives_a_film_as_long_as_itself_and_is_in_it(tmp_path):
    made = cppnart.walk(
        seed=42,
        steps=3,
        audio=song(tmp_path / "song.wav"),
        fps=12,
        output=tmp_path / "a.mp4",
        **SMALL,
    )
    assert (made.frames, made.fps) == (24, 12)
    with av.open(made.path) as film:
        assert len(film.streams.audio) == 1
        sound = np.concatenate([f.to_ndarray()[0] for f in film.decode(audio=0)])
        rate = film.streams.audio[0].rate
    assert len(sound) / rate == pytest.approx(2.0, abs=0.1)
    loud = [np.abs(sound[int(rate * t) : int(rate * (t + 0.1))]).max() for t in (0.1, 0.35)]
    assert loud[0] > 20 * loud[1]

    again = cppnart.walk(made.path, size="32x24", output=tmp_path / "again.mov")
    assert again.frames == 24
    with av.open(again.path) as film:
        assert len(film.streams.audio) == 1
        assert film.streams.video[0].width == 32


@pytest.mark.parametrize("suffix", [".mov", ".webm", ".apng", ".webp"])
def test_transparency_stays_where_a_format_has_it(tmp_path, suffix):
    path = tmp_path / f"emblem{suffix}"
    cppnart.walk(
        seed=1, style="emblem", size="48x48", transparent=True, duration=0.5, fps=8, output=path
    )
    if suffix in (".apng", ".webp"):
        with Image.open(path) as film:
            assert film.n_frames == 4
            alpha = np.asarray(film.convert("RGBA"))[..., 3]
    else:
        with av.open(os.fspath(path)) as film:
            # libvpx decodes alpha, ffmpeg's own decoder of VP9 does not
            stream = film.streams.video[0]
            assert stream.metadata.get("alpha_mode", "1") == "1"
            if suffix == ".webm":
                return
            alpha = next(film.decode(video=0)).to_ndarray(format="rgba")[..., 3]
    assert alpha[0, 0] < 20
    assert alpha[24, 24] > 235


def test_progress_tells_frames(tmp_path):
    told = []
    cppnart.walk(
        seed=1,
        duration=0.5,
        fps=8,
        output=tmp_path / "f.gif",
        progress=lambda *at: told.append(at),
        **SMALL,
    )
    assert told == [(n, 4) for n in range(1, 5)]


def test_the_workers_of_a_cluster_render_the_same_frames(tmp_path):
    pytest.importorskip("distributed")
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, dask in ((here, None), (there, "local")):
        film = {"seeds": "1,2", "duration": 0.5, "fps": 8, "dask": dask}
        cppnart.walk(**film, output=f"{folder}{os.sep}", **SMALL)
    names = sorted(p.name for p in here.iterdir())
    assert len(names) == 5
    assert names == sorted(p.name for p in there.iterdir())
    for name in names:
        assert (here / name).read_bytes() == (there / name).read_bytes()


# --- What is planned where nothing is asked for ---


def planned(*sources, seeds=None, steps=None, motion=None, **look):
    return plan([seed_source(s) for s in sources], seeds, steps, Motion(**(motion or {})), look)


def test_one_picture_moves_in_time_or_breathes_and_loops():
    timed = planned(42, style="ripples")
    assert (timed.loop, timed.turns, timed.breathe) == (True, 1, 0)
    assert timed.frames == 300
    still = planned(42, style="classic")
    assert (still.loop, still.turns) == (True, 0)
    assert still.breathe > 0


def test_several_pictures_morph_and_slow_down_at_each():
    film = planned(seeds="1,2,3", style="atlas")
    assert (film.path, film.ease, film.loop, film.frames) == ("spline", "smooth", False, 300)
    assert planned(seeds="1,2", style="atlas", motion={"loop": True}).frames == 300


def test_latents_of_one_picture_begin_with_its_own():
    film = planned(42, steps=3, style="agate")
    assert len(film.keys) == 3
    assert film.keys[0].latent is None
    assert len({tuple(key.latent or ()) for key in film.keys}) == 3


def test_a_camera_alone_is_motion_enough():
    film = planned(7, style="classic", motion={"zoom": "1:200", "rotate": "90", "pan": "0.3,0.1"})
    assert (film.zoom, film.rotate) == ((1, 200), (0, 90))
    assert film.center == ((0, 0), (0.3, 0.1))
    assert not film.loop


def test_the_size_of_a_film_is_that_of_its_picture_but_even(tmp_path):
    picture = tmp_path / "p.png"
    cppnart.render(seed=1, style="tile", size="301x151", output=picture)
    assert plan([picture], None, None, Motion(), {}).keys[0].size == "300x152"
    assert planned(1).keys[0].size == "1280x720"
    assert planned(1, size="500x300").keys[0].size == "500x300"
    assert planned(1, size=500).keys[0].size == "500x500"


def test_a_film_of_a_part_of_a_deep_picture(tmp_path):
    picture = tmp_path / "part.png"
    part = {"region": (10, 20, 32, 24), "bits": 16}
    cppnart.render(seed=1, style="classic", size="64x64", output=picture, **part)
    made = cppnart.walk(picture, size="64x64", duration=0.25, fps=8, output=tmp_path / "a.mp4")
    assert (made.width, made.height, made.frames) == (32, 24, 2)
