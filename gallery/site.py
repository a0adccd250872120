"""A static site of chosen works: pages that need no server and run their shaders."""

from __future__ import annotations

import html
import os
import re
import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import cppnart
from cppnart.fields.atomic import atomic_output
from cppnart.render.api import render
from cppnart.render.export.html import page
from cppnart.render.export.loop import Loop
from cppnart.render.prepare import Prepared, prepare

from . import pictures, works
from .collection import Collection, open_collection
from .works import Work

PICTURE = 1600
"""Pixels of a picture's longer side, in the file that is there to be taken away."""
TITLE = "Works"
SHARED = {
    "static": ("style.css", "rooms.css", "icon.svg"),
    "pages": ("site.css", "site.js"),
}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Site:
    """What was written: the first page, how many works, all its bytes."""

    path: str
    works: int
    live: int
    bytes: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.works} works, {self.live} of them live, {self.bytes / 1e6:.1f} MB,"
            f" {self.seconds:.1f} s"
        )


def export(
    output: str | os.PathLike[str],
    ids: Sequence[str] = (),
    *,
    search: str = "",
    tag: str | None = None,
    favourite: bool = False,
    sort: str = "newest",
    title: str = TITLE,
    home: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Site:
    """Writes a site of works: a sheet of them all, and for each a page on which it is drawn live,
    its picture with the recipe in it, and links to those of its family that are shown.

    output: a folder, made if need be; what lies in it already is replaced where names are the same,
    and otherwise left alone. ids: the works, in this order; without any, those that search, tag
    and favourite find, sorted. title: of the site. home: of the gallery. progress: called with
    works done and to do. A work too large for a shader is shown as a picture. Raises ValueError
    where there are none, NotThere for an id that is none, and OSError for what cannot be written.
    """
    began = clock.perf_counter()
    collection = open_collection(home)
    try:
        chosen = (
            [collection.work(work) for work in dict.fromkeys(ids)]
            if ids
            else works.find(
                collection.catalogue,
                search=search,
                tag=tag,
                favourite=favourite,
                sort=sort,
                limit=None,
            ).works
        )
        if not chosen:
            raise ValueError("no works to export: nothing in the gallery is like that")
        name = works.checked_title(title)
        writer = _Writer(Path(output), collection, name, chosen)
        for folder in ("works", "live", "pictures", "thumbnails"):
            (writer.folder / folder).mkdir(parents=True, exist_ok=True)
        for place, names in SHARED.items():
            for shared in names:
                writer.put(shared, files(__package__).joinpath(place, shared).read_bytes())
        for done in range(len(chosen)):
            writer.work(done)
            if progress is not None:
                progress(done + 1, len(chosen))
        writer.index()
    finally:
        collection.close()
    return Site(
        os.fspath(writer.folder / "index.html"),
        len(chosen),
        len(writer.live),
        writer.bytes,
        round(clock.perf_counter() - began, 3),
    )


class _Writer:
    """Writes the files of one site."""

    def __init__(
        self, folder: Path, collection: Collection, title: str, chosen: Sequence[Work]
    ) -> None:
        self.folder, self.collection, self.title, self.chosen = folder, collection, title, chosen
        self.known = {work.id: work for work in chosen}
        self.live: set[str] = set()
        self.bytes = 0

    def put(self, name: str, content: str | bytes) -> None:
        data = content.encode() if isinstance(content, str) else content
        with atomic_output(self.folder / name) as temporary:
            temporary.write_bytes(data)
        self.bytes += len(data)

    def work(self, number: int) -> None:
        """Everything of one work."""
        work = self.chosen[number]
        recipe = self.collection.recipe(work.id)
        self.put(f"thumbnails/{work.id}.webp", self.collection.thumbnail(work.id))
        self._picture(work, prepare(recipe))
        try:
            live = page([prepare(recipe, moving=True)], Loop())
        except ValueError:  # too large for a shader
            shown = f'<img src="../pictures/{work.id}.webp" alt="{_text(work.title)}">'
        else:
            self.live.add(work.id)
            self.put(f"live/{work.id}.html", live)
            shown = f'<iframe src="../live/{work.id}.html" title="{_text(work.title)}"></iframe>'
        nodes = f"{work.nodes} nodes" if work.nodes else None
        facts = ", ".join(part for part in (work.style or work.kind, nodes) if part)
        self.put(
            f"works/{work.id}.html",
            _page(
                "work.html",
                id=work.id,
                title=_text(work.title),
                site=_text(self.title),
                description=_text(f"{work.title}: {facts}"),
                picture=shown,
                facts=_text(facts[:1].upper() + facts[1:]) + ".",
                tags="".join(f'<li class="tag">{_text(tag)}</li>' for tag in work.tags),
                beside=self._beside(number),
                family=self._family(work),
                stem=works.file_stem(work.title),
            ),
        )

    def _picture(self, work: Work, prepared: Prepared) -> None:
        size = pictures.whole_size(prepared, pictures.fitted(pictures.frame_of(prepared), PICTURE))
        path = self.folder / "pictures" / f"{work.id}.webp"
        render(prepared.recipe, size=size, bits=8, output=path, overwrite=True)
        self.bytes += path.stat().st_size

    def _beside(self, number: int) -> str:
        links = []
        for at, rel, word in ((number - 1, "prev", "Previous"), (number + 1, "next", "Next")):
            if 0 <= at < len(self.chosen):
                links.append(
                    f'<a class="link" rel="{rel}" href="{self.chosen[at].id}.html">{word}</a>'
                )
        return "".join(links)

    def _family(self, work: Work) -> str:
        children = [other.id for other in self.chosen if work.id in other.parents]
        rows = []
        for one, many, ids in (
            ("Parent", "Parents", work.parents),
            ("Child", "Children", children),
        ):
            links = [
                f'<a href="{each}.html" title="{_text(self.known[each].title)}">'
                f'<img src="../thumbnails/{each}.webp" width="56" height="56" loading="lazy"'
                f' alt="{_text(self.known[each].title)}"></a>'
                for each in ids
                if each in self.known
            ]
            if links:
                name = one if len(links) == 1 else many
                rows.append(
                    f'<div class="kin"><h2>{name}</h2><div class="parent-row">'
                    f"{''.join(links)}</div></div>"
                )
        return "".join(rows)

    def index(self) -> None:
        """The sheet of all works: last, so that it links to nothing that is not there."""
        count = len(self.chosen)
        tiles = "\n".join(_tile(work, work.id in self.live) for work in self.chosen)
        self.put(
            "index.html",
            _page(
                "index.html",
                title=_text(self.title),
                description=_text(f"{self.title}: {count} works"),
                count=str(count),
                tiles=tiles,
            ),
        )


def _tile(work: Work, live: bool) -> str:
    words = " ".join([work.title, *work.tags, work.style or "", work.kind]).casefold()
    width, height = work.size
    name, moving = _text(work.title), f' data-live="live/{work.id}.html"' if live else ""
    return (
        f'<li class="work" data-words="{_text(words)}" style="--aspect: {width / height:.4f}">'
        f'<a class="print" href="works/{work.id}.html"{moving}>'
        f'<img src="thumbnails/{work.id}.webp" width="{width}" height="{height}" loading="lazy"'
        f' alt="{name}"></a>'
        f'<div class="edge"><span class="title">{name}</span></div></li>'
    )


def _page(template: str, **parts: str) -> str:
    """A template with its places filled, in one pass: nothing put in is taken for a place."""
    parts["version"] = _text(cppnart.__version__)
    text = files(__package__).joinpath("pages", template).read_text(encoding="utf-8")
    return re.sub(r"@@(\w+)@@", lambda found: parts[found[1]], text)


def _text(text: str) -> str:
    return html.escape(text)
