"""What rays show of a field of light that is learnt, by the kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cppnart.fields.program import Program
from cppnart.fields.radiance.kept import LightField
from cppnart.fields.radiance.march import march
from cppnart.fields.radiance.volume import OPAQUE, Rays, Samples, Seen
from cppnart.fields.radiance.wild import Together, behind_layer, in_medium
from cppnart.fields.shapes.solid import Sampler

Floats = NDArray[np.float32]

TAKEN = 8
"""Samples of a ray that are asked for at once: what is hidden behind them need not be."""
HIDDEN = 1e-3
"""As much light as does not matter."""


@dataclass(frozen=True)
class Shown:
    """Of R rays: colour (R, 3) without what lies behind, opacity (R,), depth (R,), the mean over
    what is seen, 0 where nothing is."""

    colour: Floats
    opacity: Floats
    depth: Floats

    def over(self, background: float) -> Floats:
        return self.colour + (1 - self.opacity[:, None]) * np.float32(background)


class Looker:
    """A field of light in the appearance of a code (k,); of the first photograph if not given."""

    def __init__(
        self, field: LightField, code: Floats | None = None, threads: int | None = None
    ) -> None:
        self.field = field
        self._asked = Sampler(field.standing(code), threads)
        self._full = torch.from_numpy(field.full)

    def samples(self, rays: Rays) -> Samples:
        f = self.field
        return march(rays, f.space, self._full, f.side, f.step, f.near, f.far)

    def __call__(self, rays: Rays) -> Shown:
        """What rays show, front to back, until nothing more would come through."""
        samples = self.samples(rays)
        count = len(rays)
        counts = np.bincount(samples.ray.numpy(), minlength=count)
        ends = counts.cumsum()
        at = ends - counts
        z, length = samples.at.numpy(), _lengths(samples, rays)
        world = samples.points(rays)
        points = self.field.space.inside(world).numpy()
        length = length * np.asarray(self.field.space.shrunk(world))
        looks = rays.looks.numpy()
        left = np.ones(count, np.float32)
        found = np.zeros((count, 4), np.float32)  # colour and depth
        alive = np.flatnonzero(counts)
        while len(alive):
            row, column = np.nonzero(at[alive, None] + np.arange(TAKEN) < ends[alive, None])
            chosen = at[alive][row] + column
            values = self._asked(np.concatenate([points[chosen], looks[alive[row]]], 1))
            thick = np.zeros((len(alive), TAKEN), np.float32)
            thick[row, column] = np.minimum(values[:, 0] * length[chosen], OPAQUE)
            through = np.exp(-np.cumsum(thick, 1))
            before = np.concatenate([np.ones_like(through[:, :1]), through[:, :-1]], 1)
            weights = ((before - through) * left[alive, None])[row, column]
            seen = weights[:, None] * np.concatenate([values[:, 1:], z[chosen, None]], 1)
            starts = np.flatnonzero(np.diff(row, prepend=-1))
            found[alive] += np.add.reduceat(seen, starts)
            left[alive] *= through[:, -1]
            at[alive] += TAKEN
            alive = alive[(left[alive] > HIDDEN) & (at[alive] < ends[alive])]
        opacity = 1 - left
        depth = np.asarray(found[:, 3] / np.maximum(opacity, 1e-6), np.float32)
        return Shown(found[:, :3], opacity, depth)


def look_at_photograph(field: LightField, number: int, rays: Rays, places: Floats) -> Together:
    """What rays through places (R, 2) in [0, 1] of a photograph show, with what is in it alone."""
    name = field.photographs[number]
    looker = Looker(field, field.appearance.get(name))
    if field.layered:
        shown = looker(rays)
        colour, opacity, depth = (
            torch.from_numpy(array) for array in (shown.colour, shown.opacity, shown.depth)
        )
        layer = torch.from_numpy(Sampler(field.layer(number))(places))
        return behind_layer(Seen(colour, opacity, depth, opacity.new_zeros(0)), layer)
    samples = looker.samples(rays)
    standing = field.standing(field.appearance.get(name))
    static = torch.from_numpy(_asked(standing, field, samples, rays))
    once = torch.from_numpy(_asked(field.once(name), field, samples, rays))
    shrunk = field.space.shrunk(samples.points(rays))
    static[:, 0] *= shrunk
    once[:, 0] *= shrunk
    return in_medium(samples, rays, static[:, 0], static[:, 1:], once)


def _asked(program: Program, field: LightField, samples: Samples, rays: Rays) -> Floats:
    """The outputs of a program, (N, outputs), at samples."""
    points = field.space.inside(samples.points(rays)).numpy()
    return Sampler(program)(np.concatenate([points, rays.looks[samples.ray].numpy()], 1))


def _lengths(samples: Samples, rays: Rays) -> Floats:
    lengths = rays.directions.norm(dim=1)[samples.ray] * (samples.far - samples.near)
    return np.asarray(lengths.numpy())
