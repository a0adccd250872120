"""What there is to say of a scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cppnart.fields.scenes.scene import Scene


@dataclass(frozen=True)
class SceneSummary:
    """A scene in numbers: lengths in its own units, angles in degrees, each from least to most.

    views: how many, by split. sizes: of pictures, each kind once. angle: of view, across. distance:
    of cameras from their middle.
    """

    name: str
    views: dict[str, int]
    sizes: tuple[str, ...]
    angle: tuple[float, float]
    distortion: bool
    masks: int
    depths: int
    near: float
    far: float
    kind: str
    box: tuple[tuple[float, ...], ...] | None
    distance: tuple[float, float]
    remarks: tuple[str, ...]

    def lines(self) -> dict[str, str]:
        """The same for people: a name and words for each line, remarks apart."""
        counts = ", ".join(f"{count} {split}" for split, count in self.views.items() if count)
        lens = "a lens that distorts" if self.distortion else "straight lines stay straight"
        beside = [
            f"{count} {what}"
            for what, count in (("masks", self.masks), ("depths", self.depths))
            if count
        ]
        lines = {
            "views": counts,
            "pictures": ", ".join(self.sizes) + "".join(f", {words}" for words in beside),
            "angle of view": f"{_range(*self.angle, digits=1)} degrees, {lens}",
            "depths": f"{self.near:.3g} to {self.far:.3g}, {self.kind}",
            "cameras": f"{_range(*self.distance)} from their middle",
        }
        if self.box is not None:
            lines["box"] = " to ".join(", ".join(f"{x:.3g}" for x in corner) for corner in self.box)
        return lines


def summary(scene: Scene) -> SceneSummary:
    """What there is to say of a scene."""
    cameras = scene.cameras
    sizes, counts = np.unique(cameras.size, axis=0, return_counts=True)
    most = np.argsort(-counts, kind="stable")
    shown = [f"{width}x{height}" for width, height in sizes[most[:4]].tolist()]
    if len(sizes) > 4:
        shown.append(f"{len(sizes) - 4} other sizes")
    angles = np.degrees(2 * np.arctan(cameras.size[:, 0] / 2 / cameras.focal[:, 0]))
    places = cameras.poses[:, :3, 3]
    away = np.linalg.norm(places - places.mean(axis=0), axis=1)
    forward = "in normalised device coordinates" if scene.ndc else "without bounds"
    return SceneSummary(
        name=scene.name,
        views=scene.counts(),
        sizes=tuple(shown),
        angle=(float(angles.min()), float(angles.max())),
        distortion=bool(cameras.distortion.any()),
        masks=sum(view.mask is not None for view in scene.views),
        depths=sum(view.depth is not None for view in scene.views),
        near=float(scene.near),
        far=float(scene.far),
        kind="in a box" if scene.bounded else forward,
        box=None if scene.box is None else tuple(map(tuple, scene.box.tolist())),
        distance=(float(away.min()), float(away.max())),
        remarks=scene.remarks,
    )


def _range(low: float, high: float, digits: int = 2) -> str:
    first, last = f"{low:.{digits}f}", f"{high:.{digits}f}"
    return first if first == last else f"{first} to {last}"
