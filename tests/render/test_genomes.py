"""Genomes as pictures: rendered, walked, exported, and made again from themselves."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

import cppnart
from cppnart.cppn.genomes import files, picbreeder
from cppnart.cppn.genomes.genes import Genome
from cppnart.cppn.genomes.grow import grown
from cppnart.cppn.genomes.mutate import mutate
from cppnart.cppn.seeds import Stream
from cppnart.fields import numpy_backend
from cppnart.render.api import render
from cppnart.render.export import export
from cppnart.render.motion.plan import Motion, plan
from cppnart.render.motion.timeline import Timeline
from cppnart.render.prepare import prepare
from cppnart.render.recipe import (
    genome_of,
    new_recipe,
    parse_recipe,
    recipe_text,
    with_genome,
)
from cppnart.render.renderer import render_frames

COLOURS = """<genome><nodes>
  <node label="x" type="in"><marking branch="0" id="0"/><activation>identity(x)</activation></node>
  <node label="y" type="in"><marking branch="0" id="1"/><activation>identity(x)</activation></node>
  <node label="d" type="in"><marking branch="0" id="2"/><activation>identity(x)</activation></node>
  <node label="hue" type="out"><marking branch="0" id="3"/><activation>sin(x)</activation></node>
  <node label="saturation" type="out">
    <marking branch="0" id="4"/><activation>sigmoid(x)</activation></node>
  <node label="brightness" type="out">
    <marking branch="0" id="5"/><activation>gaussian(x)</activation></node>
</nodes><links>
  <link><source branch="0" id="0"/><target branch="0" id="3"/><weight>0.9</weight></link>
  <link><source branch="0" id="1"/><target branch="0" id="4"/><weight>2.1</weight></link>
  <link><source branch="0" id="2"/><target branch="0" id="5"/><weight>0.8</weight></link>
  <link><source branch="0" id="3"/><target branch="0" id="5"/><weight>0.5</weight></link>
