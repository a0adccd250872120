"""Works: the pictures of a gallery, each known by a hash of its recipe."""

from __future__ import annotations

import os
import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from cppnart.render.prepare import DEFAULT_SIZE
from cppnart.render.recipe import Recipe, parse_recipe, recipe_text
from cppnart.render.sizes import parse_size

from .catalogue import Catalogue, Row
from .errors import NotThere

KEPT, DELETED, PASSED = "kept", "deleted", "passed"
"""States: in the gallery; deleted, which can be undone; chosen on the way to something else, and
remembered so that it can be branched from."""
MAX_TITLE, MAX_TAG, MAX_TAGS = 200, 40, 32

SORTS = {
    "newest": "number DESC",
    "oldest": "number",
    "title": "sorting, number",
    "favourite": "favourite DESC, number DESC",
}
KINDS = ("seed", "genome", "mlp", "fit", "gan", "picture")


class Work(msgspec.Struct, frozen=True):
    """A work as it is listed."""

    id: str
    title: str
    tags: list[str]
    favourite: bool
    created: str
    kind: str
    style: str | None
    parents: list[str]
    size: tuple[int, int]
    thumbnail: str
    kept: bool
    deleted: bool
    nodes: int
    weights: int
    can: dict[str, bool]


@dataclass(frozen=True)
class Found:
    """What a search found: how many in all, and those of the page that was asked for."""

    total: int
    works: list[Work]
    tags: list[tuple[str, int]]


# --- Reading ---


def recipe_of(catalogue: Catalogue, work: str) -> Recipe:
    """The recipe of a work; NotThere."""
    row = catalogue.row("SELECT content FROM recipes WHERE id = ?", (work,))
    return parse_recipe(zlib.decompress(_there(row, work)["content"]))


def lineage_of_work(catalogue: Catalogue, work: str) -> str:
    """The lineage id of a work; NotThere."""
    row = catalogue.row("SELECT lineage FROM works WHERE id = ?", (work,))
    return str(_there(row, work)["lineage"])


def _there(row: Row | None, work: str) -> Row:
    if row is None:
        raise NotThere(f"work {work[:40]!r} is not in the gallery")
    return row


def frame_of_recipe(recipe: Recipe) -> tuple[int, int]:
    """Width and height of what a recipe shows, in its own pixels."""
    if recipe.region is not None:
        return (recipe.region[2], recipe.region[3])
    size = parse_size(recipe.size or DEFAULT_SIZE)
    return (size.width, size.height)


def work_of(catalogue: Catalogue, work: str) -> Work:
    """A work by its id; NotThere."""
    row = catalogue.row("SELECT * FROM works WHERE id = ?", (work,))
    return _works(catalogue, [_there(row, work)])[0]


def works_of(catalogue: Catalogue, ids: Sequence[str]) -> list[Work]:
    """Those of these works that are there, in this order."""
    found: dict[str, Work] = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        rows = catalogue.rows(f"SELECT * FROM works WHERE id IN ({_marks(part)})", part)
        found |= {work.id: work for work in _works(catalogue, rows)}
    return [found[work] for work in ids if work in found]


