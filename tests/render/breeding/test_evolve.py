"""Evolution by itself: it gets somewhere, goes on where it stopped, and says what went wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import cppnart
from cppnart.cppn.genomes.files import save
from cppnart.cppn.genomes.grow import grown
from cppnart.cppn.seeds import Stream
from cppnart.render.breeding.evolve import Evolved, evolve
from cppnart.render.breeding.features import features
from cppnart.render.breeding.objectives import Function, Novelty, Towards, palette_towards
from cppnart.render.prepare import prepare
from cppnart.render.recipe import Recipe, genome_of, recipe_text

SMALL: dict[str, Any] = {"population": 16, "size": 32, "threads": 1}


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """A picture that a network of a few nodes can draw."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    value = np.exp(-(((np.hypot(x, y) - 0.6) / 0.25) ** 2))
    colours = np.array([20, 40, 80]) + value[..., None] * np.array([220, 160, 60])
    path = tmp_path / "ring.png"
    Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8)).save(path)
    return path


# --- What for ---


def test_likeness_is_one_for_the_same_and_nothing_for_a_flat_tone() -> None:
    random = np.random.default_rng(1)
    picture = np.kron(random.integers(0, 256, (8, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    goal = Towards(picture)
    flat = np.full_like(picture, picture.mean((0, 1)).astype(np.uint8))
    near = np.clip(picture.astype(int) + random.integers(-9, 10, picture.shape), 0, 255)
    same, close, none = goal([picture, near.astype(np.uint8), flat])
    assert same == pytest.approx(1.0)
    assert 0.8 < close < 1.0
    assert abs(none) < 0.1
    assert goal([255 - picture])[0] < none


def test_the_palette_of_a_picture_goes_from_its_darkest_to_its_lightest(ring: Path) -> None:
    pixels = np.asarray(Image.open(ring))
    lightness = palette_towards(pixels).table(64)[:, 0]
    assert np.diff(lightness).min() > -0.02
    assert lightness[-1] - lightness[0] > 0.2


def test_a_function_is_called_with_pixels_and_must_give_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "objective_of_this_test.py").write_text(
        "def red(pixels):\n    return pixels[..., 0].mean()\n"
        "def text(pixels):\n    return 'much'\n"
        "three = 3\n"
    )
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[..., 0] = 7
    assert Function("objective_of_this_test:red")([picture]).tolist() == [7.0]
    with pytest.raises(ValueError, match="gave 'much': expected a finite number"):
        Function("objective_of_this_test:text")([picture])
    for name, named in (
        ("red", "expected module:callable"),
        ("no_such_module_here:red", "No module named"),
        ("objective_of_this_test:blue", "blue"),
        ("objective_of_this_test:three", "no function"),
    ):
        with pytest.raises(ValueError, match=named):
            Function(name)


def test_novelty_remembers_and_does_not_reward_what_is_dull() -> None:
    y, x = np.mgrid[0:64, 0:64] / 63.0
    turned = [np.sin(9 * (x * np.cos(a) + y * np.sin(a))) for a in (0.0, 0.1, 0.2, 1.5)]
    pictures = [np.repeat((127 + 127 * t)[..., None], 3, 2).astype(np.uint8) for t in turned]
    goal = Novelty()
    first = goal(pictures)
    assert first.argmax() == 3
    assert len(goal.memory) == 4
    assert goal(pictures)[3] < first[3]
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert Novelty()([*pictures, noise]).argmin() == 4


# --- The course ---


def test_evolution_comes_closer_to_a_picture(ring: Path) -> None:
    scores = []

    def fitness(generations: int) -> float:
        made = evolve(
            towards=ring, generations=generations, output=ring.with_name("best.png"), **SMALL
        )
        assert isinstance(made, Evolved)
        return made.fitness

    scores = [fitness(1), fitness(12)]
    assert scores[1] > scores[0] + 0.05
    recipe = prepare(ring.with_name("best.png")).recipe
    assert genome_of(recipe) is not None
    assert recipe.parents
    assert recipe.size == "1024x1024"


def test_the_picture_that_was_kept_is_the_one_that_was_judged(ring: Path) -> None:
    made = evolve(towards=ring, generations=4, **SMALL)
    assert isinstance(made, Recipe)
    small = cppnart.render(made, size=32, samples=1)
    target = np.asarray(Image.open(ring).resize((32, 32), Image.Resampling.BOX))
    written = evolve(towards=ring, generations=4, output=ring.with_name("b.png"), **SMALL)
    assert isinstance(written, Evolved)
    assert Towards(target)([small])[0] == pytest.approx(written.fitness, abs=1e-4)


def test_a_target_keeps_its_shape(tmp_path: Path) -> None:
    random = np.random.default_rng(1).integers(0, 256, (40, 80, 3), dtype=np.uint8)
    Image.fromarray(random).save(tmp_path / "wide.png")
    made = evolve(towards=tmp_path / "wide.png", generations=1, **SMALL)
    assert isinstance(made, Recipe)
    assert made.size == "1024x512"


def test_novelty_spreads_a_population_out(tmp_path: Path) -> None:
    evolve(novelty=True, generations=8, run=tmp_path / "run", **SMALL)
    text = (tmp_path / "run" / "stats.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["step"] for line in lines] == list(range(9))
    assert all(np.isfinite(line["best"]) for line in lines)


def test_a_run_that_is_gone_on_with_ends_where_one_without_a_stop_does(tmp_path: Path) -> None:
    whole = evolve(novelty=True, generations=6, run=tmp_path / "whole", **SMALL)
    evolve(novelty=True, generations=3, run=tmp_path / "parts", **SMALL)
    parts = evolve(novelty=True, generations=6, run=tmp_path / "parts", resume=True, **SMALL)
    assert isinstance(whole, Recipe)
    assert isinstance(parts, Recipe)
    assert recipe_text(parts) == recipe_text(whole)
    stats = [(tmp_path / name / "stats.jsonl").read_text() for name in ("whole", "parts")]
    assert stats[0] == stats[1]


def test_a_film_shows_every_generation(tmp_path: Path) -> None:
    from cppnart.fields.pictures import open_image

    made = evolve(
        novelty=True, generations=3, film=tmp_path / "f.gif", output=tmp_path / "b.png", **SMALL
    )
    assert isinstance(made, Evolved)
    assert made.film == str(tmp_path / "f.gif")
    with Image.open(tmp_path / "f.gif") as film:
        assert film.n_frames >= 4
    assert open_image(tmp_path / "f.gif").width % 2 == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.png", "f.gif"]


def test_evolution_can_begin_with_genomes_and_keeps_to_their_outputs(tmp_path: Path) -> None:
    genome = grown(Stream(1), outputs="ink", nodes=2)
    save(tmp_path / "g.json", genome)
    made = evolve(tmp_path / "g.json", novelty=True, generations=1, **SMALL)
    assert isinstance(made, Recipe)
    found = genome_of(made)
    assert found is not None
    assert found.kind == "ink"


def test_the_same_seed_gives_the_same_and_threads_change_nothing() -> None:
    texts = []
    for seed, threads in ((1, 1), (1, 3), (2, 1)):
        made = evolve(novelty=True, generations=2, seed=seed, **{**SMALL, "threads": threads})
        assert isinstance(made, Recipe)
        texts.append(recipe_text(made))
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "expected one of towards, novelty and objective"),
        ({"novelty": True, "objective": "a:b"}, "expected one of"),
        ({"novelty": True, "population": 2}, "population 2"),
        ({"novelty": True, "generations": 0}, "generations 0"),
        ({"novelty": True, "size": 8}, "size 8"),
        ({"novelty": True, "resume": True}, "resume: give the folder"),
        ({"novelty": True, "outputs": "sound"}, "'sound'"),
        ({"novelty": True, "strength": 3.0}, "strength 3.0"),
        ({"novelty": True, "threads": 0}, "threads 0"),
        ({"towards": "none.png"}, "none.png"),
        ({"novelty": True, "output": "best.txt"}, "best.txt"),
        ({"novelty": True, "output": "no/such/folder/best.png"}, "folder does not exist"),
        ({"novelty": True, "film": "film.txt"}, "film.txt"),
    ],
)
def test_mistakes_are_named(given: dict[str, Any], named: str) -> None:
    with pytest.raises((ValueError, OSError)) as caught:
        evolve(**given)
    assert named in str(caught.value)


def test_a_parent_without_a_genome_is_refused() -> None:
    with pytest.raises(ValueError, match="marble has no genome"):
        evolve("42", novelty=True)


def test_a_run_is_not_begun_twice_and_not_with_other_settings(tmp_path: Path) -> None:
    run = tmp_path / "run"
    evolve(novelty=True, generations=1, run=run, **SMALL)
    with pytest.raises(ValueError, match="has 1 generations: say resume"):
        evolve(novelty=True, generations=1, run=run, **SMALL)
    with pytest.raises(ValueError, match="seed"):
        evolve(novelty=True, generations=1, run=run, resume=True, seed=7, **SMALL)


def test_features_of_pictures_tell_generations_apart() -> None:
    made = [evolve(novelty=True, generations=1, seed=n, **SMALL) for n in (1, 2)]
    pictures = [cppnart.render(m, size=48) for m in made if isinstance(m, Recipe)]
    assert np.linalg.norm(features(pictures[0]) - features(pictures[1])) > 0.1
