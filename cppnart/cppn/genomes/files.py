"""Genomes as JSON: in files, and in the recipes of their pictures.

A file is taken as untrusted: its size is limited, its form strict, and what it says is checked
where a Genome is made of it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import msgspec

from cppnart.fields.atomic import atomic_output

from .genes import Genome, Link, Node

VERSION = 1
MAX_BYTES = 4 << 20
SUFFIX = ".json"

Text = Annotated[str, msgspec.Meta(max_length=64)]


class _File(msgspec.Struct, forbid_unknown_fields=True, rename={"version": "cppnart-genome"}):
    """nodes: (id, activation); links: (innovation, source, target, weight, enabled)."""

    version: int
    inputs: list[Text]
    nodes: list[tuple[Text, Text]]
    links: list[tuple[Text, Text, Text, float, bool]]
    convention: Text = "centers"


def to_json(genome: Genome) -> str:
    """The genome as JSON, in one line; equal genomes give equal texts."""
    return msgspec.json.encode(_packed(genome)).decode()


def to_dict(genome: Genome) -> dict[str, Any]:
    """The same as plain lists and dictionaries."""
    made = msgspec.to_builtins(_packed(genome))
    assert isinstance(made, dict)
    return made


def from_json(text: str | bytes) -> Genome:
    """The genome that to_json made this text of; ValueError, in one line, for anything else."""
    if len(text) > MAX_BYTES:
        raise ValueError(f"a genome of {len(text)} bytes: expected at most {MAX_BYTES}")
    try:
        return _unpacked(msgspec.json.decode(text, type=_File))
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ValueError(f"not a usable genome: {str(error)[:200]}") from None


def from_dict(data: Any) -> Genome:
    """The genome that to_dict made this of."""
    try:
        return _unpacked(msgspec.convert(data, _File))
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a usable genome: {str(error)[:200]}") from None


def save(path: str | os.PathLike[str], genome: Genome) -> None:
    """Writes a genome to a file, whole or not at all; OSError when it cannot be written."""
    with atomic_output(path) as temporary:
        temporary.write_text(to_json(genome) + "\n", encoding="utf-8")


def load(path: str | os.PathLike[str], *, convention: str | None = None) -> Genome:
    """Reads a genome: JSON, or Picbreeder's XML, or a zip with one of either.

    convention: of Picbreeder's; see picbreeder.py. Raises OSError, or ValueError with the name of
    the file and what is wrong with it.
    """
    from .picbreeder import from_xml, unzipped

    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES} bytes, the most that a genome may have")
        if data.startswith(b"PK"):
            data = unzipped(data)
        text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
        if text.startswith(b"{"):
            return from_json(text)
        return from_xml(text, convention=convention or "endpoints")
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None


def _packed(genome: Genome) -> _File:
    return _File(
        VERSION,
        list(genome.inputs),
        [(node.id, node.activation) for node in genome.nodes],
        [(o.innovation, o.source, o.target, o.weight, o.enabled) for o in genome.links],
        genome.convention,
    )


def _unpacked(file: _File) -> Genome:
    if file.version != VERSION:
        raise ValueError(
            f"a genome of version {file.version}: this cppnart reads version {VERSION}"
        )
    return Genome(
        tuple(file.inputs),
        tuple(Node(*node) for node in file.nodes),
        tuple(Link(*link) for link in file.links),
        file.convention,
    )
