"""From any field to pictures: sizes and views, colour, finishes, the renderer, writers, recipes.

Imports only `cppnart.fields` and `cppnart.cppn`. The functions for users are in
`cppnart.render.api`.

`cppnart.render(seed=42)` works although `cppnart.render` is this package: importing any module
from here makes Python bind the name to the package, so the package itself can be called, and does
what `cppnart.render.api.render` does.
"""

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Render a picture: `cppnart.render.api.render`, which documents the arguments."""
        from cppnart.render.api import render

        return render(*args, **kwargs)


def __getattr__(name: str) -> Any:
    if name == "as_dask":
        from cppnart.render.cluster import as_dask

        return as_dask
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


sys.modules[__name__].__class__ = _CallablePackage
