"""The network of a genome, to be drawn: nodes with a picture each, and weighted links."""

from __future__ import annotations

import base64
from typing import Any

from cppnart.cppn.genomes import drawing
from cppnart.render.prepare import Prepared
from cppnart.render.recipe import genome_of

from . import pictures
from .errors import NotThere

SIDE = 48


def drawing_of(prepared: Prepared) -> dict[str, Any]:
    """Nodes and links of a genome; NotThere for a picture that has none."""
    genome = genome_of(prepared.recipe)
    if genome is None:
        raise NotThere("this picture has no genome: only those that grew have a drawing")
    thumbnails = drawing.thumbnails(genome, SIDE)
    nodes = [
        {
            "id": place.id,
            "kind": place.kind,
            "label": place.label,
            "activation": place.activation,
            "x": place.x,
            "y": place.y,
            "thumbnail": _address(thumbnails.get(place.id)),
        }
        for place in drawing.places(genome)
    ]
    links = [
        {"from": line.source, "to": line.target, "weight": line.weight, "enabled": line.enabled}
        for line in drawing.lines(genome)
    ]
    return {"nodes": nodes, "links": links}


def _address(picture: pictures.Pixels | None) -> str | None:
    if picture is None:
        return None
    return "data:image/webp;base64," + base64.b64encode(pictures.webp(picture)).decode()
