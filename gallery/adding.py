"""Adding to a gallery: what comes in a file, what was bred, what a seed gives."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from cppnart.cppn.genomes.mlp import numbers_of_field
from cppnart.fields import files
from cppnart.fields.program import Program
from cppnart.render.breeding.lineage import lineage_id
from cppnart.render.prepare import FIELD_SUFFIX, GENOME_SUFFIXES, Prepared, prepare
from cppnart.render.recipe import Recipe, genome_of, recipe_text

from . import pictures
from .catalogue import Catalogue
from .works import KEPT, MAX_TITLE, checked_tags, checked_title, write

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff")
SUFFIXES = (*PICTURE_SUFFIXES, FIELD_SUFFIX, *GENOME_SUFFIXES)
MAX_PARAMETERS = 1 << 24
"""Of a field: with more of them a thumbnail would take minutes."""
MAX_BRED = 1 << 20
"""Of a field that may be a parent."""
MAX_RECIPE = 24 << 20
"""In bytes: of a field with three million numbers, or so."""


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
                write(db, key, title=name if title else None, tags=labels or None)
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
        write(db, key, tags=labels)
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
