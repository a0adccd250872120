"""Generative art from small neural networks: pictures of any size from a seed.

    import cppnart
    pixels = cppnart.render(seed=42, size=1024)            # numpy array (1024, 1024, 3), uint8
    cppnart.render(seed=42, size="A3@300dpi", output="a3.png")

The names in `__all__` are found when they are first used, so that `import cppnart` costs nothing:
torch, numba and Pillow are imported by what needs them and not before.

`cppnart.render` is at once the function above and the package `cppnart.render` with all that it
holds (see there).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from cppnart.cppn.module import CPPN
    from cppnart.fields.extract import extract
    from cppnart.fields.fit_audio import fit_audio
    from cppnart.fields.fit_feature import fit_feature
    from cppnart.fields.fit_gradients import fit_gradients
    from cppnart.fields.fit_image import fit_image
    from cppnart.fields.fit_scene import fit_scene
    from cppnart.fields.fit_shape import fit_shape
    from cppnart.fields.fit_texture import fit_texture
    from cppnart.fields.fit_textures import fit_textures
    from cppnart.fields.radiance.meshed import mesh_scene
    from cppnart.fields.sample_audio import sample
    from cppnart.fields.scenes.perturb import perturb_scene
    from cppnart.fields.scenes.scene import read_scene
    from cppnart.fields.upscaling.fit_upscaler import fit_upscaler
    from cppnart.render.api import Rendered, finishes, info, palettes, render, sheet, styles
    from cppnart.render.blend import blend
    from cppnart.render.breeding.breed import breed
    from cppnart.render.breeding.evolve import evolve
    from cppnart.render.motion.walk import walk
    from cppnart.render.radiance.score import score_scene
    from cppnart.render.radiance.view import view_scene
    from cppnart.render.scenes.render import render_scene
    from cppnart.render.solids.compare import compare_representations
    from cppnart.render.solids.paint import paint
    from cppnart.render.solids.sculpt import sculpt
    from cppnart.render.solids.view import view
    from cppnart.render.upscale import upscale

__all__ = [
    "CPPN",
    "Rendered",
    "__version__",
    "blend",
    "breed",
    "compare_representations",
    "evolve",
    "extract",
    "finishes",
    "fit_audio",
    "fit_feature",
    "fit_gradients",
    "fit_image",
    "fit_scene",
    "fit_shape",
    "fit_texture",
    "fit_textures",
    "fit_upscaler",
    "info",
    "mesh_scene",
    "paint",
    "palettes",
    "perturb_scene",
    "read_scene",
    "render",
    "render_scene",
    "sample",
    "score_scene",
    "sculpt",
    "sheet",
    "styles",
    "upscale",
    "view",
    "view_scene",
    "walk",
]

_HOMES = {
    "CPPN": "cppnart.cppn.module",
    "Rendered": "cppnart.render.api",
    "blend": "cppnart.render.blend",
    "breed": "cppnart.render.breeding.breed",
    "compare_representations": "cppnart.render.solids.compare",
    "evolve": "cppnart.render.breeding.evolve",
    "extract": "cppnart.fields.extract",
    "finishes": "cppnart.render.api",
    "fit_audio": "cppnart.fields.fit_audio",
    "fit_feature": "cppnart.fields.fit_feature",
    "fit_gradients": "cppnart.fields.fit_gradients",
    "fit_image": "cppnart.fields.fit_image",
    "fit_upscaler": "cppnart.fields.upscaling.fit_upscaler",
    "fit_scene": "cppnart.fields.fit_scene",
    "fit_shape": "cppnart.fields.fit_shape",
    "fit_texture": "cppnart.fields.fit_texture",
    "fit_textures": "cppnart.fields.fit_textures",
    "info": "cppnart.render.api",
    "mesh_scene": "cppnart.fields.radiance.meshed",
    "paint": "cppnart.render.solids.paint",
    "palettes": "cppnart.render.api",
    "perturb_scene": "cppnart.fields.scenes.perturb",
    "read_scene": "cppnart.fields.scenes.scene",
    "render_scene": "cppnart.render.scenes.render",
    "sample": "cppnart.fields.sample_audio",
    "score_scene": "cppnart.render.radiance.score",
    "sculpt": "cppnart.render.solids.sculpt",
    "sheet": "cppnart.render.api",
    "styles": "cppnart.render.api",
    "upscale": "cppnart.render.upscale",
    "view": "cppnart.render.solids.view",
    "view_scene": "cppnart.render.radiance.view",
    "walk": "cppnart.render.motion.walk",
}
_ROOMS = {"cppn", "fields", "gallery", "gan", "render"}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
