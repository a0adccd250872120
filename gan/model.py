"""Snapshots: a trained generator as one file of arrays and its own specification.

The file is safetensors; its single metadata key ``cppnart`` holds JSON. What is read is taken as
untrusted: shapes are compared before anything is made, and nothing is executed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import safetensors
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.overrides import TorchFunctionMode

from cppnart.cppn.seeds import Stream
from cppnart.fields.coordinates import pixel_centers
from cppnart.fields.files import KEY, MAX_HEADER
from cppnart.fields.parallel import check_device
from cppnart.fields.runs import write_tensors

from .generators import build_generator

if TYPE_CHECKING:
    from cppnart.fields.program import Program

    from .generators import Generator

FORMAT, VERSION = "gan", 1
LATEST = "generator.safetensors"
"""The newest snapshot in a run folder."""


class _About(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    version: int
    generator: dict[str, Any]
    width: int
    height: int
    images: int
    objective: str
    note: dict[str, Any]


@dataclass(frozen=True)
class Model:
    """A generator and what is known of it.

    width, height: of the pictures it was trained on, in pixels. images: how many it has seen.
    mean (latent,) and factor (latent, latent): of the Gaussian that latents are drawn from; None
    for the standard one. note: JSON, whatever else a run wants to keep.
    """

    generator: Generator
    width: int
    height: int
    images: int
    objective: str
    mean: Tensor | None = None
    factor: Tensor | None = None
    note: Mapping[str, Any] = field(default_factory=dict)

    @property
    def latent(self) -> int:
        return int(self.generator.spec["latent"])

    @property
    def classes(self) -> int:
        return int(self.generator.spec.get("classes", 0))

    @property
    def channels(self) -> int:
        return int(self.generator.spec["channels"])

    def draw(self, seed: str | int, *, truncation: float = 1.0) -> NDArray[np.float32]:
        """The latent of a seed, (latent,), the same on every machine.

        truncation: how far from the mean, from 0 to 1 and beyond: less is more typical.
        """
        return self.placed(Stream(seed, "gan").normal(self.latent), truncation)

    def placed(
        self, standard: NDArray[np.floating[Any]], truncation: float = 1.0
    ) -> NDArray[np.float32]:
        """Standard normal numbers, (..., latent), as latents of this model."""
        if not 0 <= truncation <= 4:
            raise ValueError(f"truncation {truncation:g}: expected a number from 0 to 4")
        z = truncation * np.asarray(standard, np.float64)
        if self.factor is not None:
            z = z @ self.factor.double().numpy().T
        if self.mean is not None:
            z = z + self.mean.double().numpy()
        return np.asarray(z, np.float32)

    def label_of(self, seed: str | int, label: int | None = None) -> int | None:
        """The class of a seed's sample: the given one, or one that the seed draws."""
        if label is not None and not 0 <= label < self.classes:
            known = f"from 0 to {self.classes - 1}" if self.classes else "none: it has no classes"
            raise ValueError(f"label {label}: expected {known}")
        if not self.classes or label is not None:
            return label
        return Stream(seed, "label").integer(0, self.classes - 1)

    def program(
        self, z: NDArray[np.floating[Any]], label: int | None = None, *, reach: float = 1.0
    ) -> Program:
        """A sample as a field of x and y; reach: how many frames from the middle it is exact."""
        short = min(self.width, self.height)
        x, y = self.width / short * reach, self.height / short * reach
        region = (-1.02 * x, -1.02 * y, 1.02 * x, 1.02 * y)
        return self.generator.program(torch.as_tensor(np.asarray(z)), label, region=region)

    def coords(self) -> Tensor:
        """The pixel centres of the pictures it was trained on, (1, H, W, 2)."""
        weight = next(self.generator.parameters())
        points = torch.from_numpy(pixel_centers(self.width, self.height))
        return points.to(weight).reshape(1, self.height, self.width, 2)

    @torch.no_grad()
    def images_of(
        self, z: Tensor, labels: Tensor | None, coords: Tensor, batch: int = 64
    ) -> Tensor:
        """Samples at coordinates (1, H, W, 2) as planes (N, channels, H, W) in [-1, 1]."""
        made = []
        for first in range(0, len(z), batch):
            part = slice(first, first + batch)
            own = None if labels is None else labels[part]
            made.append(self.generator(z[part], coords, own).permute(0, 3, 1, 2))
        return torch.cat(made)


