"""Upscalers in files: our own, as .safetensors, and the checkpoints that LIIF's authors publish."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import safetensors
import torch
from torch import Tensor

from ..runs import write_tensors
from .light import Light
from .liif import Liif

Upscaler: TypeAlias = "Light | Liif"
_NOT_READ = ("encoder.sub_mean.", "encoder.add_mean.")
"""Colour shifts that published files hold and their network passes over."""
MOST = {"blocks": 64, "channels": 512, "codes": 512, "width": 512, "depth": 16, "harmonics": 8}


def save_upscaler(
    path: str | os.PathLike[str],
    model: Upscaler,
    note: Mapping[str, Any] | None = None,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Writes a model as one .safetensors file, by default with half of the bytes."""
    tensors = {k: v.detach().cpu().to(dtype).contiguous() for k, v in model.state_dict().items()}
    about = {"upscaler": json.dumps(dict(model.spec)), "note": json.dumps(dict(note or {}))}
    write_tensors(path, tensors, about)


def load_upscaler(path: str | os.PathLike[str]) -> Upscaler:
    """Reads a .safetensors file of ours, or a checkpoint of LIIF (.pth), ready for use.

    Raises ValueError in one line for anything else: keys that are missing or wrong are named.
    """
    shown = os.fspath(path)
    model, tensors = _ours(shown) if Path(shown).suffix == ".safetensors" else _published(shown)
    _fill(model, tensors, shown)
    return model.eval().requires_grad_(False)


def _ours(shown: str) -> tuple[Upscaler, dict[str, Tensor]]:
    try:
        with safetensors.safe_open(shown, "pt") as file:
            spec = json.loads((file.metadata() or {})["upscaler"])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        return _built(spec), tensors
    except (safetensors.SafetensorError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{shown}: this is not an upscaler ({_line(error)})") from None
    except ValueError as error:
        raise ValueError(f"{shown}: {_line(error)}") from None


def _built(spec: Any) -> Upscaler:
    options = dict(spec)
    kind = options.pop("kind")
    numbers = {**options, **options.get("encoder_options", {})}
    for name, most in MOST.items():
        if name in numbers and not (type(numbers[name]) is int and 1 <= numbers[name] <= most):
            raise ValueError(f"{name} {numbers[name]!r}: expected a whole number from 1 to {most}")
    if kind == "light":
        return Light(**options)
    if kind == "liif":
        _check_hidden(options.get("hidden", []))
        return Liif(options.pop("encoder"), options.pop("hidden"), **options)
    raise ValueError(f"an upscaler of kind {kind!r}: expected light or liif")


def _check_hidden(hidden: Any) -> None:
    if not (isinstance(hidden, list) and len(hidden) <= 16):
        raise ValueError(f"hidden {hidden!r}: expected a list of widths")
    for width in hidden:
        if type(width) is not int or not 1 <= width <= 4096:
            raise ValueError(f"hidden width {width!r}: expected a whole number from 1 to 4096")


def _published(shown: str) -> tuple[Upscaler, dict[str, Tensor]]:
    """{"model": {"name": "liif", "args": {...}, "sd": {...}}}, as LIIF's training writes it."""
    try:
        whole = torch.load(shown, map_location="cpu", weights_only=True)
        found = whole["model"]
        arguments, tensors = found["args"], dict(found["sd"])
        encoder = arguments["encoder_spec"]
        hidden = list(arguments["imnet_spec"]["args"]["hidden_list"])
        _check_hidden(hidden)
        model = Liif(
            encoder["name"],
            hidden,
            unfold=bool(arguments.get("feat_unfold", True)),
            ensemble=bool(arguments.get("local_ensemble", True)),
            cell=bool(arguments.get("cell_decode", True)),
        )
    except OSError:
        raise
    except Exception as error:  # what unpickling without code raises is of many kinds
        raise ValueError(f"{shown}: this is not a checkpoint of LIIF ({_line(error)})") from None
    return model, {k: v for k, v in tensors.items() if not k.startswith(_NOT_READ)}


def _fill(model: Upscaler, tensors: Mapping[str, Tensor], shown: str) -> None:
    wanted = model.state_dict()
    missing, unknown = sorted(set(wanted) - set(tensors)), sorted(set(tensors) - set(wanted))
    if missing:
        raise ValueError(f"{shown}: {len(missing)} weights are missing, {missing[0]} first")
    if unknown:
        raise ValueError(f"{shown}: {len(unknown)} weights have no place, {unknown[0]} first")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            ours, theirs = tuple(wanted[name].shape), tuple(tensor.shape)
            raise ValueError(f"{shown}: {name} has the shape {theirs}, expected {ours}")
    model.load_state_dict(dict(tensors))


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
