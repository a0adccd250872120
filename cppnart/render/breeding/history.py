"""What evolution remembers: its state, its best, and a page of pictures for each generation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cppnart.cppn.genomes.draw import identity
from cppnart.cppn.genomes.files import from_dict, to_dict
from cppnart.cppn.genomes.genes import Genome
from cppnart.cppn.genomes.grow import Generation
from cppnart.cppn.genomes.species import Species
from cppnart.render.sheets import columns_for, layout

from .objectives import Objective
from .pages import Pixels, write_page

if TYPE_CHECKING:
    from cppnart.fields.runs import RunFolder

SHOWN = 48
"""Pictures on a page."""
FPS, HELD = 12, 3
"""Of the film: frames a second, and frames for each page."""
EVERY = 10
"""Generations between two states."""


@dataclass(frozen=True)
class Best:
    """The fittest genome so far, and the lineage ids of its parents."""

    genome: Genome
    fitness: float
    parents: tuple[str, ...]


@dataclass(frozen=True)
class State:
    """A generation by its number, and the lineage ids of the parents of each genome."""

    number: int
    generation: Generation
    parents: tuple[tuple[str, ...], ...]
    best: Best | None = None

    def judged(self, fitness: Sequence[float], moving: bool = False) -> State:
        """With the best of this generation, where it is better than all before, or where these
        cannot be compared with it."""
        top = max(range(len(fitness)), key=lambda n: fitness[n])
        if not moving and self.best is not None and fitness[top] <= self.best.fitness:
            return self
        genome = self.generation.population[top]
        return replace(self, best=Best(genome, fitness[top], self.parents[top]))

    def followed(self, generation: Generation) -> State:
        """The next generation. A genome that lives on unchanged keeps its parents."""
        before = self.generation.population
        ids: dict[int, str] = {}
        parents = []
        for genome, numbers in zip(generation.population, generation.parents, strict=True):
            if len(numbers) == 1 and before[numbers[0]] == genome:
                parents.append(self.parents[numbers[0]])
                continue
            for number in numbers:
                ids.setdefault(number, identity(before[number]))
            parents.append(tuple(dict.fromkeys(ids[number] for number in numbers)))
        return State(self.number + 1, generation, tuple(parents), self.best)


class History:
    """A run's folder. settings: of the run, or None for one that is not to be kept."""

    def __init__(self, folder: Path | None, settings: dict[str, Any] | None, pages: bool) -> None:
        self._run: RunFolder | None = None
        if folder is not None and settings is not None:
            from cppnart.fields.runs import RunFolder

            self._run = RunFolder(folder, settings)
        self._pages = None if folder is None or not pages else folder / "pages"
        if self._pages is not None:
            self._pages.mkdir(exist_ok=True)

    def load(self, start: Generation, goal: Objective, resume: bool) -> State:
        """The state to go on from: the last one kept, or the start."""
        fresh = State(0, start, ((),) * len(start.population))
        if self._run is None:
            return fresh
        found, _ = self._run.load()
        if found is None:
            return fresh
        if not resume:
            raise ValueError(
                f"{self._run.path}: this run has {found.step} generations: say resume to go on"
                " with it, or choose another folder"
            )
        self._run.forget_after(found.step - 1)
        try:
            state = _state_of(found.step, found.numbers)
            goal.memory = found.tensors["memory"].numpy()
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ValueError(f"{self._run.path}: a state that cannot be used ({error})") from None
        return state

    def save(self, state: State, goal: Objective, last: bool = False) -> None:
        """Keeps a state, now and then, from which evolution can go on."""
        if self._run is None or not (last or state.number % EVERY == 0):
            return
        import torch

        from cppnart.fields.runs import State as Kept

        memory = torch.from_numpy(np.ascontiguousarray(goal.memory))
        self._run.save(Kept(state.number, {"memory": memory}, _numbers_of(state)))

    def note(self, state: State, pictures: Sequence[Pixels], fitness: Sequence[float]) -> None:
        """Keeps a generation's statistics and its page."""
        self._keep_page(state.number, pictures, fitness)
        if self._run is None:
            return
        assert state.best is not None
        population = state.generation.population
        self._run.note(
            {
                "step": state.number,
                "best": state.best.fitness,
                "mean": float(np.mean(fitness)),
                "species": len(state.generation.species),
                "links": float(np.mean([len(genome.enabled) for genome in population])),
            }
        )

    def _keep_page(self, number: int, pictures: Sequence[Pixels], fitness: Sequence[float]) -> None:
        """Keeps a page of the fittest pictures of a generation."""
        if self._pages is None:
            return
        order = sorted(range(len(pictures)), key=lambda n: (-fitness[n], n))[:SHOWN]
        columns = columns_for(len(order))
        full = order[: len(order) // columns * columns]
        page = layout([pictures[n] for n in full], None, columns)
        height, width = (side + side % 2 for side in page.shape[:2])
        even = np.pad(
            page, ((0, height - page.shape[0]), (0, width - page.shape[1]), (0, 0)), mode="edge"
        )
        write_page(even, self._page(number))

    def film(self, path: str | os.PathLike[str], last: int, threads: int | None) -> None:
        """The pages as a film."""
        from cppnart.fields.pictures import open_image
        from cppnart.render.motion.films import open_film

        numbers = [n for n in range(last + 1) if self._page(n).exists()]
        first = np.asarray(open_image(self._page(numbers[0])).convert("RGB"))
        with open_film(
            path,
            width=first.shape[1],
            height=first.shape[0],
            fps=FPS,
            frames=HELD * len(numbers),
            threads=threads,
        ) as writer:
            for count, number in enumerate(numbers):
                page = np.asarray(open_image(self._page(number)).convert("RGB"))
                for again in range(HELD):
                    writer.write(page, HELD * count + again)

    def _page(self, number: int) -> Path:
        assert self._pages is not None
        return self._pages / f"generation-{number:06d}.png"


# --- States as JSON ---


def _numbers_of(state: State) -> dict[str, Any]:
    generation, best = state.generation, state.best
    return {
        "population": [to_dict(genome) for genome in generation.population],
        "species": [
            {
                "representative": to_dict(kind.representative),
                "members": list(kind.members),
                "best": None if np.isinf(kind.best) else kind.best,
                "stagnant": kind.stagnant,
            }
            for kind in generation.species
        ],
        "threshold": generation.threshold,
        "parents": [list(ids) for ids in state.parents],
        "best": best
        and {
            "genome": to_dict(best.genome),
            "fitness": best.fitness,
            "parents": list(best.parents),
        },
    }


def _state_of(number: int, kept: dict[str, Any]) -> State:
    population = tuple(from_dict(genome) for genome in kept["population"])
    species = tuple(
        Species(
            from_dict(kind["representative"]),
            tuple(int(n) for n in kind["members"]),
            float("-inf") if kind["best"] is None else float(kind["best"]),
            int(kind["stagnant"]),
        )
        for kind in kept["species"]
    )
    best = kept["best"]
    parents = tuple(tuple(map(str, ids)) for ids in kept["parents"])
    if len(parents) != len(population) or not all(
        0 <= n < len(population) for kind in species for n in kind.members
    ):
        raise ValueError("its parts do not fit together")
    return State(
        number,
        Generation(population, species, float(kept["threshold"]), ((),) * len(population)),
        parents,
        best and Best(from_dict(best["genome"]), float(best["fitness"]), tuple(best["parents"])),
    )
