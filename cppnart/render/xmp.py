"""XMP, in which every format but PNG carries the recipe (Adobe XMP Specification, part 3).

In a JPEG a packet over 64 KiB does not fit: it goes into further segments, as "extended XMP".
"""

from __future__ import annotations

import hashlib
import html
import struct

MAX_RECIPE_BYTES = 64 << 20

JPEG_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
JPEG_EXTENSION_PREFIX = b"http://ns.adobe.com/xmp/extension/\0"
_MAX_SEGMENT = 65533

START, _END = b"<cppnart:recipe>", b"</cppnart:recipe>"
_META = """<x:xmpmeta xmlns:x="adobe:ns:meta/">\
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{}</rdf:RDF></x:xmpmeta>"""
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{}<?xpacket end="w"?>"""
_RECIPE = """<rdf:Description rdf:about="" xmlns:cppnart="urn:cppnart:1.0:">\
<cppnart:recipe>{}</cppnart:recipe></rdf:Description>"""
_POINTER = """<rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" \
xmpNote:HasExtendedXMP="{}"/>"""


def packet(recipe: str) -> bytes:
    """An XMP packet that holds `recipe`."""
    return _PACKET.format(_meta(recipe)).encode()


def recipe_in(data: bytes) -> str | None:
    """The recipe in an XMP packet; None where there is none. ValueError when it is damaged."""
    start = data.find(START)
    if start < 0:
        return None
    end = data.find(_END, start)
    if end < 0:
        raise ValueError("the recipe is cut short")
    return html.unescape(data[start + len(START) : end].decode())


def jpeg_segments(recipe: str) -> bytes:
    """The segments of a JPEG that hold `recipe`."""
    data = packet(recipe)
    if len(data) <= _MAX_SEGMENT - len(JPEG_PREFIX):
        return _segment(JPEG_PREFIX + data)
    data = _meta(recipe).encode()
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest().upper()
    pointer = _PACKET.format(_META.format(_POINTER.format(digest))).encode()
    segments = [_segment(JPEG_PREFIX + pointer)]
    step = _MAX_SEGMENT - len(JPEG_EXTENSION_PREFIX) - 40
    for place in range(0, len(data), step):
        head = digest.encode() + struct.pack(">II", len(data), place)
        segments.append(_segment(JPEG_EXTENSION_PREFIX + head + data[place : place + step]))
    return b"".join(segments)


def _meta(recipe: str) -> str:
    # XML reads a carriage return as a line feed unless it is written as a reference.
    escaped = html.escape(recipe, quote=False).replace("\r", "&#13;")
    return _META.format(_RECIPE.format(escaped))


def _segment(data: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data
