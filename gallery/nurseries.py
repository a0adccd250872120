"""Nurseries: rounds of children to choose from, each of which can be gone back to.

A round is its parents, its settings and its number, from which its children are bred again to the
same bits; they are kept in memory for a while, and those that are chosen for good.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from cppnart.cppn.genomes.genes import ACTIVATIONS, INPUTS, OUTPUTS
from cppnart.cppn.genomes.parameters import INTERACTIVE, Parameters
from cppnart.cppn.genomes.recolour import with_outputs
from cppnart.cppn.seeds import Stream
from cppnart.render.breeding.children import children, firsts, parent_of
from cppnart.render.prepare import prepare
from cppnart.render.recipe import Recipe, genome_of, recipe_text, with_genome

from . import adding, works
from .catalogue import Row
from .collection import Collection
from .errors import Conflict, NotThere
from .shelf import Shelf
from .works import Work

FEWEST, MOST = 1, 24
COLOURS = {"palette": "palette", "ink": "mono", "hsb": "hsv"}
"""Of genomes, and what comes nearest in other styles."""
ROOM = 16 << 20
"""Bytes of recipes of children in memory."""

Names = Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=64)]


class Settings(msgspec.Struct, frozen=True):
    """How a round is bred. strength: 0 to 1. colour: one of OUTPUTS, None for that of the parents.
    activations, inputs: those that may be added to a genome, None for the usual ones."""

    count: int = 16
    strength: float = 0.5
    colour: str | None = None
    activations: Names | None = None
    inputs: Names | None = None

    def parameters(self) -> Parameters:
        """Of genomes; ValueError for what is out of range or unknown."""
        if not FEWEST <= self.count <= MOST:
            raise ValueError(f"count {self.count}: expected {FEWEST} to {MOST} children")
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength {self.strength}: expected a number from 0 to 1")
        if self.colour is not None and self.colour not in OUTPUTS:
            raise ValueError(f"colour {self.colour[:40]!r}: expected {', '.join(OUTPUTS)}")
        parameters = INTERACTIVE
        if self.activations is not None:
            parameters = parameters.with_activations(tuple(dict.fromkeys(self.activations)))
        if self.inputs is not None:
            names = tuple(name for name in dict.fromkeys(self.inputs))
            parameters = dataclasses.replace(parameters, inputs=names)
        return parameters


@dataclasses.dataclass(frozen=True)
class Round:
    """A round as it is kept."""

    nursery: str
    number: int
    previous: int | None
    parents: list[str]
    settings: Settings


class Child(msgspec.Struct, frozen=True):
    """A child as a page shows it. index: its place in the round; key: a hash of its recipe; kept:
    the work that it is, if it was kept."""

    index: int
    key: str
    shader: str
    picture: str
    drawing: str | None
    kept: str | None
    nodes: int
    size: tuple[int, int]


class Nursery(msgspec.Struct, frozen=True):
    """A nursery at its present round. round: its number, which no other round of the nursery has
    or will have; generation: which it is of its line, counted from 1; other children of the same
    parents are of the same one."""

    id: str
    round: int
    generation: int
    children: list[Child]
    strength: float
    settings: Settings
    choices: dict[str, list[str]]
    can_undo: bool
    parents: list[dict[str, Any]]


CHOICES = {
    "activations": [name for name, _ in INTERACTIVE.activations]
    + sorted(ACTIVATIONS.keys() - dict(INTERACTIVE.activations).keys()),
    "usual_activations": [name for name, _ in INTERACTIVE.activations],
    "inputs": list(INPUTS),
    "usual_inputs": list(INTERACTIVE.inputs),
    "colour": list(OUTPUTS),
}


class Nurseries:
    """All nurseries of a gallery; for several threads."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._shelf = Shelf(ROOM)

    def begin(self, parents: Sequence[str], settings: Settings) -> Nursery:
        """A nursery of children of these works, or without any, of genomes grown from nothing."""
        settings.parameters()
        id = secrets.token_hex(8)
        first = Round(id, 1, None, list(dict.fromkeys(parents)), settings)
        self._children(first)  # so that what cannot be bred is refused before it is written down
        with self.collection.catalogue.change() as db:
            db.execute("INSERT INTO nurseries VALUES (?, 1)", (id,))
            db.execute("INSERT INTO rounds VALUES (?, ?, ?, ?, ?)", _row(first))
        return self.shown(first)

    def seedling(self, seed: str, style: str | None = None) -> str:
        """A seed as a work that can be a parent, without being kept."""
        recipe = prepare(None, seed=seed, style=style).recipe
        key = adding.recipe_key(recipe)
        return self.collection.remember(key, recipe, thumbnail=False, state=works.PASSED)

    def get(self, nursery: str) -> Nursery:
        """A nursery at its present round; NotThere."""
        return self.shown(self._present(nursery))

    def next(
        self,
        nursery: str,
        chosen: Sequence[int],
        changes: dict[str, Any],
        number: int | None = None,
    ) -> Nursery:
        """Another round, of children of the chosen ones; each of them is remembered for good.

        number: of the round that they were chosen from, by default the present one.
        """
        now = self._named(nursery, number)
        settings = msgspec.structs.replace(now.settings, **changes)
        settings.parameters()
        if not chosen:
            raise ValueError("chosen: expected at least one child")
        parents = [self._remembered(now, index) for index in dict.fromkeys(chosen)]
        return self._go_on(now, parents, settings)

    def again(self, nursery: str, changes: dict[str, Any]) -> Nursery:
        """Other children of the same parents."""
        now = self._present(nursery)
        settings = msgspec.structs.replace(now.settings, **changes)
        settings.parameters()
        return self._go_on(now, now.parents, settings)

    def back(self, nursery: str) -> Nursery:
        """The round before this one; Conflict where there is none."""
        now = self._present(nursery)
        if now.previous is None:
            raise Conflict("this is the first round: there is nothing to go back to")
        with self.collection.catalogue.change() as db:
            db.execute("UPDATE nurseries SET round = ? WHERE id = ?", (now.previous, nursery))
        return self.get(nursery)

    def keep(
        self,
        nursery: str,
        index: int,
        title: str | None = None,
        tags: Sequence[str] = (),
        number: int | None = None,
    ) -> Work:
        """Puts a child of a round, by default of the present one, into the gallery."""
        now = self._named(nursery, number)
        return self.collection.work(self._remembered(now, index, works.KEPT, title, tags))

    def child(self, nursery: str, number: int, index: int) -> tuple[str, Recipe]:
        """The key and the recipe of a child of any round; NotThere."""
        return self._child(self._round(nursery, number), index)

    def all_of(self, nursery: str, number: int) -> list[tuple[str, Recipe]]:
        """The same of all children of a round."""
        return self._children(self._round(nursery, number))

    # --- Rounds ---

    def _go_on(self, now: Round, parents: list[str], settings: Settings) -> Nursery:
        catalogue = self.collection.catalogue
        with catalogue.change() as db:
            (last,) = db.execute(
                "SELECT max(number) FROM rounds WHERE nursery = ?", (now.nursery,)
            ).fetchone()
            new = Round(now.nursery, last + 1, now.number, parents, settings)
            db.execute("INSERT INTO rounds VALUES (?, ?, ?, ?, ?)", _row(new))
        self._children(new)  # fails where these cannot be parents, and then nothing has moved
        with catalogue.change() as db:
            db.execute("UPDATE nurseries SET round = ? WHERE id = ?", (new.number, now.nursery))
        return self.shown(new)

    def _present(self, nursery: str) -> Round:
        row = self.collection.catalogue.row(
            "SELECT rounds.* FROM nurseries JOIN rounds"
            " ON rounds.nursery = nurseries.id AND rounds.number = nurseries.round"
            " WHERE nurseries.id = ?",
            (nursery,),
        )
        return _round_of(row, nursery)

    def _named(self, nursery: str, number: int | None) -> Round:
        return self._present(nursery) if number is None else self._round(nursery, number)

    def _round(self, nursery: str, number: int) -> Round:
        row = self.collection.catalogue.row(
            "SELECT * FROM rounds WHERE nursery = ? AND number = ?", (nursery, number)
        )
        return _round_of(row, nursery)

    def _generation(self, round: Round) -> int:
        """How many times there were other parents, from the first round to this one."""
        row = self.collection.catalogue.row(
            "WITH RECURSIVE line (previous, parents, fresh) AS ("
            " SELECT previous, parents, 1 FROM rounds WHERE nursery = ?1 AND number = ?2"
            " UNION ALL SELECT before.previous, before.parents, before.parents != line.parents"
            " FROM line JOIN rounds AS before"
            " ON before.nursery = ?1 AND before.number = line.previous)"
            " SELECT sum(fresh) AS count FROM line",
            (round.nursery, round.number),
        )
        assert row is not None
        return int(row["count"])

    # --- Children ---

    def _children(self, round: Round) -> list[tuple[str, Recipe]]:
        """Keys and recipes, bred when they are first asked for."""
        key = (round.nursery, round.number)
        return self._shelf.get(key, lambda: self._bred(round), _weight)

    def _bred(self, round: Round) -> list[tuple[str, Recipe]]:
        settings, parameters = round.settings, round.settings.parameters()
        seed = f"{round.nursery}-{round.number}"
        if not round.parents:
            colour = settings.colour or "palette"
            grown = firsts(settings.count, seed=seed, outputs=colour, parameters=parameters)
            return [(adding.recipe_key(recipe), recipe) for recipe in grown]
        for work in round.parents:
            if not self.collection.work(work).can["breed"]:
                raise ValueError(f"work {work}: this field has nothing that breeding could change")
        own = [works.lineage_of_work(self.collection.catalogue, work) for work in round.parents]
        parents = [
            parent_of(_recoloured(self.collection.recipe(work), settings.colour, name))
            for work, name in zip(round.parents, own, strict=True)
        ]
        names = {parent.id: name for parent, name in zip(parents, own, strict=True)}
        bred = children(
            parents,
            settings.count,
            seed=seed,
            strength=settings.strength,
            parameters=parameters,
        )
        found = []
        for recipe in bred:
            known = [names[parent] for parent in recipe.parents or []]
            recipe = msgspec.structs.replace(recipe, parents=known)
            found.append((adding.recipe_key(recipe), recipe))
        return found

    def _child(self, round: Round, index: int) -> tuple[str, Recipe]:
        if not 0 <= index < round.settings.count:
            raise NotThere(f"child {index}: the round has 0 to {round.settings.count - 1}")
        return self._children(round)[index]

    def _remembered(
        self,
        round: Round,
        index: int,
        state: str = works.PASSED,
        title: str | None = None,
        tags: Sequence[str] = (),
    ) -> str:
        """The id of a child as a work."""
        key, recipe = self._child(round, index)
        catalogue = self.collection.catalogue
        lineages = {works.lineage_of_work(catalogue, work): work for work in round.parents}
        facts: dict[str, Any] = {
            "title": title,
            "tags": tags,
            "parents": lineages,
            "state": state,
        }
        return self.collection.remember(key, recipe, thumbnail=state == works.KEPT, **facts)

    def shown(self, round: Round) -> Nursery:
        """A round as a page shows it."""
        found = self._children(round)
        keys = [key for key, _ in found]
        known = {work.id: work for work in works.works_of(self.collection.catalogue, keys)}
        base = f"/api/nurseries/{round.nursery}/{round.number}"
        shown = []
        for index, (key, recipe) in enumerate(found):
            genome = genome_of(recipe)
            kept = known.get(key)
            shown.append(
                Child(
                    index=index,
                    key=key,
                    shader=f"{base}/{index}/shader",
                    picture=f"{base}/{index}/picture.webp",
                    drawing=f"{base}/{index}/drawing" if genome else None,
                    kept=key if kept is not None and kept.kept else None,
                    nodes=len(genome.inputs) + len(genome.nodes) if genome else 0,
                    size=works.frame_of_recipe(recipe),
                )
            )
        return Nursery(
            id=round.nursery,
            round=round.number,
            generation=self._generation(round),
            children=shown,
            strength=round.settings.strength,
            settings=round.settings,
            choices=CHOICES,
            can_undo=round.previous is not None,
            parents=[
                _parent(work) for work in works.works_of(self.collection.catalogue, round.parents)
            ],
        )


