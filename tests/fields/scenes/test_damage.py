"""Files of scenes that were changed at one place: they are read, or refused in one line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.fields.scenes import read_scene

from .making import points_before, ring, write_blender, write_colmap, write_llff, write_nerfstudio

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -1, 0, 1e300, 1e-300, "", "\0", "../..", [], [[]], {}, [1, "a"]]),
    st.floats(),
    st.text(max_size=4),
)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of everything within a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, part in inner:
        found.append((*path, key))
        if isinstance(part, dict | list):
            found += leaves(part, (*path, key))
    return found


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    made = json.loads(json.dumps(value))
    at = made
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return made


def read_or_refused(folder: Path) -> None:
    said = ""
    try:
        scene = read_scene(folder)
    except (ValueError, OSError) as error:
        said = str(error)
    else:
        assert len(scene.views) == len(scene.cameras)
        assert 0 < scene.near < scene.far
    assert "\n" not in said
    assert len(said) < 600


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {name: tmp_path_factory.mktemp(name) for name in ("a", "b", "c", "d", "e")}
    few, points = ring(3), points_before(ring(3), 12)
    lens = {"k1": 0.1, "aabb_scale": 1, "camera_model": "OPENCV", "test_filenames": ["images/002"]}
    write_blender(
        made["a"], few, ["train", "train", "test"], near=2, far=6, box=[[-1] * 3, [1] * 3]
    )
    write_nerfstudio(made["b"], few, **lens)
    write_colmap(made["c"], few, points, binary=True)
    write_colmap(made["d"], few, points, binary=False)
    write_llff(made["e"], few, np.tile([2.0, 9.0], (3, 1)))
    return made


@pytest.mark.parametrize(("name", "file"), [("a", "transforms_train"), ("b", "transforms")])
@given(choice=st.data())
def test_json_with_an_odd_value(
    folders: dict[str, Path], name: str, file: str, choice: st.DataObject
) -> None:
    path = folders[name] / f"{file}.json"
    good = path.read_text()
    said = json.loads(good)
    place = choice.draw(st.sampled_from(leaves(said)))
    try:
        path.write_text(json.dumps(changed(said, place, choice.draw(ODD))))
        read_or_refused(folders[name])
    finally:
        path.write_text(good)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        *(("c", f"sparse/0/{kind}.bin") for kind in ("cameras", "images", "points3D")),
        *(("d", f"sparse/0/{kind}.txt") for kind in ("cameras", "images", "points3D")),
        ("e", "poses_bounds.npy"),
    ],
)
@given(choice=st.data())
def test_files_with_a_few_other_bytes(
    folders: dict[str, Path], name: str, file: str, choice: st.DataObject
) -> None:
    path = folders[name] / file
    good = path.read_bytes()
    start = choice.draw(st.integers(0, len(good) - 1))
    other = choice.draw(st.binary(min_size=1, max_size=8))
    try:
        path.write_bytes(good[:start] + other + good[start + len(other) :])
        read_or_refused(folders[name])
    finally:
        path.write_bytes(good)
