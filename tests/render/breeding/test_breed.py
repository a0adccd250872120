"""Breeding pictures of every kind."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import cppnart
from cppnart.cppn.genomes import files as genome_files
from cppnart.cppn.genomes.genes import INPUTS
from cppnart.cppn.genomes.grow import grown
from cppnart.cppn.genomes.parameters import INTERACTIVE
from cppnart.cppn.seeds import Stream
from cppnart.fields import files
from cppnart.fields.program import Builder
from cppnart.render.breeding.breed import Bred, breed
from cppnart.render.breeding.children import children, parent_of
from cppnart.render.breeding.lineage import lineage_id
from cppnart.render.prepare import prepare
from cppnart.render.recipe import Recipe, genome_of, new_recipe, with_genome
from cppnart.render.recipe import recipe_text as text


def genome_recipe(seed: int, outputs: str = "palette") -> Recipe:
    return with_genome(new_recipe(), grown(Stream(seed), outputs=outputs, nodes=3))


def recipes(*parents: Any, **given: Any) -> list[Recipe]:
    made = breed(*parents, **{"children": 4, "size": 32, **given})
    assert isinstance(made, list)
    return made


def test_children_have_their_sheet_and_recipes_that_make_them_again(tmp_path: Path) -> None:
    made = breed(genome_recipe(1), children=5, size=48, output=tmp_path / "out")
    assert isinstance(made, Bred)
    names = [f"child-0{n}.png" for n in range(1, 6)]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [*names, "sheet.png"]
    assert made.pictures == [str(tmp_path / "out" / name) for name in names]
    for name in names:
        with Image.open(tmp_path / "out" / name, formats=["PNG"]) as image:
            shown = np.asarray(image)
        np.testing.assert_array_equal(cppnart.render(tmp_path / "out" / name), shown)
        assert prepare(tmp_path / "out" / name).recipe.parents == made.parents


def test_children_differ_from_their_parent_and_from_one_another() -> None:
    parent = prepare(genome_recipe(2), size=32)
    made = recipes(parent.recipe, children=8)
    pictures = [cppnart.render(recipe).astype(float) for recipe in (parent.recipe, *made)]
    for number, one in enumerate(pictures):
        for other in pictures[:number]:
            assert np.abs(one - other).mean() > 0.5


def test_the_same_seed_gives_the_same_children_and_another_others() -> None:
    first, again, other = (recipes(genome_recipe(1), seed=seed) for seed in ("a", "a", "b"))
    assert [text(r) for r in first] == [text(r) for r in again]
    assert [text(r) for r in first] != [text(r) for r in other]
    fewer = recipes(genome_recipe(1), seed="a", children=2)
    assert [text(r) for r in fewer] == [text(r) for r in first[:2]]


def test_several_parents_cross_and_every_child_names_two_of_them() -> None:
    parents = [genome_recipe(seed) for seed in (1, 2, 3)]
    ids = {parent_of(parent).id for parent in parents}
    made = recipes(*parents, children=8)
    named = [set(recipe.parents or ()) for recipe in made]
    assert all(len(pair) == 2 and pair <= ids for pair in named)
    assert set().union(*named) == ids


def test_a_lineage_id_is_of_the_network_and_not_of_its_picture() -> None:
    recipe = prepare(genome_recipe(1)).recipe
    same = prepare(recipe, size=99, zoom=2.0, palette="dusk").recipe
    assert lineage_id(same) == lineage_id(recipe)
    assert lineage_id(prepare(genome_recipe(2)).recipe) != lineage_id(recipe)
    seeds = {lineage_id(prepare(seed, style="sine").recipe) for seed in (1, 2)}
    assert len(seeds) == 2


@pytest.mark.parametrize("style", ["kaleidoscope", "classic", "emblem"])
def test_a_seed_can_be_a_parent_and_its_children_too(style: str) -> None:
    first = recipes("7", style=style, children=2)
    assert all(child.weights and child.style == style and child.seed == "7" for child in first)
    second = recipes(first[0], first[1], children=2)
    assert all(child.weights for child in second)
    assert set(second[0].parents or ()) == {lineage_id(child) for child in first}
    pixels = cppnart.render(second[0])
    assert pixels.std() > 1


def test_a_seed_that_is_bred_walks_and_takes_a_latent() -> None:
    (child,) = recipes("7", style="sine", children=1)
    still = cppnart.render(child)
    moved = cppnart.render(child, latent=[0.0] * len(child.latent or ()))
    assert np.abs(still.astype(float) - moved).mean() > 0.5
    assert prepare(child, moving=True).constants.keys() == {"z", "t"}


def test_a_picture_that_was_bred_keeps_its_structure_unless_it_is_drawn_anew() -> None:
    (child,) = recipes("7", style="sine", children=1)
    with pytest.raises(ValueError, match="depth: a picture that was bred"):
        prepare(child, depth=2)
    assert prepare(child, style="sine").recipe.weights == child.weights
    assert prepare(child, style="classic").recipe.weights is None
    assert prepare(child, seed="8").recipe.weights is None


def test_a_field_from_a_file_can_be_a_parent(tmp_path: Path) -> None:
    b = Builder(x=1, y=1)
    random = np.random.default_rng(1)
    hidden = b.affine(
        [b["x"], b["y"]], random.normal(size=(12, 2)) * 3, random.normal(size=12), "sin"
    )
    values = b.affine(hidden, random.normal(size=(3, 12)) / 6, 0.5)
    field = b.build(red=values[:1], green=values[1:2], blue=values[2:])
    files.save(tmp_path / "f.safetensors", field)
    made = recipes(tmp_path / "f.safetensors", children=3)
    pictures = [cppnart.render(recipe).astype(float) for recipe in made]
    assert all(recipe.field for recipe in made)
    assert np.abs(pictures[0] - pictures[1]).mean() > 1


def test_looks_are_inherited_unless_one_is_given() -> None:
    parent = prepare(genome_recipe(1), palette="dusk", finish="relief").recipe
    made = recipes(parent, children=12, strength=0.5)
    assert {recipe.finish for recipe in made} == {"relief"}
    names = [prepare(recipe).palette.name for recipe in made]
    assert names.count("dusk") >= 7
    given = recipes(parent, children=6, strength=1.0, palette="night-gold", finish="plain")
    assert {prepare(recipe).palette.name for recipe in given} == {"night-gold"}
    assert {recipe.finish for recipe in given} == {"plain"}


def test_only_allowed_activations_and_inputs_are_added() -> None:
    parameters = INTERACTIVE.with_activations(("abs",))
    made = recipes(genome_recipe(1), strength=1.0, parameters=parameters)
    before = {node.id for node in genome_of(genome_recipe(1)).nodes}  # type: ignore[union-attr]
    for recipe in made:
        genome = genome_of(recipe)
        assert genome is not None
        assert set(genome.inputs) <= set(INPUTS)
        assert {n.activation for n in genome.nodes if n.id not in before} <= {"abs"}


def test_without_parents_genomes_grow_from_nothing() -> None:
    made = recipes(children=3, seed=4)
    kinds = [genome_of(recipe) for recipe in made]
    assert all(genome is not None and genome.kind == "palette" for genome in kinds)
    assert {recipe.parents for recipe in made} == {None}
    (ink,) = recipes(children=1, outputs="ink")
    genome = genome_of(ink)
    assert genome is not None
    assert genome.kind == "ink"


def test_a_genome_file_can_be_a_parent(tmp_path: Path) -> None:
    genome = genome_of(genome_recipe(5))
    assert genome is not None
    genome_files.save(tmp_path / "g.json", genome)
    (child,) = recipes(tmp_path / "g.json", children=1)
    assert child.parents == [parent_of(genome_recipe(5)).id]


@pytest.mark.parametrize(
    ("parents", "given", "named"),
    [
        (("1",), {"children": 0}, "children 0"),
        (("1",), {"children": 10**6}, "children 1000000"),
        (("1",), {"strength": 2.0}, "strength 2.0"),
        (("1",), {"seed": ""}, "seed ''"),
        (("1",), {"outputs": "ink"}, "outputs 'ink'"),
        ((), {"outputs": "sound"}, "unknown kind of outputs 'sound'"),
        ((), {"size": "huge"}, "huge"),
        ((), {"style": "sine"}, "style: genomes that grow from nothing have none"),
        (("none.json",), {}, "none.json"),
    ],
)
def test_mistakes_are_named(parents: tuple[str, ...], given: dict[str, Any], named: str) -> None:
    with pytest.raises((ValueError, OSError)) as caught:
        recipes(*parents, **given)
    assert named in str(caught.value)


def test_parents_of_different_structure_are_refused_before_any_work() -> None:
    pairs = [
        (prepare("1", style="sine").recipe, prepare("1", style="classic").recipe, "sine 1 and cl"),
        (genome_recipe(1), prepare("1", style="sine").recipe, "genomes cross with genomes alone"),
        (genome_recipe(1), genome_recipe(1, "ink"), "outputs"),
    ]
    for first, second, named in pairs:
        with pytest.raises(ValueError, match="cannot both be parents") as caught:
            recipes(first, second)
        assert named in str(caught.value)


def test_children_are_not_duller_than_need_be() -> None:
    from cppnart.cppn.genomes.draw import measures

    parent = parent_of(genome_recipe(2))
    found = [genome_of(recipe) for recipe in children([parent], 12, seed=1)]
    dull = [measures(genome).dullness() for genome in found if genome is not None]
    assert np.mean(np.array(dull) <= parent.dullness + 1e-9) > 0.8
