"""Innovations: the numbers by which genes of different genomes are known to be the same.

They are computed from what a gene is, not counted: the node that splits a link has the number of
that split, wherever and whenever it happens. So lineages in different processes, on different
machines and in different years agree, and there is no counter to share.

An innovation is a text ``branch.number``, two whole numbers, as Picbreeder marks its genes. Here
the branch is how many splits led to the gene: later structure has higher numbers, by which excess
genes are told from disjoint ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container
from functools import lru_cache

_MARK = re.compile(r"(0|[1-9]\d{0,19})\.(0|[1-9]\d{0,19})")
LABELLED = (-1, -1)
"""Where inputs and outputs, which have labels, stand in the order."""


@lru_cache(maxsize=1 << 16)
def _parsed(innovation: str) -> tuple[int, int] | None:
    found = _MARK.fullmatch(innovation)
    return (int(found[1]), int(found[2])) if found else None


def order_of(innovation: str, what: str | None = None) -> tuple[int, int]:
    """Branch and number, by which genes are ordered; LABELLED for inputs and outputs.

    what: with it, only an innovation will do; ValueError names what has none.
    """
    found = _parsed(innovation)
    if found is None and what is not None:
        raise ValueError(f"{what} {innovation[:40]!r}: expected an innovation such as 0.17")
    return found or LABELLED


def link_innovation(source: str, target: str) -> str:
    """The innovation of a link between two nodes."""
    branch = max(order_of(source)[0], order_of(target)[0], 0)
    return f"{branch}.{_number('link', source, target)}"


def node_innovation(link: str, taken: Container[str] = ()) -> str:
    """The innovation of the node that splits a link; another one where it is taken, because the
    link was split before."""
    branch = order_of(link)[0] + 1
    again = 0
    while (made := f"{branch}.{_number('node', link, str(again))}") in taken:
        again += 1
    return made


def _number(*words: str) -> int:
    digest = hashlib.sha256(" ".join(words).encode()).digest()
    return int.from_bytes(digest[:6], "big")
