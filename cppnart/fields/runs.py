"""Run folders: what a training leaves behind, and how it goes on where it stopped.

A folder holds `run.json` (what is trained, with every setting), `stats.jsonl` (a line for each
check), and the last two states, so that a state cut short by a crash costs one interval.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from .atomic import atomic_output

KEPT = 2
MAX_SETTINGS = 16 << 20


@dataclass(frozen=True)
class State:
    """Everything that training goes on from: tensors by name, and numbers."""

    step: int
    tensors: dict[str, Tensor]
    numbers: dict[str, Any]


class RunFolder:
    """The folder of one training; made if it is not there.

    settings: JSON-ready; a folder that was begun with others is refused with a ValueError that
    names every difference. tensorboard: write statistics for TensorBoard too.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        settings: Mapping[str, Any],
        *,
        tensorboard: bool = False,
    ) -> None:
        self.path = Path(path)
        self._board = _board(self.path) if tensorboard else None
        self.path.mkdir(parents=True, exist_ok=True)
        own = self.path / "run.json"
        if own.exists():
            _check_same(own, _read_settings(own), json.loads(json.dumps(settings)))
            return
        if any(self.path.glob("state-*.safetensors")):
            raise ValueError(f"{self.path}: holds states of a training, but no run.json")
        with atomic_output(own) as temporary:
            temporary.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")

    def save(self, state: State) -> None:
        """Adds a state; all but the last two go."""
        content = json.dumps({"step": state.step, **state.numbers})
        tensors = {
            name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors.items()
        }
        write_tensors(self._state_file(state.step), tensors, {"state": content})
        for old in self._states()[:-KEPT]:
            old.unlink(missing_ok=True)

    def load(self) -> tuple[State | None, str | None]:
        """The newest state that can be read, and a remark on one that could not."""
        remark = None
        for path in reversed(self._states()):
            try:
                with safetensors.safe_open(path, "pt") as file:
                    numbers = json.loads((file.metadata() or {})["state"])
                    tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                return State(int(numbers.pop("step")), tensors, numbers), remark
            except (safetensors.SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
                line = (str(error).splitlines() or [""])[0][:100]
                remark = f"{path.name} cannot be read ({line}): going on from the one before"
        return None, remark

    def note(self, line: Mapping[str, Any]) -> None:
        """Adds a line to the statistics."""
        with open(self.path / "stats.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if self._board is not None:
            for name, value in line.items():
                if name != "step" and isinstance(value, int | float):
                    self._board.add_scalar(name, value, line["step"])
            self._board.flush()

    def forget_after(self, step: int) -> None:
        """Drops statistics of steps that will be made again, and a line cut short."""
        path = self.path / "stats.jsonl"
        if not path.exists():
            return
        kept = []
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                if json.loads(line)["step"] <= step:
                    kept.append(line)
            except (ValueError, KeyError, TypeError):
                continue
        with atomic_output(path) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")

    def _state_file(self, step: int) -> Path:
        return self.path / f"state-{step:09d}.safetensors"

    def _states(self) -> list[Path]:
        """From the oldest to the newest."""
        found = self.path.glob("state-*.safetensors")
        return sorted(p for p in found if re.fullmatch(r"state-\d{9,}\.safetensors", p.name))


def _board(folder: Path) -> Any:
    """What writes for TensorBoard, which the user may have."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ValueError("tensorboard: pip install 'cppnart[tensorboard]' brings it") from None
    return SummaryWriter(str(folder))


def read_settings(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What the training in a folder was begun with; ValueError where there is none."""
    own = Path(path) / "run.json"
    if not own.is_file():
        raise ValueError(f"{os.fspath(path)}: no training in it (looked for run.json)")
    return _read_settings(own)


def _read_settings(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_SETTINGS:
        raise ValueError(f"{path}: too large to be settings")
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict):
        raise ValueError(f"{path}: these are not the settings of a training")
    return settings


def write_tensors(
    path: str | os.PathLike[str], tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """A .safetensors file, whole or not at all; OSError where it cannot be written."""
    with atomic_output(path) as temporary:
        mode = temporary.stat().st_mode
        try:
            safetensors.torch.save_file(dict(tensors), temporary, dict(metadata))
            temporary.chmod(mode)  # it makes a file of its own, which nobody else may read
        except safetensors.SafetensorError as error:
            reason = (str(error).splitlines() or [""])[0]
            code = re.search(r"(?:code: |os error )(\d+)", reason)
            number = int(code[1]) if code else errno.EIO
            raise OSError(number, os.strerror(number), str(temporary)) from None


def _check_same(path: Path, there: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    differences = [
        f"{name} {_short(there.get(name))}, not {_short(ours.get(name))}"
        for name in {**there, **ours}
        if there.get(name) != ours.get(name)
    ]
    if differences:
        raise ValueError(
            f"{path.parent}: the training in this folder has {'; '.join(differences)}:"
            " choose another folder"
        )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