def find(
    catalogue: Catalogue,
    *,
    search: str = "",
    tag: str | None = None,
    favourite: bool = False,
    kind: str | None = None,
    sort: str = "newest",
    deleted: bool = False,
    offset: int = 0,
    limit: int | None = 60,
) -> Found:
    """The works that have every word of ``search`` in their title, tags, kind, style or seed; or
    the one with that id.

    tag, favourite, kind: only those. deleted: those that were deleted, in place of those that are
    kept. sort: one of SORTS. offset, limit: which of them.
    """
    if sort not in SORTS:
        raise ValueError(f"sort {sort[:40]!r}: expected {', '.join(SORTS)}")
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind {kind[:40]!r}: expected {', '.join(KINDS)}")
    if limit is not None and not 0 <= limit <= 1000:
        raise ValueError(f"limit {limit}: expected 0 to 1000")
    if not 0 <= offset < 1 << 53:
        raise ValueError(f"offset {offset}: expected 0 or more")
    where, values = ["state = ?"], [DELETED if deleted else KEPT]
    for word in folded(search).split()[:32]:
        where.append("(instr(words, ?) > 0 OR id = ?)")
        values += [word, word]
    if tag is not None:
        where.append("id IN (SELECT work FROM tags WHERE tag = ?)")
        values.append(tag)
    if favourite:
        where.append("favourite = 1")
    if kind is not None:
        where.append("kind = ?")
        values.append(kind)
    chosen = f"FROM works WHERE {' AND '.join(where)}"
    (total,) = catalogue.rows(f"SELECT count(*) {chosen}", values)[0]
    rows = catalogue.rows(
        f"SELECT * {chosen} ORDER BY {SORTS[sort]} LIMIT ? OFFSET ?",
        [*values, -1 if limit is None else limit, offset],
    )
    tags = catalogue.cached("tags", lambda: _tags(catalogue))
    return Found(total, _works(catalogue, rows), tags)


def _tags(catalogue: Catalogue) -> list[tuple[str, int]]:
    """All tags of what is kept, the most used first."""
    rows = catalogue.rows(
        "SELECT tag, count(*) AS count FROM tags JOIN works ON works.id = tags.work"
        " WHERE state = ? GROUP BY tag ORDER BY count DESC, tag LIMIT 500",
        (KEPT,),
    )
    return [(row["tag"], row["count"]) for row in rows]


def _works(catalogue: Catalogue, rows: Sequence[Row]) -> list[Work]:
    ids = [row["id"] for row in rows]
    tags: dict[str, list[str]] = {work: [] for work in ids}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        query = f"SELECT work, tag FROM tags WHERE work IN ({_marks(part)}) ORDER BY work, tag"
        for row in catalogue.rows(query, part):
            tags[row["work"]].append(row["tag"])
    parents = parents_of(catalogue, ids)
    return [_work(row, tags[row["id"]], parents[row["id"]]) for row in rows]


def _work(row: Row, tags: list[str], parents: list[str]) -> Work:
    return Work(
        id=row["id"],
        title=row["title"],
        tags=tags,
        favourite=bool(row["favourite"]),
        created=row["created"],
        kind=row["kind"],
        style=row["style"],
        parents=parents,
        size=(row["width"], row["height"]),
        thumbnail=f"/api/works/{row['id']}/thumbnail.webp",
        kept=row["state"] == KEPT,
        deleted=row["state"] == DELETED,
        nodes=row["nodes"],
        weights=row["weights"],
        can={name: bool(row[name]) for name in ("breed", "animate", "shader")},
    )


_PARENT = """
    coalesce(parents.parent, (
        SELECT other.id FROM works AS other
        WHERE other.lineage = parents.lineage AND other.id != parents.work
        ORDER BY other.state = 'kept' DESC, other.number DESC LIMIT 1
    ))
"""
"""A parent as a work: the one that was picked, or else any with that network."""


def parents_of(catalogue: Catalogue, ids: Sequence[str]) -> dict[str, list[str]]:
    """The parents of works, as far as they are known here."""
    found: dict[str, list[str]] = {work: [] for work in ids}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        query = f"SELECT work, {_PARENT} AS parent FROM parents WHERE work IN ({_marks(part)})"
        for row in catalogue.rows(query, part):
            if row["parent"] is not None:
                found[row["work"]].append(row["parent"])
    return found


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


# --- Changing ---


