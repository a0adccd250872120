"""A gallery that is open: its folder, its database, and what is kept in memory of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cppnart.fields.atomic import atomic_output
from cppnart.render.prepare import Prepared, prepare
from cppnart.render.recipe import Recipe, recipe_text

from . import adding, pictures, works
from .catalogue import Catalogue
from .errors import NotThere
from .home import Home, open_home
from .shaders import shader_of
from .shelf import Shelf
from .works import Work

ROOM = 32 << 20
"""Bytes of pictures that are ready to be rendered, and of shaders, by a rough count."""


class Collection:
    """The works of a gallery and their pictures; for several threads."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.catalogue = Catalogue(home.database)
        self._shelf = Shelf(ROOM)

    def add_file(self, path: Path, *, title: str | None = None, tags: Sequence[str] = ()) -> Work:
        """Adds a picture that carries its recipe, a field or a genome."""
        recipe, kind = adding.source_recipe(path)
        return self.add(recipe, title=title, tags=tags, kind=kind)

    def add_seed(
        self, seed: str, title: str | None = None, tags: Sequence[str] = (), **look: Any
    ) -> Work:
        """Adds a seed, even one that looks like the name of a file; look: as for render."""
        return self.add(prepare(None, seed=seed, **look).recipe, title=title, tags=tags)

    def add(self, recipe: Recipe, **facts: Any) -> Work:
        """Adds a picture by its full recipe."""
        return self.work(self.remember(adding.recipe_key(recipe), recipe, **facts))

    def remember(self, key: str, recipe: Recipe, *, thumbnail: bool = True, **facts: Any) -> str:
        """Puts a picture into the catalogue; see ``adding.remember``. thumbnail: make it now, so
        that what cannot be rendered is refused."""
        prepared = self.picture_from(key, recipe)
        adding.check_size(prepared)
        if thumbnail and not self.home.thumbnail(key).exists():
            self._write_thumbnail(key, prepared)
        try:
            self.shader_from(key, recipe)
        except NotThere:
            shader = False
        else:
            shader = True
        return adding.remember(self.catalogue, prepared, key=key, shader=shader, **facts)

    def work(self, work: str) -> Work:
        return works.work_of(self.catalogue, work)

    def recipe(self, work: str) -> Recipe:
        return works.recipe_of(self.catalogue, work)

    def prepared(self, work: str) -> Prepared:
        """A work, ready to be rendered; NotThere."""
        return self._shelf.get(("still", work), lambda: prepare(self.recipe(work)), _weight)

    def shader(self, work: str) -> dict[str, Any]:
        """What a page needs to draw a work live; NotThere where that is too much."""
        return self.shader_from(work, self.recipe(work))

    def shader_from(self, key: str, recipe: Recipe) -> dict[str, Any]:
        """The same of a recipe that is known by this key."""

        def make() -> dict[str, Any]:
            try:
                return shader_of(prepare(recipe, moving=True))
            except ValueError as error:
                raise NotThere(f"no shader: {error}") from None

        return self._shelf.get(("shader", key), make, _shader_weight)

    def picture_from(self, key: str, recipe: Recipe) -> Prepared:
        """A recipe that is known by this key, ready to be rendered."""
        return self._shelf.get(("still", key), lambda: prepare(recipe), _weight)

    def thumbnail(self, work: str) -> bytes:
        """The thumbnail of a work, as WebP: made when it is first asked for."""
        works.lineage_of_work(self.catalogue, work)  # refuses what is not there
        path = self.home.thumbnail(work)
        if not path.exists():
            self._write_thumbnail(work, self.prepared(work))
        return path.read_bytes()

    def _write_thumbnail(self, key: str, prepared: Prepared) -> None:
        content = pictures.small(prepared, pictures.THUMBNAIL)
        with atomic_output(self.home.thumbnail(key)) as temporary:
            temporary.write_bytes(content)

    def close(self) -> None:
        self.catalogue.close()


def open_collection(home: str | os.PathLike[str] | None = None) -> Collection:
    """The gallery in a folder, by default the user's own; made if need be."""
    return Collection(open_home(home))


def add(
    files: Iterable[str | os.PathLike[str]], *, home: str | os.PathLike[str] | None = None
) -> list[Work]:
    """Adds pictures that carry their recipes, fields (.safetensors) and genomes (.json, .xml,
    .zip) to the gallery in a folder. Raises ValueError or OSError at the first that is none."""
    collection = open_collection(home)
    try:
        return [collection.add_file(Path(path), title=works.titled(path)) for path in files]
    finally:
        collection.close()


def listed(*, home: str | os.PathLike[str] | None = None, **chosen: Any) -> list[Work]:
    """The works of the gallery in a folder; chosen as for ``works.find``."""
    collection = open_collection(home)
    try:
        return works.find(collection.catalogue, limit=None, **chosen).works
    finally:
        collection.close()


def _weight(prepared: Prepared) -> int:
    return 100_000 + 64 * prepared.picture.field.parameters + len(recipe_text(prepared.recipe))


def _shader_weight(shader: dict[str, Any]) -> int:
    tables = sum(len(table["numbers"]) for table in shader["textures"].values())
    return 20_000 + len(shader["shader"]) + tables
