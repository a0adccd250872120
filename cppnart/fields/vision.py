"""Networks that look at pictures: those of torchvision, or one's own, and what their layers see."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .torchvision import part_of_torchvision

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
SIZE = 224
"""The side of pictures for networks that do not say what they are used to."""


@dataclass(eq=False)
class Vision:
    """A network that looks at pictures (N, 3, H, W) with values in [0, 1], sRGB-encoded.

    mean, std: with which it wants each colour normalised. size: the side of the pictures that it
    is used to. classes: the names of its outputs, if they are known. It learns nothing.
    """

    name: str
    module: nn.Module
    mean: Sequence[float] = (0.0, 0.0, 0.0)
    std: Sequence[float] = (1.0, 1.0, 1.0)
    size: int = SIZE
    classes: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.module.eval().requires_grad_(False)
        self._layers = {name: module for name, module in self.module.named_modules() if name}

    def to(self, device: torch.device) -> Vision:
        """The same, its parameters there."""
        self.module.to(device)
        return self

    def layer(self, pictures: Tensor, layer: str) -> Tensor:
        """What a layer makes of pictures, the first time that it runs; nothing after it does.

        Layers are named as in ``named_modules``. Raises ValueError for one that there is not.
        """

        def stop(module: nn.Module, inputs: Any, output: Any) -> None:
            raise _Reached(output)

        with self._watched(layer, stop):
            try:
                self._run(pictures)
            except _Reached as reached:
                return _tensor(reached.output, f"layer {layer} of {self.name}")
        raise ValueError(f"layer {layer!r}: {self.name} has it, but does not use it")

    def outputs(self, pictures: Tensor, layer: str | None = None) -> tuple[Tensor, Tensor | None]:
        """What the whole network says of pictures, and what a layer makes of them on the way."""
        seen: list[Tensor] = []

        def note(module: nn.Module, inputs: Any, output: Any) -> None:
            # a copy, for what follows may work in place
            seen.append(_tensor(output, f"layer {layer} of {self.name}").clone())

        if layer is None:
            outputs = self._run(pictures)
        else:
            with self._watched(layer, note):
                outputs = self._run(pictures)
        return _tensor(outputs, f"the output of {self.name}"), seen[0] if seen else None

    def number_of(self, category: int | str, count: int) -> int:
        """The number of a class among ``count``, given by its number or its name."""
        if isinstance(category, int) or category.isdecimal():
            if not 0 <= int(category) < count:
                raise ValueError(f"class {category}: {self.name} has 0 to {count - 1}")
            return int(category)
        names = [name.lower() for name in self.classes] if len(self.classes) == count else []
        found = [number for number, name in enumerate(names) if name == category.lower()]
        if not names:
            raise ValueError(
                f"class {category!r}: the names are not known, give a number from 0 to {count - 1}"
            )
        if len(found) > 1:
            raise ValueError(f"class {category!r}: there are several, {_listed(found)}")
        if not found:
            raise _unknown("class", category, names, self.name)
        return found[0]

    def _run(self, pictures: Tensor) -> Any:
        mean, std = (pictures.new_tensor(each)[:, None, None] for each in (self.mean, self.std))
        with _Awake() if torch.is_grad_enabled() else nullcontext():
            return self.module((pictures - mean) / std)

    @contextmanager
    def _watched(self, layer: str, hook: Any) -> Iterator[None]:
        if layer not in self._layers:
            raise _unknown("layer", layer, list(self._layers), self.name)
        handle = self._layers[layer].register_forward_hook(hook)
        try:
            yield
        finally:
            handle.remove()


class _Awake(TorchFunctionMode):
    """Where it is on, rectifiers let slopes through to pictures that leave them cold."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _RECTIFIERS:
            return _Rectified.apply(args[0] if args else (kwargs or {})["input"])
        return func(*args, **(kwargs or {}))


_RECTIFIERS = {nn.functional.relu, torch.relu, Tensor.relu}
COLD = 0.1
"""The share of live units in what is asked for, by the size of slopes, under which a rectifier is
cold."""


