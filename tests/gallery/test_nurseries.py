"""Breeding by rounds: choosing, going back, beginning again, keeping; lineages."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import cppnart
from cppnart.cppn.genomes.files import from_dict, to_json
from cppnart.cppn.genomes.grow import grown
from cppnart.cppn.seeds import Stream
from cppnart.fields import files
from cppnart.fields.program import Builder
from cppnart.render.breeding.children import children, parent_of
from cppnart.render.recipe import new_recipe, with_genome

from .live import got, refused, served

Nursery = dict[str, Any]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(tmp_path_factory.mktemp("gallery")) as client:
        yield client


def begin(client: httpx.Client, start: dict[str, Any] | None = None, **more: Any) -> Nursery:
    asked = {"start": start or {"nothing": True}, "count": 4, **more}
    nursery: Nursery = got(client.post("/api/nurseries", json=asked))
    return nursery


def go(client: httpx.Client, nursery: Nursery, step: str, **body: Any) -> Nursery:
    found: Nursery = got(client.post(f"/api/nurseries/{nursery['id']}/{step}", json=body))
    return found


def keep(client: httpx.Client, nursery: Nursery, index: int, **more: Any) -> dict[str, Any]:
    answer = client.post(f"/api/nurseries/{nursery['id']}/keep", json={"index": index, **more})
    work: dict[str, Any] = got(answer)
    return work


def keys(nursery: Nursery) -> list[str]:
    return [child["key"] for child in nursery["children"]]


def recipe(client: httpx.Client, work: str) -> dict[str, Any]:
    found: dict[str, Any] = got(client.get(f"/api/works/{work}"))["recipe"]
    return found


# --- Rounds ---


def test_a_nursery_begins_with_nothing(gallery: httpx.Client) -> None:
    nursery = begin(gallery, count=12)
    assert len(set(keys(nursery))) == 12
    assert (nursery["round"], nursery["generation"], nursery["can_undo"]) == (1, 1, False)
    assert nursery["parents"] == []


def test_the_next_round_has_the_chosen_as_parents(gallery: httpx.Client) -> None:
    first = begin(gallery)
    second = go(gallery, first, "next", chosen=[2, 0])
    assert [parent["key"] for parent in second["parents"]] == [keys(first)[2], keys(first)[0]]
    assert second["generation"] == 2
    assert not set(keys(first)) & set(keys(second))


def test_every_step_can_be_undone_again_and_again(gallery: httpx.Client) -> None:
    rounds = [begin(gallery)]
    for step in range(4):
        rounds.append(go(gallery, rounds[-1], "next", chosen=[step % 4]))
    for before in reversed(rounds[:-1]):
        assert go(gallery, before, "back") == before
    refused(gallery.post(f"/api/nurseries/{rounds[0]['id']}/back"), 409, "first")


def test_a_round_that_was_gone_back_from_never_comes_again_under_its_number(
    gallery: httpx.Client,
) -> None:
    first = begin(gallery)
    second = go(gallery, first, "next", chosen=[1])
    go(gallery, first, "back")
    third = go(gallery, first, "next", chosen=[1])
    assert (second["round"], third["round"]) == (2, 3)
    assert (second["generation"], third["generation"]) == (2, 2)
    assert keys(second) != keys(third)
    old = got(gallery.get(f"/api/nurseries/{first['id']}/2/shaders"))
    assert len(old) == 4


def test_again_gives_other_children_of_the_same_parents(gallery: httpx.Client) -> None:
    first = begin(gallery)
    second = go(gallery, first, "next", chosen=[3])
    other = go(gallery, second, "again", strength=0.9)
    assert other["parents"] == second["parents"]
    assert not set(keys(other)) & set(keys(second))
    assert other["strength"] == 0.9
    assert go(gallery, other, "back") == second


def test_children_can_be_chosen_from_an_earlier_round(gallery: httpx.Client) -> None:
    first = begin(gallery)
    go(gallery, first, "next", chosen=[0])
    other = go(gallery, first, "next", chosen=[1], round=1)
    assert [parent["key"] for parent in other["parents"]] == [keys(first)[1]]
    assert go(gallery, other, "back") == first


def test_a_nursery_survives_a_restart_to_the_same_children(tmp_path: Path) -> None:
    with served(tmp_path) as client:
        first = begin(client, {"seed": "7", "style": "neat"}, strength=0.7)
        second = go(client, first, "next", chosen=[0, 2])
        shaders = got(client.get(f"/api/nurseries/{second['id']}/{second['round']}/shaders"))
    with served(tmp_path) as client:
        assert got(client.get(f"/api/nurseries/{first['id']}")) == second
        again = got(client.get(f"/api/nurseries/{second['id']}/{second['round']}/shaders"))
        assert again == shaders
        assert go(client, second, "back") == first


def test_what_cannot_be_bred_moves_nothing(gallery: httpx.Client) -> None:
    first = begin(gallery)
    address = f"/api/nurseries/{first['id']}/next"
    refused(gallery.post(address, json={"chosen": [9]}), 404, "child 9")
    refused(gallery.post(address, json={"chosen": []}), 400, "chosen")
    refused(gallery.post(address, json={"chosen": [0], "strength": 1.5}), 400, "1.5")
    refused(gallery.post(address, json={"chosen": [0], "activations": []}), 400, "activations")
    refused(gallery.post(address, json={"chosen": [0], "activations": ["sni"]}), 400, "sni")
    refused(gallery.post(address, json={"chosen": [0], "inputs": ["z"]}), 400, "'z'")
    refused(gallery.post(address, json={"chosen": [0], "colour": "red"}), 400, "red")
    refused(gallery.post(address, json={"chosen": [0], "count": 1000}), 400, "1000")
    assert got(gallery.get(f"/api/nurseries/{first['id']}")) == first


@pytest.mark.parametrize("start", [{}, {"nothing": False}, {"nothing": True, "seed": "4"}])
def test_a_nursery_begins_with_one_thing(gallery: httpx.Client, start: dict[str, Any]) -> None:
    refused(gallery.post("/api/nurseries", json={"start": start}), 400, "start")


def test_parents_that_do_not_cross_are_refused(gallery: httpx.Client) -> None:
    one = got(gallery.post("/api/works", json={"seed": "1", "style": "neat"}))["id"]
    other = got(gallery.post("/api/works", json={"seed": "1", "style": "sine"}))["id"]
    body = {"start": {"works": [one, other]}}
    refused(gallery.post("/api/nurseries", json=body), 400, "neat 1 and sine 1")
    body = {"start": {"works": [one, "0" * 16]}}
    refused(gallery.post("/api/nurseries", json=body), 404, "0" * 16)


def test_fields_can_be_parents(gallery: httpx.Client) -> None:
    b = Builder(x=1, y=1)
    hidden = b.affine(b["x"], np.array([[3.1], [-2.3]]), np.array([0.3, 0.7]), "sin")
    value = b.affine(hidden, np.array([[0.4, 0.3]]), np.array([0.45]))
    program = b.build(red=value, green=b["y"], blue=value)
    content = files.to_bytes(program, {"size": [48, 32], "made": "gan"})
    answer = gallery.post("/api/works", params={"name": "a.safetensors"}, content=content)
    nursery = begin(gallery, {"works": [got(answer)["id"]]})
    assert len(set(keys(nursery))) == 4
    assert {tuple(child["size"]) for child in nursery["children"]} == {(48, 32)}


def test_a_field_that_has_nothing_to_change_is_no_parent(gallery: httpx.Client) -> None:
    b = Builder(x=1, y=1)
    table = np.linspace(0, 1, 64, dtype=np.float32).reshape(64, 1)
    value = b.grid((b["x"], b["y"]), table, (8, 8))
    content = files.to_bytes(b.build(red=value, green=value, blue=value))
    answer = gallery.post("/api/works", params={"name": "a.safetensors"}, content=content)
    work = got(answer)
    assert not work["can"]["breed"]
    body = {"start": {"works": [work["id"]]}}
    refused(gallery.post("/api/nurseries", json=body), 400, work["id"])


# --- Settings ---


def genome(client: httpx.Client, nursery: Nursery, index: int) -> Any:
    return from_dict(recipe(client, keep(client, nursery, index)["id"])["genome"])


def test_only_the_allowed_activations_and_inputs_are_used(gallery: httpx.Client) -> None:
    allowed = {"activations": ["sin", "gaussian"], "inputs": ["d", "bias"]}
    nursery = begin(gallery, strength=1.0, **allowed)
    for _ in range(3):
        nursery = go(gallery, nursery, "next", chosen=[0])
    found = genome(gallery, nursery, 1)
    assert set(found.inputs) <= {"d", "bias"}
    assert {node.activation for node in found.nodes} <= {"sin", "gaussian", "identity"}


def pixels(client: httpx.Client, child: dict[str, Any]) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(client.get(f"{child['picture']}?size=64").content)) as picture:
        return np.asarray(picture).astype(int)


def colourful(client: httpx.Client, nursery: Nursery) -> bool:
    spread = [np.ptp(pixels(client, child), axis=-1).max() for child in nursery["children"]]
    return max(spread) > 24


@pytest.mark.parametrize("kind", ["ink", "hsb", "palette"])
def test_genomes_grow_from_nothing_in_ink_or_in_colours(gallery: httpx.Client, kind: str) -> None:
    nursery = begin(gallery, colour=kind)
    assert colourful(gallery, nursery) == (kind != "ink")
    assert genome(gallery, nursery, 0).kind == kind


def test_colours_can_be_changed_on_the_way(gallery: httpx.Client) -> None:
    nursery = begin(gallery, colour="hsb")
    grey = go(gallery, nursery, "next", chosen=[0], colour="ink")
    assert not colourful(gallery, grey)
    assert genome(gallery, grey, 0).kind == "ink"
    assert [parent["key"] for parent in grey["parents"]] == [keys(nursery)[0]]
    assert genome(gallery, go(gallery, grey, "again", colour="palette"), 0).kind == "palette"


def test_a_seed_can_be_bred_in_ink(gallery: httpx.Client) -> None:
    assert not colourful(gallery, begin(gallery, {"seed": "8", "style": "neat"}, colour="ink"))


# --- Children ---


def test_a_child_is_seen_as_a_shader_a_picture_and_a_drawing(gallery: httpx.Client) -> None:
    nursery = begin(gallery)
    child = nursery["children"][1]
    all_of_them = got(gallery.get(f"/api/nurseries/{nursery['id']}/1/shaders"))
    assert got(gallery.get(child["shader"])) == all_of_them[1]
    assert pixels(gallery, child).shape == (64, 64, 3)
    assert len(got(gallery.get(child["drawing"]))["nodes"]) == child["nodes"]
    refused(gallery.get(f"/api/nurseries/{nursery['id']}/1/4/shader"), 404, "child 4")
    refused(gallery.get(f"/api/nurseries/{nursery['id']}/2/0/shader"), 404, "round")


def test_a_child_that_is_kept_looks_as_it_did(gallery: httpx.Client, tmp_path: Path) -> None:
    nursery = begin(gallery, {"seed": "9", "style": "neat"})
    child = nursery["children"][2]
    shown = gallery.get(f"{child['picture']}?size=64").content
    work = keep(gallery, nursery, 2, title="The third", tags=["kept"])
    assert (work["title"], work["tags"], work["kept"]) == ("The third", ["kept"], True)
    assert gallery.get(f"/api/works/{work['id']}/picture.webp?size=64").content == shown
    path = tmp_path / "taken.png"
    path.write_bytes(gallery.get(f"/api/works/{work['id']}/picture.png?size=64").content)
    with Image.open(path) as taken:
        assert np.array_equal(np.asarray(taken), cppnart.render(path))
    now = got(gallery.get(f"/api/nurseries/{nursery['id']}"))
    assert [found["kept"] for found in now["children"]] == [None, None, work["id"], None]


def test_keeping_twice_is_keeping_once(gallery: httpx.Client) -> None:
    nursery = begin(gallery)
    assert keep(gallery, nursery, 0)["id"] == keep(gallery, nursery, 0, title="Other")["id"]
    assert keep(gallery, nursery, 0)["title"] == "Other"


# --- Lineages ---


def test_a_lineage_goes_back_over_what_was_never_kept(gallery: httpx.Client) -> None:
    first = begin(gallery, {"seed": "21", "style": "neat"})
    second = go(gallery, first, "next", chosen=[0])
    third = go(gallery, second, "next", chosen=[1, 2])
    work = keep(gallery, third, 3)
    tree = got(gallery.get(f"/api/works/{work['id']}/lineage"))
    nodes = {node["id"]: node for node in tree["nodes"]}
    assert tree["root"] == work["id"]
    assert nodes[work["id"]]["kept"]
    assert set(work["parents"]) <= {keys(second)[1], keys(second)[2]}
    for parent in work["parents"]:
        assert not nodes[parent]["kept"]
        assert nodes[parent]["parents"] == [keys(first)[0]]
    (seed,) = nodes[keys(first)[0]]["parents"]
    assert nodes[seed]["title"] == "neat 21"
    assert gallery.get(nodes[seed]["thumbnail"]).status_code == 200


def test_any_ancestor_can_be_branched_from_and_knows_its_descendants(
    gallery: httpx.Client,
) -> None:
    first = begin(gallery)
    second = go(gallery, first, "next", chosen=[0])
    kept = keep(gallery, second, 0)["id"]
    branch = begin(gallery, {"works": [keys(first)[0]]})
    other = keep(gallery, branch, 1)["id"]
    tree = got(gallery.get(f"/api/works/{keys(first)[0]}/lineage"))
    assert {kept, other} <= {node["id"] for node in tree["nodes"]}
    assert set(got(gallery.get(f"/api/works/{keys(first)[0]}"))["children"]) == {kept, other}


def test_a_picture_from_elsewhere_finds_its_parents(gallery: httpx.Client, tmp_path: Path) -> None:
    own = grown(Stream("a parent"))
    answer = gallery.post("/api/works?name=a.json", content=to_json(own).encode())
    parent = got(answer)["id"]
    (made,) = children([parent_of(with_genome(new_recipe(), own))], 1, seed="elsewhere")
    path = tmp_path / "child.png"
    cppnart.render(made, size=32, output=path)
    work = got(gallery.post("/api/works?name=child.png", content=path.read_bytes()))
    assert work["parents"] == [parent]
    assert got(gallery.get(f"/api/works/{parent}"))["children"] == [work["id"]]