def _recoloured(recipe: Recipe, colour: str | None, seed: str) -> Recipe:
    """A parent with the colours that its children are to have; a field keeps its own."""
    if colour is None or recipe.field is not None:
        return recipe
    genome = genome_of(recipe)
    if genome is None:
        return msgspec.structs.replace(recipe, color=COLOURS[colour])
    return with_genome(recipe, with_outputs(genome, colour, Stream(seed, "colour", colour)))


def _parent(work: Work) -> dict[str, Any]:
    return {
        "id": work.id,
        "key": work.id,
        "title": work.title,
        "thumbnail": work.thumbnail,
        "shader": f"/api/works/{work.id}/shader",
        "picture": f"/api/works/{work.id}/picture.webp",
        "kept": work.id if work.kept else None,
        "nodes": work.nodes,
        "size": work.size,
    }


def _row(round: Round) -> tuple[Any, ...]:
    parents, settings = msgspec.json.encode(round.parents), msgspec.json.encode(round.settings)
    return (round.nursery, round.number, round.previous, parents.decode(), settings.decode())


def _round_of(row: Row | None, nursery: str) -> Round:
    if row is None:
        raise NotThere(f"nursery {nursery[:40]!r}: there is none, or it has no such round")
    return Round(
        row["nursery"],
        row["number"],
        row["previous"],
        msgspec.json.decode(row["parents"], type=list[str]),
        msgspec.json.decode(row["settings"], type=Settings),
    )


def _weight(found: list[tuple[str, Recipe]]) -> int:
    return sum(len(recipe_text(recipe)) for _, recipe in found)
