"""`evolve`: many generations of genomes towards a goal, without anybody looking."""

from __future__ import annotations

import errno
import os
import tempfile
import time as clock
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from cppnart.cppn.genomes.draw import drawn
from cppnart.cppn.genomes.genes import Genome
from cppnart.cppn.genomes.grow import STAGNANT, Generation, begun, next_generation, seedling
from cppnart.cppn.genomes.mutate import checked_strength, mutate
from cppnart.cppn.genomes.parameters import BATCH, Parameters
from cppnart.cppn.seeds import Stream, parse_seed
from cppnart.render.formats import format_of
from cppnart.render.motion.films import film_format_of
from cppnart.render.ordered import cores
from cppnart.render.palettes import Palette
from cppnart.render.picture import compose
from cppnart.render.prepare import Prepared, Source, prepare
from cppnart.render.recipe import Recipe, genome_of, new_recipe, with_genome
from cppnart.render.renderer import Settings, render_rows

from .history import Best, History
from .objectives import Function, Novelty, Objective, Towards, target_of
from .pages import Pixels, write

POPULATION, GENERATIONS, SIDE, LARGE = 96, 60, 64, 1024
MAX_POPULATION, MAX_GENERATIONS = 10_000, 1_000_000
RICHNESS = 3
"""Splits in the genomes that evolution begins with, where no others are given: nearly minimal."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Evolved:
    """What was written, and how it went: fitness of the best, generations in all, species at the
    end."""

    path: str
    film: str | None
    fitness: float
    generations: int
    species: int
    nodes: int
    links: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"fitness {self.fitness:.4g} after {self.generations} generations, {self.nodes} nodes,"
            f" {self.links} links, {self.species} species, {self.seconds:.1f} s"
        )


def evolve(
    *parents: Source,
    towards: str | os.PathLike[str] | None = None,
    novelty: bool = False,
    objective: str | None = None,
    population: int = POPULATION,
    generations: int = GENERATIONS,
    size: int = SIDE,
    strength: float = 0.5,
    seed: str | int = 0,
    outputs: str | None = None,
    parameters: Parameters = BATCH,
    palette: str | Sequence[str] | Palette | None = None,
    film: str | os.PathLike[str] | None = None,
    run: str | os.PathLike[str] | None = None,
    resume: bool = False,
    output: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **look: Any,
) -> Recipe | Evolved:
    """Evolves a picture by CPPN-NEAT, with species and from nearly nothing.

    What for, one of the three: towards, a picture to become alike to, whose palette it takes
    unless there is another; novelty, to differ from all that was there before; objective, the name
    ``module:callable`` of a function from pixels, (size, size, 3) uint8, to a number.

    parents: genomes, or pictures of genomes, that the first generation is made of; else it grows
    from nothing, with outputs palette, ink or hsb. population: genomes in a generation.
    generations: how many follow the first. size: short side of the pictures that are judged.
    strength: of mutation, 0 to 1. seed: the same gives the same. parameters: of genomes.
    palette, look: as for render.

    film: a film of the generations. run: a folder for states, statistics and pages; with resume
    evolution goes on from the last of them, to what it would have been without a stop. output: a
    file for the best picture, LARGE pixels long, with its recipe. progress: called with
    generations done and to do.

    Returns the recipe of the best picture (for novelty, of the last generation), or Evolved where
    there is an output. Raises ValueError for what makes no sense and OSError for files that cannot
    be read or written.
    """
    began = clock.perf_counter()
    _check(population, generations, size, towards, novelty, objective)
    checked_strength(strength)
    if resume and run is None:
        raise ValueError("resume: give the folder of the run that is to go on")
    path = None if output is None else _checked_output(output)
    if film is not None:
        _check_folder(film)
        film_format_of(film)
    goal, width, height = _goal(towards, objective, size)
    if palette is None and isinstance(goal, Towards):
        palette = goal.palette
    given = {name: value for name, value in look.items() if value is not None}
    given["palette"] = palette
    settings = {
        "task": "evolve",
        "goal": objective or (f"towards {os.path.basename(towards)}" if towards else "novelty"),
        "population": population,
        "size": size,
        "strength": strength,
        "seed": parse_seed(seed),
        "outputs": outputs,
    }
    start = _begin(parents, population, Stream(seed, "begin"), outputs, parameters)
    sample = prepare(with_genome(new_recipe(), start.population[0]), **given)
    camera = Settings(width, height, samples=1, threads=1)
    with _folder(run, film) as folder, _pool(threads) as pool:
        history = History(folder, settings if run is not None else None, film is not None)
        state = history.load(start, goal, resume)

        def judge(population: Sequence[Genome]) -> tuple[list[Pixels], list[float]]:
            pictures = list(pool.map(lambda genome: _picture(genome, sample, camera), population))
            return pictures, [float(number) for number in goal(pictures)]

        while True:
            history.save(state, goal, last=state.number >= generations)
            pictures, fitness = judge(state.generation.population)
            state = state.judged(fitness, goal.moving)
            history.note(state, pictures, fitness)
            if progress is not None:
                progress(state.number, generations)
            if state.number >= generations:
                break
            following = next_generation(
                state.generation,
                fitness,
                Stream(seed, "generation", state.number + 1),
                parameters,
                strength=strength,
                stagnant=None if goal.moving else STAGNANT,
            )
            state = state.followed(following)
        if film is not None:
            history.film(film, state.number, threads)
    best = state.best
    assert best is not None
    prepared = _prepared(best, given, width, height)
    if path is None:
        return prepared.recipe
    write(prepared, path, threads=threads)
    return Evolved(
        os.fspath(path),
        None if film is None else os.fspath(film),
        round(best.fitness, 6),
        state.number,
        len(state.generation.species),
        len(best.genome.inputs) + len(best.genome.nodes),
        len(best.genome.enabled),
        round(clock.perf_counter() - began, 3),
    )


def _checked_output(output: str | os.PathLike[str]) -> Path:
    """The file for the best picture, which is known to be one before hours of work."""
    path = Path(output)
    if path.is_dir():
        return path / "evolved.png"
    format_of(path)
    _check_folder(path)
    return path


def _check_folder(path: str | os.PathLike[str]) -> None:
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder does not exist", str(folder))


def _check(
    population: int,
    generations: int,
    size: int,
    towards: str | os.PathLike[str] | None,
    novelty: bool,
    objective: str | None,
) -> None:
    if (towards is not None) + bool(novelty) + (objective is not None) != 1:
        raise ValueError("nothing to evolve for: expected one of towards, novelty and objective")
    for name, number, low, high in (
        ("population", population, 4, MAX_POPULATION),
        ("generations", generations, 1, MAX_GENERATIONS),
        ("size", size, 32, 512),
    ):
        if isinstance(number, bool) or not low <= number <= high:
            raise ValueError(f"{name} {number}: expected {low} to {high}")


def _goal(
    towards: str | os.PathLike[str] | None, objective: str | None, side: int
) -> tuple[Objective, int, int]:
    """What fitness is, and the width and height of the pictures that it looks at."""
    if towards is not None:
        target = target_of(towards, side)
        return Towards(target), target.shape[1], target.shape[0]
    return (Function(objective) if objective is not None else Novelty()), side, side


def _begin(
    parents: Sequence[Source],
    population: int,
    stream: Stream,
    outputs: str | None,
    parameters: Parameters,
) -> Generation:
    """The first generation: given genomes and mutants of them, or seedlings."""
    if not parents:
        kind = outputs or "palette"
        small = replace(parameters, add_node=1.0)
        genomes = []
        for number in range(population):
            own = stream.child("seedling", number)
            genome = seedling(own, outputs=kind, parameters=parameters)
            for split in range(own.integer(0, RICHNESS)):
                genome = mutate(genome, own.child(split), small)
            genomes.append(genome)
        return begun(genomes)
    given = [_genome(source) for source in parents]
    genomes = given[:population]
    while len(genomes) < population:
        number = len(genomes)
        parent = given[number % len(given)]
        genomes.append(mutate(parent, stream.child("mutant", number), parameters, strength=1.0))
    return begun(genomes)


def _genome(source: Source) -> Genome:
    recipe = prepare(source).recipe
    genome = genome_of(recipe)
    if genome is None:
        what = recipe.style or "a field"
        raise ValueError(f"{str(source)[:60]}: {what} has no genome: expected pictures of genomes")
    return genome


def _picture(genome: Genome, sample: Prepared, settings: Settings) -> Pixels:
    recipe = sample.recipe
    picture = compose(
        drawn(genome).program,
        color=recipe.color or "palette",
        palette=sample.palette,
        finish=recipe.finish or "plain",
    )
    return np.concatenate(list(render_rows(picture, settings)))


def _prepared(best: Best, given: dict[str, Any], width: int, height: int) -> Prepared:
    """The best picture, in the shape of those that were judged."""
    factor = LARGE / max(width, height)
    parents = list(best.parents) or None
    recipe = msgspec.structs.replace(with_genome(new_recipe(), best.genome), parents=parents)
    return prepare(recipe, **given, size=f"{round(width * factor)}x{round(height * factor)}")


@contextmanager
def _folder(
    run: str | os.PathLike[str] | None, film: str | os.PathLike[str] | None
) -> Iterator[Path | None]:
    """Where states and pages go: the run's folder, or one for the pages of a film that goes."""
    if run is not None or film is None:
        yield None if run is None else Path(run)
        return
    with tempfile.TemporaryDirectory(prefix="cppnart-") as temporary:
        yield Path(temporary)


@contextmanager
def _pool(threads: int | None) -> Iterator[ThreadPoolExecutor]:
    if threads is not None and not 1 <= threads <= 1024:
        raise ValueError(f"threads {threads}: expected 1 to 1024")
    pool = ThreadPoolExecutor(threads or cores(), thread_name_prefix="evolve")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
