"""The styles: one module each, which holds one ``STYLE``. A module is imported when it is used."""

from __future__ import annotations

from importlib import import_module

from cppnart.cppn.style import Style, unknown

DEFAULT = "marble"
NAMES = (
    "marble",
    "agate",
    "strata",
    "suminagashi",
    "veil",
    "canyon",
    "horizon",
    "eclipse",
    "blossom",
    "plume",
    "ripples",
    "atlas",
    "glass",
    "loom",
    "deco",
    "tile",
    "kaleidoscope",
    "emblem",
    "quasicrystal",
    "filigree",
    "spiral",
    "poles",
    "totem",
    "blot",
    "engraving",
    "sine",
    "residual",
    "fourier",
    "neat",
    "classic",
)


def names() -> tuple[str, ...]:
    """The names of all styles, the default first."""
    return NAMES


def get(name: str | None = None) -> Style:
    """The style of that name, the default one for None; ValueError when there is none."""
    if name is None:
        name = DEFAULT
    key = str(name).strip().lower()
    if key not in NAMES:
        raise unknown("style", name, NAMES)
    style = import_module(f"{__name__}.{key.replace('-', '_')}").STYLE
    assert isinstance(style, Style)
    return style
