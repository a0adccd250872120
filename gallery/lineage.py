"""Where a work comes from, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .catalogue import Catalogue
from .works import parents_of, work_of, works_of

MOST = 2000
"""Works in one tree; the nearest ones."""


def lineage_of(catalogue: Catalogue, work: str) -> dict[str, Any]:
    """All ancestors and descendants of a work that are known, those that were never kept too."""
    work_of(catalogue, work)
    related = {work: None}
    for step in (_up, _down):
        wave: Sequence[str] = [work]
        seen = {work}
        while wave and len(related) < MOST:
            wave = [one for one in step(catalogue, wave) if one not in seen]
            wave = list(dict.fromkeys(wave))[: MOST - len(related)]
            seen.update(wave)
            related |= dict.fromkeys(wave)
    nodes = [
        {
            "id": one.id,
            "title": one.title,
            "parents": [parent for parent in one.parents if parent in related],
            "thumbnail": one.thumbnail,
            "kept": one.kept,
            "deleted": one.deleted,
            "created": one.created,
        }
        for one in works_of(catalogue, list(related))
    ]
    return {"root": work, "nodes": nodes}


def _up(catalogue: Catalogue, wave: Sequence[str]) -> list[str]:
    return [parent for found in parents_of(catalogue, wave).values() for parent in found]


def _down(catalogue: Catalogue, wave: Sequence[str]) -> list[str]:
    return [child for work in wave for child in children_of(catalogue, work)]


def children_of(catalogue: Catalogue, work: str) -> list[str]:
    """Works that have this one among their parents, oldest first."""
    rows = catalogue.rows(
        "SELECT parents.work FROM parents JOIN works AS child ON child.id = parents.work"
        " WHERE parents.lineage = (SELECT lineage FROM works WHERE id = ?)"
        " AND parents.work != ? ORDER BY child.number",
        (work, work),
    )
    found = [row["work"] for row in rows]
    parents = parents_of(catalogue, found)
    return [child for child in found if work in parents[child]]
