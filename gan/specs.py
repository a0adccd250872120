"""Specifications: what a network is built from, as JSON-ready mappings and as dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import msgspec

S = TypeVar("S")


def kind_of(spec: Mapping[str, Any], known: Mapping[str, Any], what: str) -> str:
    """The kind that a specification names; ValueError where there is none of that name."""
    kind = spec.get("kind")
    if not isinstance(kind, str) or kind not in known:
        raise ValueError(f"{what} {kind!r}: expected one of {', '.join(known)}")
    return kind


def parsed(kind: type[S], spec: Mapping[str, Any]) -> S:
    """The dataclass of a mapping; ValueError for unknown names and wrong types."""
    names = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    for name in spec:
        if name not in names:
            raise ValueError(f"unknown option {name!r}: expected among {', '.join(names)}")
    try:
        return msgspec.convert(dict(spec), kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{spec.get('kind')}: {error}") from None


def check_between(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} {value}: expected a number from {low} to {high}")
