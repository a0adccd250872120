"""Genome files of Picbreeder: read, written, and drawn by the published formulas.

The format is XML, often in a zip; see ``from_xml``. A node is the pair of a branch and an id,
for ids alone collide between branches. Files come from anywhere: they are limited in size, entities
and document types are refused, and of a zip nothing is ever unpacked to a file.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterable
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .files import MAX_BYTES
from .genes import ACTIVATIONS, INPUTS, LABELS, MAX_LINKS, MAX_NODES, Genome, Link, Node
from .innovation import link_innovation
from .program import evaluate

MAX_TAGS = 16 * (MAX_NODES + MAX_LINKS)
_NAMES = {"bipolar": "sigmoid", "sigmoid": "logistic"}
"""What activations are called there: its sigmoid goes from -1 to 1."""
_OURS = {there: ours for ours in ACTIVATIONS for there in [_NAMES.get(ours, ours)]}

Array = NDArray[np.float64]


# --- Reading ---


def from_xml(text: str | bytes, *, convention: str | None = None) -> Genome:
    """The genome of a file of Picbreeder's: ``<genome>``, alone or in ``<data>``.

    Many files begin with a sibling ``<cppn-data version="1.2"/>``, and so are not well-formed;
    they are read all the same. convention: among genes.CONVENTIONS; see ``grid``; by default what
    the file says, which only those of ``to_xml`` do, and else endpoints. Raises ValueError, in one
    line, for what is no genome, has a loop, or names what is unknown.
    """
    root = _parsed(text)
    found = [element for element in root.iter("genome") if element.find("nodes") is not None]
    if len(found) != 1:
        raise ValueError(f"{len(found)} genomes in the file: expected one <genome> with <nodes>")
    genome = found[0]
    ids: dict[tuple[str, str], str] = {}
    inputs: list[str] = []
    nodes: list[Node] = []
    for element in _children(genome, "nodes/node", MAX_NODES + len(INPUTS)):
        mark, name, activation = _node(element)
        if mark in ids:
            raise ValueError(f"node {'.'.join(mark)} is there twice")
        ids[mark] = name
        if name in INPUTS:
            if activation != "identity":
                raise ValueError(f"input {name!r} has activation {activation}: expected identity")
            inputs.append(name)
        else:
            nodes.append(Node(name, activation))
    links = [_link(element, ids, True) for element in _children(genome, "links/link", MAX_LINKS)]
    rest = _children(genome, "disabled/link", MAX_LINKS)
    links += [_link(element, ids, False) for element in rest]
    chosen = convention or genome.get("convention") or "endpoints"
    return Genome(tuple(inputs), tuple(nodes), tuple(links), chosen)


def _parsed(text: str | bytes) -> ET.Element:
    try:
        text = text.decode() if isinstance(text, bytes) else text
    except UnicodeDecodeError:
        raise ValueError("not a genome: expected XML in UTF-8, JSON, or a zip of one") from None
    if len(text) > MAX_BYTES or text.count("<") > MAX_TAGS:
        raise ValueError(f"too large for a genome: expected at most {MAX_TAGS} tags")
    if "<!" in re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL):
        raise ValueError("the XML has a document type, entities or raw data: expected plain tags")
    text = re.sub(r"<\?xml[^>]*\?>", "", text)
    try:
        return ET.fromstring(f"<file>{text}</file>")
    except (ET.ParseError, ValueError) as error:
        raise ValueError(f"not a genome: the XML cannot be read ({error})") from None


def _children(genome: ET.Element, path: str, most: int) -> list[ET.Element]:
    found = genome.findall(path)
    if len(found) > most:
        raise ValueError(f"{len(found)} {path.partition('/')[0]}: expected at most {most}")
    return found


def _node(element: ET.Element) -> tuple[tuple[str, str], str, str]:
    """The marking of a node, its name here, and its activation."""
    mark = _marking(element.find("marking"), "a node")
    kind = element.get("type", "hidden").strip().lower()
    label = (element.get("label") or element.get("affinity") or "").strip().lower()
    known = {"in": set(INPUTS), "out": LABELS, "hidden": None}
    if kind not in known:
        _refuse(f"node {'.'.join(mark)} of type {kind[:20]!r}", known)
    labels = known[kind]
    if labels is not None and label not in labels:
        _refuse(f"node {'.'.join(mark)} ({kind}) has the label {label[:20]!r}", labels)
    written = (element.findtext("activation") or "").strip().lower()
    name = re.sub(r"\s*\(\s*x\s*\)$", "", written)
    if name not in _OURS:
        _refuse(f"node {'.'.join(mark)} has the activation {written[:30]!r}", _OURS)
    return mark, ".".join(mark) if labels is None else label, _OURS[name]


def _refuse(what: str, known: Iterable[str]) -> NoReturn:
    raise ValueError(f"{what}: expected one of {', '.join(sorted(known))}")


def _link(element: ET.Element, ids: dict[tuple[str, str], str], enabled: bool) -> Link:
    ends = []
    for tag in ("source", "target"):
        mark = _marking(element.find(tag), f"the {tag} of a link")
        if mark not in ids:
            raise ValueError(f"a link names node {'.'.join(mark)}, which is not there")
        ends.append(ids[mark])
    written = (element.findtext("weight") or "").strip()
    try:
        weight = float(written)
    except ValueError:
        raise ValueError(f"weight {written[:30]!r}: expected a number") from None
    source, target = ends
    marking = element.find("marking")
    if marking is None:
        return Link(link_innovation(source, target), source, target, weight, enabled)
    return Link(".".join(_marking(marking, "a link")), source, target, weight, enabled)


def _marking(element: ET.Element | None, what: str) -> tuple[str, str]:
    numbers = [] if element is None else [element.get(name, "") for name in ("branch", "id")]
    if len(numbers) != 2 or not all(re.fullmatch(r"\d{1,20}", n, re.ASCII) for n in numbers):
        shown = "none" if element is None else dict(element.attrib)
        raise ValueError(f"{what} has the marking {str(shown)[:60]}: expected whole branch and id")
    return str(int(numbers[0])), str(int(numbers[1]))


def unzipped(data: bytes) -> bytes:
    """The one member of a zip, in memory, at most MAX_BYTES; ValueError for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if len(members) != 1:
                raise ValueError(f"a zip with {len(members)} files: expected one genome in it")
            (member,) = members
            name = member.filename
            if name.startswith(("/", "\\")) or ":" in name or ".." in re.split(r"[/\\]", name):
                raise ValueError(f"the zip names a file outside itself: {name[:60]!r}")
            if member.file_size > MAX_BYTES:
                raise ValueError(f"the zip holds {member.file_size} bytes, more than {MAX_BYTES}")
            with archive.open(member) as file:  # what its table says need not be true
                found = file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"a zip that cannot be read ({error})") from None
    if len(found) > MAX_BYTES:
        raise ValueError(f"the zip holds more than {MAX_BYTES} bytes")
    return found