</links></genome>"""


def palette_genome(seed: int = 1) -> Genome:
    return grown(Stream(seed, "genome"), nodes=4)


@pytest.mark.parametrize(("convention", "zoom"), [("centers", 1.0), ("endpoints", 64 / 65)])
def test_a_picbreeder_genome_renders_as_it_was_published(
    tmp_path: Path, convention: str, zoom: float
) -> None:
    genome = picbreeder.from_xml(COLOURS, convention=convention)
    expected = picbreeder.pixels(genome, 65).astype(int)
    path = tmp_path / "a.xml"
    path.write_text(COLOURS)
    look = {"samples": 1, "dither": False, "exact": True}
    pixels = render(path, size=65, zoom=zoom, convention=convention, **look)
    assert isinstance(pixels, np.ndarray)
    # levels are cut off there and rounded here
    assert np.abs(pixels.astype(int) - expected).max() <= 1


def test_a_file_of_picbreeder_renders_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "rep.xml"
    path.write_text('<cppn-data version="1.2"/>' + COLOURS)
    picture = tmp_path / "a.png"
    cppnart.render(path, size=40, output=picture)
    recipe = prepare(picture).recipe
    assert genome_of(recipe) == picbreeder.from_xml(COLOURS)
    np.testing.assert_array_equal(render(picture, size=40), render(path, size=40))


def test_a_picture_of_a_genome_is_made_again_from_itself(tmp_path: Path) -> None:
    files.save(tmp_path / "g.json", palette_genome())
    first = render(tmp_path / "g.json", size=48, palette="dusk", finish="relief")
    render(tmp_path / "g.json", size=48, palette="dusk", finish="relief", output=tmp_path / "p.png")
    np.testing.assert_array_equal(render(tmp_path / "p.png"), first)
    large = render(tmp_path / "p.png", size=96)
    assert isinstance(large, np.ndarray)
    assert large.shape == (96, 96, 3)


def test_a_genome_that_nobody_gave_colours_has_some_of_its_own() -> None:
    names = {
        prepare(with_genome(new_recipe(), palette_genome(seed))).palette.to_dict()["stops"][1][1]
        for seed in range(6)
    }
    assert len(names) > 3


def test_a_recipe_keeps_its_genome_and_parents_and_nothing_that_is_no_genome() -> None:
    recipe = msgspec.structs.replace(with_genome(new_recipe(), palette_genome()), parents=["ab12"])
    read = parse_recipe(recipe_text(recipe))
    assert genome_of(read) == palette_genome()
    assert read.parents == ["ab12"]
    bad = recipe_text(recipe).replace('"bias"', '"magic"')
    with pytest.raises(ValueError, match="unknown input 'magic'"):
        prepare(parse_recipe(bad))
    assert read.genome is not None
    with pytest.raises(ValueError, match="not a usable genome"):
        prepare(msgspec.structs.replace(read, genome={"inputs": msgspec.Raw(b"1")}))


def test_a_genome_has_no_options_of_styles_and_another_seed_replaces_it() -> None:
    recipe = with_genome(new_recipe(), palette_genome())
    with pytest.raises(ValueError, match="depth: a genome has no such option"):
        prepare(recipe, depth=3)
    changed = prepare(recipe, seed="5").recipe
    assert (changed.genome, changed.seed) == (None, "5")


def test_info_says_what_it_is(tmp_path: Path) -> None:
    files.save(tmp_path / "g.json", palette_genome())
    facts = cppnart.info(tmp_path / "g.json")
    assert facts["kind"] == "genome"
    assert facts["traits"]["links"] == len(palette_genome().enabled)


# --- Walks along a lineage ---


def lineage() -> list[Genome]:
    genomes = [palette_genome(3)]
    for number in range(2):
        genomes.append(mutate(genomes[-1], Stream(number, "lineage"), strength=0.5))
    return genomes


def frames(sources: list[Genome], count: int, finish: str = "plain") -> np.ndarray:
    recipes = [with_genome(new_recipe(), genome) for genome in sources]
    motion = Motion(duration=count / 10, fps=10, ease="linear")
    look = {"size": 40, "palette": "dusk", "finish": finish, "dither": False}
    film = plan(recipes, None, None, motion, look)
    timeline = Timeline(film)
    shots = (timeline.shot(n) for n in range(count))
    return np.array(list(render_frames(shots, timeline.settings(threads=1))))


def test_the_ends_of_a_walk_are_the_parents_exactly() -> None:
    genomes = lineage()
    film = frames(genomes, 9)
    for frame, genome in ((0, genomes[0]), (4, genomes[1]), (8, genomes[2])):
        recipe = with_genome(new_recipe(), genome)
        expected = render(recipe, size=40, palette="dusk", dither=False)
        np.testing.assert_array_equal(film[frame], expected)


def test_between_relatives_a_walk_is_smooth_and_not_a_cross_fade() -> None:
    genomes = lineage()[:2]
    coarse, fine = (frames(genomes, count).astype(float) for count in (9, 33))
    steps = [np.abs(np.diff(film, axis=0)).mean((1, 2, 3)) for film in (coarse, fine)]
    assert steps[1].max() < 0.6 * steps[0].max()  # no jump anywhere, at its ends neither
    faded = (coarse[0] + coarse[-1]) / 2
    assert np.abs(coarse[4] - faded).mean() > 1.0


def test_a_genome_alone_breathes_and_comes_back() -> None:
    recipe = with_genome(new_recipe(), palette_genome())
    film = plan([recipe], None, None, Motion(duration=1, fps=8), {"size": 40})
    timeline = Timeline(film)
    shots = [timeline.shot(n) for n in (0, 4)]
    start, middle = render_frames(shots, timeline.settings(threads=1))
    still = render(recipe, size=40)
    assert np.abs(start.astype(int) - still).max() <= 1
    assert np.abs(middle.astype(float) - start).mean() > 1


def test_finishes_and_strangers_walk_as_well() -> None:
    film = frames([palette_genome(1), palette_genome(2)], 5, "relief")
    assert len({frame.tobytes() for frame in film}) == 5


# --- Exports ---


def test_a_genome_becomes_a_page_and_a_program(tmp_path: Path) -> None:
    files.save(tmp_path / "g.json", palette_genome())
    page = export(tmp_path / "g.json", to="html")
    assert isinstance(page, str)
    assert "#version 300 es" in page
    export(tmp_path / "g.json", output=tmp_path / "g.safetensors", size=48)
    picture = render(tmp_path / "g.json", size=48, samples=1, dither=False)
    again = render(tmp_path / "g.safetensors", size=48, samples=1, dither=False)
    assert np.abs(picture.astype(int) - again.astype(int)).max() <= 2


def test_a_genome_is_exported_from_its_picture(tmp_path: Path) -> None:
    genome = picbreeder.from_xml(COLOURS)
    (tmp_path / "a.xml").write_text(COLOURS)
    render(tmp_path / "a.xml", size=32, output=tmp_path / "a.png")
    for name in ("b.xml", "b.json"):
        export(tmp_path / "a.png", output=tmp_path / name)
        assert files.load(tmp_path / name) == genome
    with pytest.raises(ValueError, match="sine has no genome"):
        export("1", to="genome", style="sine")


def test_only_genomes_have_a_convention() -> None:
    with pytest.raises(ValueError, match="only genomes have one"):
        render("1", size=16, convention="endpoints")
    with pytest.raises(ValueError, match="unknown convention 'corners'"):
        render(with_genome(new_recipe(), palette_genome()), size=16, convention="corners")


def test_a_page_with_other_seeds_shows_those_and_not_the_genome_again(tmp_path: Path) -> None:
    files.save(tmp_path / "g.json", palette_genome())
    page = export(tmp_path / "g.json", to="html", seeds="1")
    alone = export(tmp_path / "g.json", to="html")
    assert isinstance(page, str)
    assert isinstance(alone, str)
    assert len(page) > len(alone) + 5000


def test_colours_of_the_program_are_those_of_the_formulas() -> None:
    genome = picbreeder.from_xml(COLOURS)
    field = prepare(with_genome(new_recipe(), genome)).picture.field
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 400))
    out = numpy_backend.evaluate(field, {"x": x, "y": y})
    table = dict(zip(field.output_names, out.T, strict=True))
    rgb = np.stack([table[name] for name in ("red", "green", "blue")], -1)
    assert np.abs(rgb - picbreeder.colours(genome, x, y)).max() < 1e-5
