"""The layout of the Phototourism scenes: a .tsv that says what pictures are for, and ``dense``.

Jin et al. 2020, with the splits of NeRF-W (Martin-Brualla et al. 2021): columns filename, id, split
and dataset; pictures in ``dense/images``, COLMAP's files in ``dense/sparse``.
"""

from __future__ import annotations

import csv
from pathlib import Path

from cppnart.fields.scenes.colmap import cameras_of, placed
from cppnart.fields.scenes.colmap_files import read_lenses, read_points, read_shots
from cppnart.fields.scenes.files import Missing
from cppnart.fields.scenes.scene import SPLITS, Scene, View


def recognises(path: Path) -> bool:
    return path.is_dir() and (path / "dense").is_dir() and any(path.glob("*.tsv"))


def read(folder: Path, split_every: int) -> Scene:
    """The scene in a folder. Pictures without an id or a pose belong to no view."""
    tables = sorted(folder.glob("*.tsv"))
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables)
        raise ValueError(f"{folder}: several tables of pictures ({names}); expected one")
    pictures = folder / "dense" / "images"
    model = next(
        (p for p in (folder / "dense/sparse", folder / "dense/sparse/0") if _holds_model(p)), None
    )
    if model is None:
        raise ValueError(f"{folder}: no images.bin or images.txt in dense/sparse")
    shots = {shot.name: shot for shot in read_shots(model)}
    chosen, views, missing = [], [], Missing()
    for name, split in _rows(tables[0]):
        if name not in shots or not (pictures / name).is_file():
            missing.add(name)
            continue
        chosen.append(shots[name])
        views.append(View(name, split, pictures / name))
    cameras = cameras_of(chosen, read_lenses(model))
    remarks = missing.remarks("without a file or a pose")
    return placed(folder.resolve().name, cameras, tuple(views), read_points(model), remarks)


def _rows(table: Path) -> list[tuple[str, str]]:
    """The names and splits of the rows that have an id."""
    with open(table, encoding="utf-8", errors="replace", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t")
        if not {"filename", "id", "split"} <= set(reader.fieldnames or ()):
            raise ValueError(f"{table}: expected columns filename, id, split and dataset")
        rows = [row for row in reader if (row["id"] or "").strip()]
    for row in rows:
        if row["split"] not in SPLITS or not row["filename"] or "\0" in row["filename"]:
            raise ValueError(f"{table}: {row['filename']!r:.60} has the split {row['split']!r:.20}")
    return [(row["filename"], row["split"]) for row in rows]


def _holds_model(path: Path) -> bool:
    return (path / "images.bin").is_file() or (path / "images.txt").is_file()