def change(
    catalogue: Catalogue,
    work: str,
    *,
    title: str | None = None,
    tags: Sequence[str] | None = None,
    favourite: bool | None = None,
    state: str | None = None,
) -> Work:
    """Changes what is given; NotThere, or ValueError for a title or tags that are none."""
    title = None if title is None else checked_title(title)
    tags = None if tags is None else checked_tags(tags)
    with catalogue.change() as db:
        if db.execute("SELECT 1 FROM works WHERE id = ?", (work,)).fetchone() is None:
            raise NotThere(f"work {work[:40]!r} is not in the gallery")
        if state is not None:
            db.execute("UPDATE works SET state = ? WHERE id = ?", (state, work))
        if favourite is not None:
            db.execute("UPDATE works SET favourite = ? WHERE id = ?", (favourite, work))
        write(db, work, title, tags)
    return work_of(catalogue, work)


def write(db: Any, work: str, title: str | None = None, tags: Sequence[str] | None = None) -> None:
    """Title and tags, and what is searched and sorted by."""
    if title is not None:
        db.execute("UPDATE works SET title = ? WHERE id = ?", (title, work))
    if tags is not None:
        db.execute("DELETE FROM tags WHERE work = ?", (work,))
        db.executemany("INSERT INTO tags VALUES (?, ?)", [(work, tag) for tag in tags])
    row = db.execute("SELECT * FROM works WHERE id = ?", (work,)).fetchone()
    own = [tag for (tag,) in db.execute("SELECT tag FROM tags WHERE work = ?", (work,))]
    found = [row["title"], row["kind"], row["style"] or "", row["seed"] or "", *own]
    words = folded("\n".join(found))
    db.execute(
        "UPDATE works SET sorting = ?, words = ? WHERE id = ?", (folded(row["title"]), words, work)
    )


def checked_title(title: str) -> str:
    """A title in one line; ValueError for one that is empty or too long."""
    plain = _plain(title)
    if not (_visible(plain) and len(plain) <= MAX_TITLE):
        raise ValueError(f"a title of {len(plain)} characters: expected 1 to {MAX_TITLE}")
    return plain


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Tags in one line each, none of them twice."""
    plain = list(dict.fromkeys(_plain(tag) for tag in tags))
    if len(plain) > MAX_TAGS:
        raise ValueError(f"{len(plain)} tags: expected at most {MAX_TAGS}")
    for tag in plain:
        if not (_visible(tag) and len(tag) <= MAX_TAG):
            raise ValueError(f"tag {tag[:60]!r}: expected 1 to {MAX_TAG} characters")
    return plain


_UNWANTED = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of everything that follows."""


def _plain(text: str) -> str:
    """Composed, in one line, without what controls or is no character, spaces single."""
    composed = unicodedata.normalize("NFC", re.sub(r"\s+", " ", text))
    kept = (c for c in composed if unicodedata.category(c) not in ("Cc", "Cs", "Cn", "Co"))
    return _UNWANTED.sub("", "".join(kept)).strip()


def _visible(text: str) -> bool:
    return any(unicodedata.category(character)[0] in "LNPS" for character in text)


def folded(text: str) -> str:
    """For comparing: without case."""
    return unicodedata.normalize("NFC", text).casefold()


def titled(path: str | os.PathLike[str]) -> str | None:
    """A title for what came in a file: its name, if that says anything."""
    stem = _plain(Path(path).stem.replace("_", " ").replace("-", " "))[:MAX_TITLE].strip()
    return stem or None


def file_stem(title: str) -> str:
    """The name of a file for a title: letters and digits of ASCII."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:60] or "picture"


# --- Telling ---


def shown_recipe(recipe: Recipe) -> dict[str, Any]:
    """A recipe to be read by people: without the megabytes of networks."""
    shown: dict[str, Any] = msgspec.json.decode(recipe_text(recipe))
    for name in ("field", "weights"):
        if text := shown.get(name):
            shown[name] = f"{len(text)} characters"
    return shown


def command_of(work: Work) -> str:
    """The command that makes a picture of this one's file again, larger."""
    return f"cppnart render {file_stem(work.title)}.png --size 8192"
