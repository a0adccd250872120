"""Textures that are learnt together: a field with a code for each, and what lies between them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from . import files
from .fold import bind
from .program import Program
from .shapes.textured import Textured
from .texture import POOL, SCORED, psnr, shots, shots_of, values_at
from .torch_backend import ProgramModule

INPUTS = ("x", "y", "z", "code")
BEGINNING = 0.1
"""Standard deviation of codes before they are learnt."""
PRIOR = 1e-4
"""How much the squares of codes weigh, so that those of all textures lie near each other."""
FASTER = 3.0
"""Than the rest codes learn, each of which is seen now and then."""
SHOWN = 4
"""Textures of a preview."""


class TextureFamilyModel(nn.Module):
    """A decoder of inputs x, y, z and code, and the codes of all textures, (members, codes)."""

    def __init__(self, decoder: ProgramModule, members: int, codes: int, seed: int = 0) -> None:
        super().__init__()
        self.decoder = decoder
        random = torch.Generator().manual_seed(seed)
        self.codes = nn.Parameter(BEGINNING * torch.randn(members, codes, generator=random))

    def rates(self, decoder: Mapping[str, float]) -> dict[str, float]:
        """By parameter, how much faster than the rest it learns; ``decoder``: of the decoder."""
        return {"codes": FASTER, **{f"decoder.{name}": rate for name, rate in decoder.items()}}

    def forward(self, points: Tensor, members: Tensor) -> Tensor:
        """Colours (N, 3) of points (N, 3) in the textures of these numbers, (N,)."""
        colours: Tensor = self.decoder(torch.cat([points, self.codes[members]], 1))
        return colours

    def of(self, member: int) -> _Member:
        return _Member(self, member)


class _Member(nn.Module):
    """One texture of a model, as a function of the point."""

    def __init__(self, model: TextureFamilyModel, member: int) -> None:
        super().__init__()
        self.model, self.member = model, member

    def forward(self, points: Tensor) -> Tensor:
        members = torch.full((len(points),), self.member, device=points.device)
        colours: Tensor = self.model(points, members)
        return colours


class TextureFamilyTask:
    """Colours of several surfaces by their mean absolute error, as TextureTask has them.

    members: textured meshes in the box, by name. The score is the mean of their PSNR in decibels on
    points that are held out.
    """

    name = "textures"

    def __init__(self, members: Mapping[str, Textured], *, batch: int = 8192) -> None:
        if batch < 1:
            raise ValueError(f"batch {batch}: expected 1 or more")
        self.batch = batch
        count, held = POOL // len(members), max(SCORED // len(members), 1000)
        pools = [own.on_surface(count, np.random.default_rng(0)) for own in members.values()]
        self._points = torch.from_numpy(np.stack([at for at, _ in pools]).astype(np.float32))
        self._colours = torch.from_numpy(np.stack([colours for _, colours in pools]))
        self._held = [own.on_surface(held, np.random.default_rng(1)) for own in members.values()]
        self._shots = [shots_of(own.mesh) for own in list(members.values())[:SHOWN]]
        self.settings: Mapping[str, Any] = {"batch": batch, "members": list(members)}

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        assert isinstance(field, TextureFamilyModel)
        members, count, _ = self._points.shape
        of = torch.randint(members, (self.batch,), generator=random)
        at = torch.randint(count, (self.batch,), generator=random)
        found = field(self._points[of, at].to(device), of.to(device))
        error = (found - self._colours[of, at].to(device)).abs().mean()
        loss: Tensor = error + PRIOR * field.codes.square().sum(1).mean()
        return loss

    @torch.no_grad()
    def scores(self, field: nn.Module) -> dict[str, float]:
        assert isinstance(field, TextureFamilyModel)
        found = []
        for number, (points, wanted) in enumerate(self._held):
            at = torch.from_numpy(points.astype(np.float32))
            found.append(psnr(values_at(field.of(number), at).numpy(), wanted))
        return {"psnr": float(np.mean(found)), "least": min(found)}

    @torch.no_grad()
    def preview(self, field: nn.Module) -> NDArray[np.uint8]:
        """The first textures, each from two sides, one above the other."""
        assert isinstance(field, TextureFamilyModel)

        def shown(number: int) -> NDArray[np.uint8]:
            return shots(self._shots[number], lambda at: values_at(field.of(number), at))

        return np.concatenate([shown(number) for number in range(len(self._shots))])


# --- As a file ---


class _About(msgspec.Struct):
    names: list[str]
    codes: list[list[float]]


@dataclass(frozen=True, eq=False)
class TextureFamily:
    """Textures by name: a program over x, y, z and code, and codes (members, numbers)."""

    program: Program
    names: tuple[str, ...]
    codes: NDArray[np.float64]
    title: str = "the textures"

    def code(self, member: str) -> NDArray[np.float64]:
        """Of a texture by its name, or its number from 0; ValueError where there is none."""
        if member in self.names:
            return np.asarray(self.codes[self.names.index(member)])
        if member.isdecimal() and int(member) < len(self.names):
            return np.asarray(self.codes[int(member)])
        some = ", ".join(self.names[:4]) + (", ..." if len(self.names) > 4 else "")
        raise ValueError(f"{self.title}: no texture {member!r}: expected one of {some}")

    def decode(self, code: NDArray[np.floating] | str) -> Program:
        """One texture, or one between them: a program over x, y and z."""
        return bind(self.program, code=self.code(code) if isinstance(code, str) else code)


def note_of(names: Sequence[str], model: TextureFamilyModel) -> dict[str, Any]:
    """What a file says of codes."""
    codes = model.codes.detach().cpu().double().numpy()
    return {"textures": {"names": list(names), "codes": codes.tolist()}}


def load_textures(path: str | os.PathLike[str]) -> TextureFamily:
    """Reads what ``fit_textures`` wrote. Raises OSError, or ValueError for anything else."""
    program, note = files.load(path)
    name = os.fspath(path)
    if program.input_names != INPUTS or "textures" not in note:
        raise ValueError(f"{name}: one texture, without codes")
    try:
        about = msgspec.convert(note["textures"], _About)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: its codes cannot be used: {error}") from None
    width = dict(program.inputs)["code"]
    sizes = {len(code) for code in about.codes}
    finite = all(math.isfinite(number) for code in about.codes for number in code)
    if sizes != {width} or len(about.codes) != len(about.names) or not finite:
        raise ValueError(
            f"{name}: its codes cannot be used: expected {width} numbers for each name"
        )
    return TextureFamily(program, tuple(about.names), np.array(about.codes, float), name)