class _Rectified(torch.autograd.Function):
    """max(x, 0), (N, ...), whose slope is redirected where a picture leaves it cold.

    A unit below zero has no slope, and a picture that excites nothing would stay as it is. So
    where hardly anything that the loss asks for is alive, the slopes of those that it wants to
    rise go through (as in lucid, where none is alive).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        out = x.clamp(min=0)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        (out,), (slope,) = ctx.saved_tensors, slopes
        live, asked = out > 0, slope.abs()
        axes = tuple(range(1, out.ndim))
        shares = (live * asked).sum(axes, keepdim=True) / asked.sum(axes, keepdim=True)
        through = live | ((shares < COLD) & (slope < 0))
        return torch.mul(slope, through)


class _Reached(Exception):
    """Not a failure: a layer has run, and the rest of the network need not.

    A graph that is cut there would be traced first, which not every network stands.
    """

    def __init__(self, output: Any) -> None:
        self.output = output


def _tensor(value: Any, what: str) -> Tensor:
    if not isinstance(value, Tensor):
        raise ValueError(f"{what}: a {type(value).__name__}, not one tensor")
    return value


def _unknown(what: str, given: str, names: Sequence[str], owner: str) -> ValueError:
    close = get_close_matches(given, names, 5, 0.4) or list(names[:5])
    return ValueError(f"{what} {given!r}: {owner} has none; close to it are {_listed(close)}")


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


# --- Where networks come from ---


def load(model: str | nn.Module, weights: str | os.PathLike[str] | None = None) -> Vision:
    """A network that looks at pictures.

    model: a name of torchvision; ``package.module:callable``, which is imported and called without
    arguments, so that it must be trusted; or a torch module. The latter two take pictures in
    [0, 1] and may have an attribute ``classes``, the names of their outputs.
    weights: a .safetensors or .pth file; for torchvision also the name of a set of its own, which
    it fetches, and the best of them where nothing is given. Of a .pth file only tensors are read.

    Raises ValueError, or OSError for files and downloads, or ImportError.
    """
    if isinstance(model, str) and ":" not in model:
        return _of_torchvision(model, weights)
    if isinstance(model, nn.Module):
        module, name = deepcopy(model), type(model).__name__
    else:
        module, name = _own(model)
    if weights is not None:
        _load_state(module, _state_of(weights), name, os.fspath(weights))
    return Vision(name, module, classes=tuple(getattr(module, "classes", ())))


def _own(spec: str) -> tuple[nn.Module, str]:
    """The module that a person's callable makes, found in the current folder too."""
    where, _, called = spec.partition(":")
    path = sys.path.copy()
    sys.path.insert(0, os.getcwd())
    try:
        make = getattr(importlib.import_module(where), called)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"model {spec!r}: expected package.module:callable ({_line(error)})"
        ) from None
    finally:
        sys.path[:] = path
    module = make()
    if not isinstance(module, nn.Module):
        raise TypeError(f"model {spec!r}: made a {type(module).__name__}, not a torch module")
    return module, spec


def _of_torchvision(name: str, weights: str | os.PathLike[str] | None) -> Vision:
    models = part_of_torchvision("models")
    names = models.list_models(module=models)
    if name not in names:
        raise _unknown("model", name, names, "torchvision")
    kinds = models.get_model_weights(name)
    chosen = kinds.DEFAULT
    if weights is not None and os.fspath(weights) in kinds.__members__:
        chosen, weights = kinds[os.fspath(weights)], None
    state = _downloaded(name, chosen) if weights is None else _state_of(weights)
    # what torchvision itself says where it loads the weights of these
    own = {"init_weights": False, "transform_input": True}
    options = own if name in ("googlenet", "inception_v3") else {}
    module = models.get_model(name, weights=None, **options)
    last, values = list(module.named_parameters())[-1]
    if last in state and state[last].shape != values.shape:
        # trained on for other classes
        module = models.get_model(name, weights=None, num_classes=len(state[last]), **options)
    _load_state(module, state, name, os.fspath(weights or chosen.url))
    taken = chosen.transforms()
    classes = chosen.meta.get("categories", ())
    return Vision(name, module, taken.mean, taken.std, int(taken.crop_size[0]), classes)


def _downloaded(name: str, chosen: Any) -> Mapping[str, Tensor]:
    """Weights by torchvision's own loader, which keeps what it has fetched."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / chosen.url.rpartition("/")[2]
    try:
        state: Mapping[str, Tensor] = chosen.get_state_dict(
            progress=sys.stderr.isatty(), check_hash=True, map_location="cpu", weights_only=True
        )
    except Exception as error:  # of networks, of files and of what reads them
        if file.exists():
            raise ValueError(f"{file}: cannot be read ({_line(error)}): delete it") from None
        raise OSError(
            f"the weights of {name} cannot be fetched ({_line(error)}): get {chosen.url} and put "
            f"it into {folder}, or name a file of weights"
        ) from None
    return state


def _state_of(path: str | os.PathLike[str]) -> Mapping[str, Tensor]:
    """The tensors of a file of weights."""
    shown = os.fspath(path)
    with open(path, "rb"):  # what cannot be opened is an OSError that names the file
        pass
    try:
        if Path(path).suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        # as the scripts of torchvision and of others save it
        for key in ("model", "state_dict"):
            if isinstance(state, dict) and isinstance(state.get(key), dict):
                state = state[key]
        return {name.removeprefix("module."): tensor for name, tensor in state.items()}
    except Exception as error:  # readers raise all sorts of things
        raise ValueError(
            f"{shown}: expected a .safetensors or .pth file with nothing but tensors "
            f"({_line(error)})"
        ) from None


def _load_state(module: nn.Module, state: Mapping[str, Tensor], name: str, source: str) -> None:
    try:
        module.load_state_dict(state)
    except (RuntimeError, AttributeError, TypeError) as error:
        raise ValueError(f"{source}: not the weights of {name} ({_line(error)})") from None


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."