def save_model(path: str | os.PathLike[str], model: Model) -> None:
    """Writes a snapshot, whole or not at all."""
    about = _About(
        FORMAT,
        VERSION,
        dict(model.generator.spec),
        model.width,
        model.height,
        model.images,
        model.objective,
        dict(model.note),
    )
    text = msgspec.json.encode(about, order="sorted").decode()
    tensors = {f"generator.{k}": v for k, v in model.generator.state_dict().items()}
    for name, tensor in (("mean", model.mean), ("factor", model.factor)):
        if tensor is not None:
            tensors[name] = tensor
    plain = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    write_tensors(path, plain, {KEY: text})


def load_model(run: str | os.PathLike[str], *, device: str = "cpu") -> Model:
    """Reads a snapshot, or the newest one of a run folder.

    Raises OSError, or ValueError in one line for anything that is not a usable snapshot.
    """
    check_device(device)
    path = Path(run)
    if path.is_dir():
        if not (path / LATEST).exists():
            raise ValueError(f"{path}: no {LATEST} in it: expected the folder of a 'gan train' run")
        path = path / LATEST
    with open(path, "rb") as file:  # for a plain OSError, and before reading gigabytes of JSON
        head = int.from_bytes(file.read(8), "little")
        if head > min(MAX_HEADER, os.fstat(file.fileno()).st_size):
            raise ValueError(f"{path}: not a .safetensors file, or one that was cut short")
    try:
        with safetensors.safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(KEY)
            if text is None:
                raise ValueError("a .safetensors file, but no snapshot of a generator")
            about = msgspec.json.decode(text, type=_About)
            if (about.format, about.version) != (FORMAT, VERSION):
                raise ValueError(
                    f"a {about.format[:40]!r} of version {about.version}: expected {FORMAT!r}"
                    f" of version {VERSION}"
                )
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            generator = _checked_generator(about, shapes)
            tensors = {name: file.get_tensor(name) for name in shapes}
        state = {k.removeprefix("generator."): v for k, v in tensors.items() if "." in k}
        for name, tensor in tensors.items():
            if not bool(torch.isfinite(tensor).all()):
                raise ValueError(f"array {name[:60]!r} has numbers that are not finite")
        generator.load_state_dict(state)
    except (msgspec.MsgspecError, safetensors.SafetensorError, ValueError, TypeError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ValueError(f"{path}: not a usable snapshot: {line}") from None
    except (RecursionError, OverflowError, RuntimeError):
        raise ValueError(f"{path}: not a usable snapshot: its specification is absurd") from None
    return Model(
        generator.to(device).eval().requires_grad_(False),
        about.width,
        about.height,
        about.images,
        about.objective,
        tensors.get("mean"),
        tensors.get("factor"),
        about.note,
    )


def _checked_generator(about: _About, shapes: Mapping[str, Sequence[int]]) -> Generator:
    """The generator of a specification, if the arrays of these shapes are its own."""
    if not (8 <= about.width <= 8192 and 8 <= about.height <= 8192 and about.images >= 0):
        raise ValueError(f"{about.width}x{about.height} pixels: expected sides of 8 to 8192")
    room = sum(math.prod(shape) for shape in shapes.values())
    with _Room(2 * room + (1 << 20)):
        generator = build_generator(about.generator)
    expected = {f"generator.{k}": tuple(v.shape) for k, v in generator.state_dict().items()}
    latent = int(about.generator.get("latent", 0))
    own = {"mean": (latent,), "factor": (latent, latent)}
    for name, shape in expected.items():
        if name not in shapes:
            raise ValueError(f"array {name!r} is missing")
        if tuple(shapes[name]) != shape:
            raise ValueError(f"array {name!r} has shape {tuple(shapes[name])}: expected {shape}")
    for name in set(shapes) - set(expected):
        if tuple(shapes[name]) != own.get(name):
            raise ValueError(f"array {name[:60]!r} does not belong to this generator")
    return generator


class _Room(TorchFunctionMode):
    """Refuses to make more than so many numbers, so that a specification cannot ask for more than
    its file holds. Memory that was asked for and not yet written to takes no room."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.left = numbers

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if func in _MAKERS and made.device.type != "meta":
            self.left -= made.numel()
            if self.left < 0:
                raise ValueError("its specification asks for more arrays than there are")
        return made


_MAKERS = (torch.empty, torch.empty_like, torch.zeros, torch.ones, torch.randn, torch.rand)
