"""Works: the pictures of a gallery, each known by a hash of its recipe."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from cppnart.cppn.genomes.mlp import numbers_of_field
from cppnart.fields import files
from cppnart.fields.program import Program
from cppnart.render.breeding.lineage import lineage_id
from cppnart.render.prepare import (
    DEFAULT_SIZE,
    FIELD_SUFFIX,
    GENOME_SUFFIXES,
    Prepared,
    prepare,
)
from cppnart.render.recipe import Recipe, genome_of, parse_recipe, recipe_text
from cppnart.render.sizes import parse_size

from . import pictures
from .catalogue import Catalogue, Row
from .errors import NotThere

KEPT, DELETED, PASSED = "kept", "deleted", "passed"
"""States: in the gallery; deleted, which can be undone; chosen on the way to something else, and
remembered so that it can be branched from."""
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff")
SUFFIXES = (*PICTURE_SUFFIXES, FIELD_SUFFIX, *GENOME_SUFFIXES)
MAX_TITLE, MAX_TAG, MAX_TAGS = 200, 40, 32
MAX_PARAMETERS = 1 << 24
"""Of a field: with more of them a thumbnail would take minutes."""
MAX_BRED = 1 << 20
"""Of a field that may be a parent."""
MAX_RECIPE = 24 << 20
"""In bytes: of a field with three million numbers, or so."""

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


# --- Adding ---


def source_recipe(path: Path) -> tuple[Recipe, str]:
    """The full recipe of a picture, a field or a genome, and what kind it would be if it holds a
    field. Raises ValueError or OSError where the file is none of these."""
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path.name[:80]}: expected a name that ends in {' '.join(SUFFIXES)}")
    kind = "picture"
    if path.suffix.lower() == FIELD_SUFFIX:
        _, note = files.load(path)
        kind = "gan" if note.get("made") == "gan" else "fit"
    return prepare(path).recipe, kind


def recipe_key(recipe: Recipe) -> str:
    """What a picture is known by in a gallery: 16 hex digits."""
    return hashlib.sha256(recipe_text(recipe).encode()).hexdigest()[:16]


def remember(
    catalogue: Catalogue,
    prepared: Prepared,
    *,
    key: str,
    shader: bool,
    title: str | None = None,
    tags: Sequence[str] = (),
    kind: str = "picture",
    parents: dict[str, str] | None = None,
    state: str = KEPT,
) -> str:
    """Puts a picture into the catalogue and returns its id; one that is there stays as it is, but
    is kept if it was not and is to be.

    key: its id. shader: whether it has one. kind: of a field, where it came from. parents: works
    that are known by the lineage ids in the recipe. Raises ValueError for what is too large.
    """
    recipe = prepared.recipe
    text = recipe_text(recipe).encode()
    if len(text) > MAX_RECIPE:
        raise ValueError(f"a recipe of {len(text)} bytes: the gallery takes up to {MAX_RECIPE}")
    facts = {**_facts(prepared, kind), "shader": shader}
    name = checked_title(title) if title else _usual_title(recipe, facts["kind"], key)
    labels = checked_tags(tags)
    packed = zlib.compress(text, 6)
    with catalogue.change() as db:
        there = db.execute("SELECT state FROM works WHERE id = ?", (key,)).fetchone()
        if there is not None:
            if state == KEPT and there["state"] != KEPT:
                db.execute("UPDATE works SET state = ? WHERE id = ?", (KEPT, key))
            if title or labels:
                _write(db, key, title=name if title else None, tags=labels or None)
            return key
        db.execute("INSERT OR IGNORE INTO recipes VALUES (?, ?)", (key, packed))
        (number,) = db.execute("SELECT coalesce(max(number), 0) + 1 FROM works").fetchone()
        facts |= {
            "id": key,
            "number": number,
            "lineage": lineage_id(msgspec.structs.replace(recipe, region=None)),
            "title": name,
            "sorting": "",
            "words": "",
            "state": state,
            "created": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        }
        names = ", ".join(facts)
        marks = ", ".join("?" * len(facts))
        db.execute(f"INSERT INTO works ({names}) VALUES ({marks})", tuple(facts.values()))
        for lineage in dict.fromkeys(recipe.parents or []):
            parent = (parents or {}).get(lineage)
            db.execute("INSERT INTO parents VALUES (?, ?, ?)", (key, lineage, parent))
        _write(db, key, tags=labels)
    return key


def _facts(prepared: Prepared, kind: str) -> dict[str, Any]:
    recipe, drawn = prepared.recipe, prepared.drawn
    genome = genome_of(recipe)
    program = drawn.raw if drawn else prepared.picture.field
    if genome is not None:
        kind = "genome"
    elif recipe.field is None:
        kind = "mlp" if recipe.weights else "seed"
    width, height = pictures.frame_of(prepared)
    return {
        "kind": kind,
        "style": recipe.style,
        "seed": recipe.seed,
        "width": width,
        "height": height,
        "nodes": len(genome.inputs) + len(genome.nodes) if genome else 0,
        "weights": len(genome.enabled) if genome else program.parameters,
        "breed": recipe.field is None or _can_change(prepared.picture.field),
        "animate": drawn is not None or "t" in program.input_names,
    }


def _can_change(program: Program) -> bool:
    """Whether a field has numbers that breeding may change, and not too many for each child to
    have a copy."""
    if program.parameters > MAX_BRED:
        return False
    masks = numbers_of_field(program).free
    return any(mask is not None and any(part.any() for part in mask) for mask in masks)


def check_size(prepared: Prepared) -> None:
    """Refuses a field of which even a thumbnail would take minutes."""
    count = prepared.picture.field.parameters
    if count > MAX_PARAMETERS:
        raise ValueError(f"a field of {count} numbers: the gallery takes up to {MAX_PARAMETERS}")


def _usual_title(recipe: Recipe, kind: str, key: str) -> str:
    if kind == "seed":
        return checked_title(f"{recipe.style} {recipe.seed}"[:MAX_TITLE])
    return f"{recipe.style or kind} {key[:4]}"


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
        _write(db, work, title, tags)
    return work_of(catalogue, work)


def _write(db: Any, work: str, title: str | None = None, tags: Sequence[str] | None = None) -> None:
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
