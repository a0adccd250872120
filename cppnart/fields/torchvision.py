"""The one place that imports torchvision, and only when its networks or data sets are asked for."""

from __future__ import annotations

import sys
import warnings
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any


@cache
def part_of_torchvision(name: str) -> Any:
    """The module ``torchvision.NAME``, such as models or datasets.

    Raises ImportError, saying how to mend it, where there is none or it cannot be imported.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return import_module(f"torchvision.{name}")
        except ModuleNotFoundError as error:
            reason: Exception = error
        except (ImportError, RuntimeError, AttributeError, OSError) as error:
            reason = error
            try:
                _declared()
                return import_module(f"torchvision.{name}")
            except (ImportError, RuntimeError, AttributeError, OSError):
                pass
    try:
        both = version("torchvision"), version("torch")
        found = "torchvision {} does not fit torch {}".format(*both)
    except PackageNotFoundError:
        found = "torchvision is not installed"
    line = (str(reason).splitlines() or [""])[0][:160]
    raise ImportError(f"{found} ({line}): install both together, as pytorch.org says") from None


@cache
def _declared() -> Any:
    """Two operators that a torchvision for CUDA beside a torch for CPUs misses. It is not imported
    without them, though no classifier and no data set uses them: declaring them is enough. torch
    forgets them as soon as nobody holds what is returned."""
    import torch

    for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
        del sys.modules[name]  # half imported
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library
