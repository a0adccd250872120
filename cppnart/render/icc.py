"""A small ICC profile that says sRGB, for formats that have no shorter way to say so."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_D50 = (0.9642, 1.0, 0.8249)
# sRGB's primaries and its white, D65, adapted to D50 as ICC prescribes (Bradford).
_PRIMARIES = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
_ADAPTATION = (
    *(1.047882, 0.022919, -0.050201),
    *(0.029587, 0.990479, -0.017059),
    *(-0.009232, 0.015076, 0.751678),
)
# IEC 61966-2-1: ((x + 0.055) / 1.055) ** 2.4 from 0.04045 on, x / 12.92 below.
_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def srgb_profile(*, gray: bool) -> bytes:
    """An ICC profile of version 4.3 (ICC.1:2010), about 500 bytes, always the same ones."""
    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0) + _fixed(_CURVE)
    tags = {b"desc": _text("sRGB"), b"cprt": _text("CC0"), b"wtpt": _xyz(_D50)}
    tags[b"chad"] = b"sf32" + bytes(4) + _fixed(_ADAPTATION)
    if gray:
        tags[b"kTRC"] = curve
    else:
        tags |= {name: _xyz(primary) for name, primary in _PRIMARIES.items()}
        tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}

    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    places: dict[bytes, int] = {}
    for name, data in tags.items():
        if data not in places:
            places[data] = offset + len(body)
            body += data + bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, places[data], len(data))

    space = b"GRAY" if gray else b"RGB "
    created = (2020, 1, 1, 0, 0, 0)
    head = struct.pack(
        ">I4xI4s4s4s6H4s",
        offset + len(body),
        0x04300000,
        b"mntr",
        space,
        b"XYZ ",
        *created,
        b"acsp",
    )
    return (head + bytes(28) + _fixed(_D50)).ljust(128, b"\0") + table + body


def _fixed(numbers: Sequence[float]) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _xyz(numbers: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(numbers)


def _text(text: str) -> bytes:
    data = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(data), 28) + data