# --- Writing ---


def to_xml(genome: Genome) -> str:
    """The genome in Picbreeder's format; from_xml gives an equal one.

    Links that are not enabled are kept apart, where other readers do not look for links. Inputs
    and outputs, which have no innovation here, get numbers that are free.
    """
    marks = _marks(genome)
    root = ET.Element("genome")
    if genome.convention != "endpoints":
        root.set("convention", genome.convention)
    nodes = ET.SubElement(root, "nodes")
    known = {node.id: node.activation for node in genome.nodes}
    for name in [*genome.inputs, *known]:
        kind = "in" if name in INPUTS else "out" if name in LABELS else "hidden"
        node = ET.SubElement(nodes, "node", type=kind)
        if kind != "hidden":
            node.set("label", name)
        ET.SubElement(node, "marking", marks[name])
        activation = known.get(name, "identity")
        ET.SubElement(node, "activation").text = f"{_NAMES.get(activation, activation)}(x)"
    for tag, enabled in (("links", True), ("disabled", False)):
        chosen = [link for link in genome.links if link.enabled == enabled]
        if not chosen and not enabled:
            continue
        parent = ET.SubElement(root, tag)
        for gene in chosen:
            link = ET.SubElement(parent, "link")
            ET.SubElement(link, "marking", _mark(gene.innovation))
            ET.SubElement(link, "source", marks[gene.source])
            ET.SubElement(link, "target", marks[gene.target])
            ET.SubElement(link, "weight").text = repr(gene.weight)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _mark(innovation: str) -> dict[str, str]:
    branch, _, number = innovation.partition(".")
    return {"branch": branch, "id": number}


def _marks(genome: Genome) -> dict[str, dict[str, str]]:
    marks = {node.id: _mark(node.id) for node in genome.hidden}
    taken = {node.id for node in genome.hidden}
    free = (n for n in range(MAX_NODES + MAX_LINKS) if f"0.{n}" not in taken)
    labels = [*genome.inputs, *genome.outputs]
    return marks | {name: {"branch": "0", "id": str(next(free))} for name in labels}


# --- Drawing ---


def grid(size: int, convention: str) -> tuple[Array, Array]:
    """x and y of a picture's pixels, (size, size) each; row 0 is y = -1.

    endpoints: from -1 at the first pixel to 1 at the last. centers: the centres of pixels that
    fill [-1, 1]. The two differ by a factor of size / (size - 1), and in what the input d is.
    """
    if convention == "endpoints":
        side = np.linspace(-1.0, 1.0, size)
    else:
        side = (2.0 * np.arange(size) - size + 1) / size
    x, y = np.meshgrid(side, side)
    return x, y


def colours(genome: Genome, x: ArrayLike, y: ArrayLike) -> Array:
    """Encoded red, green and blue at points, (..., 3) float64 in [0, 1], as Picbreeder has them.

    Hue wraps round, saturation is clipped, and of the brightness, or ink, the magnitude counts.
    """
    values = evaluate(genome, x, y)
    if genome.kind == "ink":
        hue = saturation = np.zeros_like(values["ink"])
        value = np.clip(np.abs(values["ink"]), 0, 1)
    elif genome.kind == "hsb":
        hue = (values["hue"] + 1) % 1
        saturation = np.clip(values["saturation"], 0, 1)
        value = np.clip(np.abs(values["brightness"]), 0, 1)
    else:
        raise ValueError(f"outputs {', '.join(genome.outputs)}: a palette makes their colours")
    place = (np.array([5.0, 3.0, 1.0]) + 6 * hue[..., None]) % 6
    fall = np.clip(np.minimum(place, 4 - place), 0, 1)
    return np.asarray(value[..., None] * (1 - saturation[..., None] * fall))


def pixels(genome: Genome, size: int) -> NDArray[np.uint8]:
    """The picture as it was published, (size, size, 3): in float64, on the grid of the genome's
    convention, levels cut off and not rounded."""
    if not 1 <= size <= 8192:
        raise ValueError(f"size {size}: expected 1 to 8192 pixels")
    return (255 * colours(genome, *grid(size, genome.convention))).astype(np.uint8)
