"""GLB: a mesh with colours in one file (Khronos Group, "glTF 2.0 specification", 2021)."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .meshes import Floats, Mesh

_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
_KINDS = {"f": 5126, "H": 5123, "I": 5125}
_VERTICES, _INDICES = 34962, 34963


def glb_bytes(
    mesh: Mesh,
    *,
    normals: Floats | None = None,
    uv: Floats | None = None,
    texture: bytes | None = None,
    roughness: float = 0.6,
) -> bytes:
    """A mesh as the bytes of a .glb file; y is up in it, as it is in glTF.

    normals: of the vertices, (V, 3). uv: texture coordinates (V, 2), the origin at the upper left
    as glTF has it, with texture: a PNG file. Colours of vertices are kept with 16 bits, linear, as
    the format wants them.
    """
    file = _File()
    attributes = {"POSITION": file.add(mesh.vertices.astype("<f4"), _VERTICES, bounds=True)}
    if normals is not None:
        attributes["NORMAL"] = file.add(normals.astype("<f4"), _VERTICES)
    material: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": roughness}
    if uv is not None and texture is not None:
        attributes["TEXCOORD_0"] = file.add(uv.astype("<f4"), _VERTICES)
        material["baseColorTexture"] = {"index": 0}
    elif mesh.colours is not None:
        attributes["COLOR_0"] = file.add(_linear(mesh.colours), _VERTICES)
    indices = file.add(mesh.faces.astype("<u4").reshape(-1, 1), _INDICES)
    primitive = {"attributes": attributes, "indices": indices, "material": 0}
    content: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "cppnart"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
        "materials": [{"pbrMetallicRoughness": material}],
    }
    if texture is not None:
        view = file.append(texture, None)
        content["images"] = [{"bufferView": view, "mimeType": "image/png"}]
        content["textures"] = [{"source": 0}]
    return file.finished(content)


class _File:
    """The binary part in the making."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._views: list[dict[str, Any]] = []
        self._accessors: list[dict[str, Any]] = []

    def append(self, data: bytes, target: int | None) -> int:
        view = {"buffer": 0, "byteOffset": len(self._data), "byteLength": len(data)}
        self._views.append({**view, **({"target": target} if target else {})})
        self._data += data + bytes(-len(data) % 4)
        return len(self._views) - 1

    def add(self, rows: NDArray[Any], target: int, *, bounds: bool = False) -> int:
        accessor: dict[str, Any] = {
            "bufferView": self.append(np.ascontiguousarray(rows).tobytes(), target),
            "componentType": _KINDS[rows.dtype.char],
            "count": len(rows),
            "type": _TYPES[rows.shape[1]],
        }
        if rows.dtype.kind == "u" and target == _VERTICES:
            accessor["normalized"] = True
        if bounds:
            accessor |= {"min": rows.min(0).tolist(), "max": rows.max(0).tolist()}
        self._accessors.append(accessor)
        return len(self._accessors) - 1

    def finished(self, content: dict[str, Any]) -> bytes:
        buffers = [{"byteLength": len(self._data)}]
        whole = {
            **content,
            "buffers": buffers,
            "bufferViews": self._views,
            "accessors": self._accessors,
        }
        text = json.dumps(whole, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        size = 12 + 8 + len(text) + 8 + len(self._data)
        head = struct.pack("<4sII", b"glTF", 2, size)
        first = struct.pack("<I4s", len(text), b"JSON") + text
        return head + first + struct.pack("<I4s", len(self._data), b"BIN\0") + bytes(self._data)


def _linear(colours: NDArray[Any]) -> NDArray[np.uint16]:
    """sRGB colours (V, 3) as linear ones with alpha, (V, 4)."""
    c = np.clip(np.asarray(colours, np.float64), 0, 1)
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    rows = np.concatenate([linear, np.ones((len(c), 1))], 1)
    return np.asarray(np.round(rows * 65535), "<u2")
