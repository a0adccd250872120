"""Meshes with colours: reading them, colours at points, and baking colours into a picture."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .meshes import Floats, Mesh, checked, load, read_mesh
from .sampling import spread

PADDING = 4
MAX_SIDE = 16384
"""Of a baked picture, in pixels."""
_PAIRS = 1 << 20


@dataclass(frozen=True, eq=False)
class Textured:
    """A mesh whose faces have places in a picture, or whose vertices have colours.

    mesh: its vertices are those of the file, split at seams where there are any. uv: (V, 2), the
    origin at the lower left. picture: (H, W, 3) uint8 sRGB, or None where vertices have colours.
    """

    mesh: Mesh
    uv: Floats | None = None
    picture: NDArray[np.uint8] | None = None

    def on_surface(
        self, count: int, random: np.random.Generator
    ) -> tuple[Floats, NDArray[np.float32]]:
        """Points spread evenly over the surface, (count, 3), and their colours, sRGB in [0, 1]."""
        points, weights, face = spread(self.mesh, count, random)
        return points, colours_at(self, face, weights)


def colours_at(
    textured: Textured, faces: NDArray[np.int64], weights: Floats
) -> NDArray[np.float32]:
    """Colours of points in faces (N,) by the weights (N, 3) of corners, sRGB in [0, 1], (N, 3)."""
    corners = textured.mesh.faces[faces]
    if textured.picture is None:
        assert textured.mesh.colours is not None
        colours = np.einsum("nk,nkc->nc", weights, textured.mesh.colours[corners])
        return np.asarray(colours, np.float32)
    assert textured.uv is not None
    return looked_up(textured.picture, np.einsum("nk,nkd->nd", weights, textured.uv[corners]))


def read_textured(
    path: str | os.PathLike[str], texture: str | os.PathLike[str] | None = None
) -> Textured:
    """A mesh file with its colours: those of its texture, or of its vertices.

    texture: a picture in place of the one that the file names. Raises ValueError for a mesh
    without colours, a picture that is missing, and all that read_mesh refuses.
    """
    name = os.fspath(path)
    loaded = load(path)
    uv = getattr(loaded.visual, "uv", None)
    vertices, faces = np.asarray(loaded.vertices, float), np.asarray(loaded.faces, np.int64)
    checked(Mesh(vertices, faces), name)
    if uv is None or len(uv) != len(vertices):
        if texture is not None:
            raise ValueError(f"{name}: no texture coordinates: it has no use for {texture}")
        plain = read_mesh(path)
        if plain.colours is None:
            raise ValueError(f"{name}: neither a texture nor colours of vertices")
        return Textured(plain)
    uv = np.asarray(uv, float)
    if not np.isfinite(uv).all():
        raise ValueError(f"{name}: texture coordinates are not finite")
    if texture is None and (missing := _missing(path)) is not None:
        raise ValueError(f"{name}: {missing}: --texture names another picture")
    return Textured(Mesh(vertices, faces), uv, _picture(loaded, texture, name))


def read_model(
    path: str | os.PathLike[str], texture: str | os.PathLike[str] | None = None
) -> tuple[Textured, str | None]:
    """A mesh file with its colours if it has any that can be had, and a remark where it cannot."""
    try:
        return read_textured(path, texture), None
    except ValueError as error:
        if texture is not None:
            raise
        plain = read_mesh(path)  # whatever else is wrong is said here
        lacking = "colours of vertices" in str(error)
        return Textured(plain), None if lacking else str(error)


def coordinates(path: str | os.PathLike[str]) -> tuple[Mesh, Floats] | None:
    """A mesh file with its own texture coordinates, (V, 2), if it has any that lie in the
    picture."""
    loaded = load(path)
    uv = getattr(loaded.visual, "uv", None)
    if uv is None or len(uv) != len(loaded.vertices):
        return None
    uv = np.asarray(uv, float)
    if not (np.isfinite(uv).all() and uv.min() >= -1e-6 and uv.max() <= 1 + 1e-6):
        return None
    faces = np.asarray(loaded.faces, np.int64)
    return Mesh(np.asarray(loaded.vertices, float), faces), np.clip(uv, 0, 1)


def looked_up(picture: NDArray[np.uint8], uv: Floats) -> NDArray[np.float32]:
    """Colours of a picture at places (N, 2), (N, 3) in [0, 1], linear between pixels; the picture
    repeats, as textures do."""
    height, width = picture.shape[:2]
    x = uv[:, 0] * width - 0.5
    y = (1 - uv[:, 1]) * height - 0.5
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = (x - left)[:, None], (y - top)[:, None]
    columns = left % width, (left + 1) % width
    rows = top % height, (top + 1) % height
    upper = picture[rows[0], columns[0]] * (1 - fx) + picture[rows[0], columns[1]] * fx
    lower = picture[rows[1], columns[0]] * (1 - fx) + picture[rows[1], columns[1]] * fx
    return np.asarray((upper * (1 - fy) + lower * fy) / 255, np.float32)


def unwrapped(mesh: Mesh, size: int = 1024) -> tuple[Mesh, Floats]:
    """The mesh split at seams, and places of its vertices in a picture, (V, 2), lower left first.

    Charts lie PADDING pixels apart in a picture of about this size, so that none shows in another.
    By xatlas; ValueError says how to get it where it is missing.
    """
    try:
        import xatlas
    except ImportError:
        raise ValueError(
            "a mesh without texture coordinates is unwrapped by xatlas:"
            " pip install 'cppnart[solids]' brings it"
        ) from None
    atlas, packing = xatlas.Atlas(), xatlas.PackOptions()
    packing.padding, packing.resolution = PADDING, size
    atlas.add_mesh(mesh.vertices.astype(np.float32), mesh.faces.astype(np.uint32))
    atlas.generate(pack_options=packing)
    numbers, faces, uv = atlas[0]
    split = Mesh(mesh.vertices[numbers], faces.astype(np.int64))
    return split, np.asarray(uv, float)


def baked(
    mesh: Mesh, uv: Floats, colours: Callable[[Floats], NDArray[np.floating]], size: int
) -> NDArray[np.uint8]:
    """A picture (size, size, 3) with the colours, sRGB in [0, 1], that points of a mesh have.

    uv: places of the vertices, (V, 2). Pixels beside the charts take the colour of the nearest in
    one, so that nothing shows at seams, in smaller versions of the picture neither.
    """
    from scipy.ndimage import distance_transform_edt

    if not 16 <= size <= MAX_SIDE:
        raise ValueError(f"a texture of {size} pixels: expected 16 to {MAX_SIDE}")
    points, covered = _points_of_pixels(mesh, uv, size)
    if not covered.any():
        raise ValueError("the texture coordinates cover no pixel")
    picture = np.zeros((size, size, 3), np.uint8)
    rows, columns = np.nonzero(covered)
    for start in range(0, len(rows), _PAIRS):
        part = slice(start, start + _PAIRS)
        found = np.clip(colours(points[rows[part], columns[part]].astype(float)), 0, 1)
        picture[rows[part], columns[part]] = np.round(found * 255)
    nearest = distance_transform_edt(~covered, return_distances=False, return_indices=True)
    return np.asarray(picture[tuple(nearest)])


def _points_of_pixels(
    mesh: Mesh, uv: Floats, size: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The point of the mesh in the middle of each pixel, (size, size, 3), and where one is."""
    place = np.stack([uv[:, 0] * size, (1 - uv[:, 1]) * size], 1)[mesh.faces]
    points = np.zeros((size, size, 3), np.float32)
    covered = np.zeros((size, size), bool)
    first = np.clip(np.floor(place.min(1) - 0.5).astype(np.int64), 0, size - 1)
    last = np.clip(np.ceil(place.max(1) - 0.5).astype(np.int64), 0, size - 1)
    spans = last - first + 1
    total = np.cumsum(spans.prod(1))
    start = 0
    while start < len(total):
        done = total[start - 1] if start else 0
        end = max(int(np.searchsorted(total, done + _PAIRS, side="right")), start + 1)
        face = np.repeat(np.arange(start, end), spans[start:end].prod(1))
        within = np.arange(len(face)) + done - (total[face] - spans[face].prod(1))
        column = first[face, 0] + within % spans[face, 0]
        row = first[face, 1] + within // spans[face, 0]
        a, b, c = np.moveaxis(place[face], 1, 0)
        p = np.stack([column, row], 1) + 0.5
        whole = _cross(b - a, c - a)
        safe = np.where(whole == 0, 1.0, whole)
        v, w = _cross(p - a, c - a) / safe, _cross(b - a, p - a) / safe
        weights = np.stack([1 - v - w, v, w], 1)
        inside = (weights > -1e-9).all(1) & (whole != 0)
        corners = mesh.corners[face[inside]]
        points[row[inside], column[inside]] = np.einsum("nk,nkd->nd", weights[inside], corners)
        covered[row[inside], column[inside]] = True
        start = end
    return points, covered


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _missing(path: str | os.PathLike[str]) -> str | None:
    """What an .obj file names that is not there, or that it names nothing."""
    if Path(path).suffix.lower() != ".obj":
        return None
    materials = _named(Path(path), "mtllib")
    if not materials:
        return "texture coordinates, but no material that names a picture"
    pictures: list[Path] = []
    for material in materials:
        if not material.is_file():
            return f"the material file {material.name} is missing"
        pictures += _named(material, "map_Kd")
    for picture in pictures:
        if not picture.is_file():
            return f"the texture {picture.name} is missing"
    return None if pictures else "its materials name no picture"


def _named(path: Path, word: str) -> list[Path]:
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = [line.split(None, 1) for line in file if line.startswith(word)]
    return [path.parent / parts[1].strip() for parts in lines if len(parts) == 2]


def _picture(
    loaded: object, texture: str | os.PathLike[str] | None, name: str
) -> NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError

    try:
        if texture is not None:
            with Image.open(texture) as opened:
                return np.array(opened.convert("RGB"))
        material = getattr(getattr(loaded, "visual", None), "material", None)
        image = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
        if image is None:
            raise ValueError(f"{name}: texture coordinates, but no texture: --texture names one")
        return np.array(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        shown = name if texture is None else os.fspath(texture)
        raise ValueError(f"{shown}: the texture cannot be read: {error}") from None
