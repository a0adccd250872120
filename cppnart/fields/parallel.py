"""Several processes, on one machine or many: who this one is, and what they exchange.

Gradients are summed by hand, as one flat array a network: penalties of adversarial training
differentiate gradients, which the hooks of DistributedDataParallel do not expect.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun and every other launcher says to each process."""


@dataclass(frozen=True)
class Group:
    """This process among all. rank 0 writes; device: where it computes."""

    rank: int = 0
    world: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        return self.rank == 0

    def mean_gradients(self, parameters: Sequence[Tensor], flag: bool = False) -> bool:
        """Averages the gradients over all processes; says whether any of them raised its flag,
        so that all know at the same step."""
        if self.world == 1:
            return flag
        # what the loss does not depend on has none, in any process
        gradients = [p.grad for p in parameters if p.grad is not None]
        raised = torch.tensor([float(flag)], device=parameters[0].device)
        flat = torch.cat([*(gradient.flatten() for gradient in gradients), raised])
        distributed.all_reduce(flat)
        *parts, raised = flat.split([gradient.numel() for gradient in gradients] + [1])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient) / self.world)
        return bool(raised > 0)

    def mean(self, values: Iterable[float]) -> list[float]:
        """The means over all processes."""
        own = torch.tensor(list(values), dtype=torch.float64)
        if self.world > 1:
            own = own.to(self.device)
            distributed.all_reduce(own)
            own /= self.world
        return [float(value) for value in own]

    def spread(self, tensors: Iterable[Tensor]) -> None:
        """Gives everybody the values that the first process has."""
        if self.world > 1:
            for tensor in tensors:
                distributed.broadcast(tensor.data, 0)

    def any(self, flag: bool) -> bool:
        """Whether a flag is raised in any process; all of them have to ask."""
        return any(self.mean([float(flag)])) if self.world > 1 else flag

    def wait(self) -> None:
        """Until everybody is here."""
        if self.world > 1:
            distributed.barrier()


def check_device(device: str) -> None:
    """Refuses, with a ValueError, a device that is not to be had here."""
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = (str(error).splitlines() or [""])[0][:100]
        raise ValueError(f"device {device!r}: torch cannot use it here ({reason})") from None


@contextmanager
def joined(device: str = "cpu") -> Iterator[Group]:
    """The group that the launcher's variables name; a group of one where there are none.

    device: cpu, or cuda, of which each process then takes one of its own.
    Raises ValueError for variables that make no sense, OSError where the others cannot be reached.
    """
    check_device(device)
    given = {name: os.environ.get(name) for name in VARIABLES}
    if given["WORLD_SIZE"] is None or given["WORLD_SIZE"] == "1":
        yield Group(device=device)
        return
    try:
        rank, world = int(given["RANK"] or ""), int(given["WORLD_SIZE"])
    except ValueError:
        raise ValueError(
            f"RANK {given['RANK']!r} of WORLD_SIZE {given['WORLD_SIZE']!r}: expected whole numbers"
        ) from None
    missing = [name for name, value in given.items() if not value]
    if missing or not 0 <= rank < world:
        wrong = f"{missing[0]} is not set" if missing else f"RANK {rank} of WORLD_SIZE {world}"
        raise ValueError(f"{wrong}: start several processes by torchrun, which says who each is")
    if device.startswith("cuda"):
        local = int(os.environ.get("LOCAL_RANK", rank % max(torch.cuda.device_count(), 1)))
        device = f"cuda:{local}"
        torch.cuda.set_device(local)
    try:
        distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    except (RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise OSError(f"the {world} processes cannot reach one another: {reason}") from None
    try:
        yield Group(rank, world, device)
    finally:
        distributed.destroy_process_group()
