"""What requests say: JSON and parameters, read strictly."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

import msgspec
from starlette.requests import Request

from . import adding, nurseries
from .errors import TooLarge

MAX_JSON = 1 << 16

T = TypeVar("T")
Text = Annotated[str, msgspec.Meta(max_length=1000)]
Tags = Annotated[list[Text], msgspec.Meta(max_length=100)]
Index = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Seed(_Body, frozen=True):
    """A seed to be added, and its look."""

    seed: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    style: Text | None = None
    palette: Text | None = None
    finish: Text | None = None
    color: Text | None = None
    title: Text | None = None
    tags: Tags = []


class Change(_Body, frozen=True):
    """Of a work."""

    title: Text | None = None
    tags: Tags | None = None
    favourite: bool | None = None


class Start(_Body, frozen=True):
    """What a nursery begins with: works, or a seed, or nothing."""

    works: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=64)] | None = None
    seed: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] | None = None
    style: Text | None = None
    nothing: bool = False


class _Bred(_Body, frozen=True):
    strength: float | msgspec.UnsetType = msgspec.UNSET
    colour: Text | msgspec.UnsetType | None = msgspec.UNSET
    activations: nurseries.Names | msgspec.UnsetType | None = msgspec.UNSET
    inputs: nurseries.Names | msgspec.UnsetType | None = msgspec.UNSET
    count: int | msgspec.UnsetType = msgspec.UNSET

    def changes(self) -> dict[str, Any]:
        """The settings that were given."""
        names = ("strength", "colour", "activations", "inputs", "count")
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not msgspec.UNSET}


class Begin(_Bred, frozen=True, kw_only=True):
    """A new nursery."""

    start: Start


class Next(_Bred, frozen=True, kw_only=True):
    """The children that were chosen."""

    chosen: Annotated[list[Index], msgspec.Meta(min_length=1, max_length=64)]
    round: Number | None = None


class Again(_Bred, frozen=True):
    """Other children of the same parents."""


class Keep(_Body, frozen=True):
    """A child that is to be kept."""

    index: Index
    title: Text | None = None
    tags: Tags = []
    round: Number | None = None


async def body(request: Request, form: type[T]) -> T:
    """The JSON of a request; ValueError in one line, TooLarge."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ValueError(f"content-type {kind[:60]!r}: expected application/json")
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > MAX_JSON:
            raise TooLarge(f"more than {MAX_JSON} bytes of JSON: expected fewer")
    try:
        return msgspec.json.decode(bytes(data), type=form)
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"the request cannot be used: {line[:200]}") from None


def number(request: Request, name: str, default: int) -> int:
    """A parameter of an address that is a whole number; ValueError."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise ValueError(f"{name} {text[:40]!r}: expected a whole number")
    return int(text)


def flag(request: Request, name: str) -> bool:
    """A parameter that is 1, or 0 or absent; ValueError."""
    text = request.query_params.get(name, "0")
    if text not in ("0", "1"):
        raise ValueError(f"{name} {text[:40]!r}: expected 0 or 1")
    return text == "1"


def place(request: Request, name: str) -> int:
    """A whole number in the path of an address; ValueError."""
    text = request.path_params[name]
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise ValueError(f"{name} {text[:40]!r}: expected a whole number")
    return int(text)


def search(request: Request) -> dict[str, Any]:
    """What a list of works is asked for, as for ``works.find``."""
    query = request.query_params
    return {
        "search": query.get("search", "")[:1000],
        "tag": query.get("tag") or None,
        "favourite": flag(request, "favourite"),
        "kind": query.get("kind") or None,
        "sort": query.get("sort", "newest"),
        "deleted": flag(request, "deleted"),
        "offset": number(request, "offset", 0),
        "limit": number(request, "limit", 60),
    }


def suffix(name: str) -> str:
    """The suffix of a file's name, which is all of it that counts; ValueError."""
    found = re.search(r"\.[A-Za-z]{1,12}$", name)
    if found is None or found[0].lower() not in adding.SUFFIXES:
        raise ValueError(
            f"name {name[:80]!r}: expected one that ends in {' '.join(adding.SUFFIXES)}"
        )
    return found[0].lower()
